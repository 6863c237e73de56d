"""requests, as most programs use it: one session, one request after another, each call blocks.

How it is used at its best: a session, so that connections are kept; a streamed reply that is read whole. It is at work
in a thread of its own, since a call can be given up from another thread only: one that a slow server holds, or Ctrl-C.
"""

from __future__ import annotations

from fetchmux.backends import Work
from fetchmux.peers import _crew, _requests
from fetchmux.settings import Options

missing = _requests.missing


def run(frontier: Work, options: Options) -> None:
    """Fetch everything, one at a time, whatever the window."""
    _crew.work(frontier, options, 1)
