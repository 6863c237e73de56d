"""Sequential: one request after another, each call blocks.

How it waits: inside connect, send and recv, with everything else standing still. One more connection costs nothing,
because there is only ever one. Where it stops scaling: at once. The run takes the sum of all waits.
"""

from __future__ import annotations

import time

from fetchmux.backends import Work
from fetchmux.backends._blocking import Connection
from fetchmux.settings import Options


def run(frontier: Work, options: Options) -> None:
    """Fetch everything, one at a time, whatever the window."""
    with Connection() as connection:
        exchange = None
        while not frontier.exhausted:
            exchange = exchange or frontier.take()
            # Asked each time, because each exchange is a wait too: before a wait, results go out.
            pause = frontier.timeout()
            if exchange is None:
                time.sleep(pause)
                continue
            connection.carry(exchange)
            exchange = frontier.settle(exchange)
            if exchange is None:
                connection.close()
