"""Asyncio on uvloop: the coroutines of asyncio, not a line changed, on a loop written in C.

How it waits: libuv waits in epoll(7) for all sockets; futures and tasks are the standard library's, but the way from
the event to the future is compiled. One more connection costs what it costs asyncio and a libuv handle. Where it stops
scaling: at the CPU of one core, now spent more in coroutines than in the loop.
"""

from __future__ import annotations

import importlib.util

from fetchmux.backends import Work, _asyncio
from fetchmux.settings import Options


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("uvloop") is None:
        return "uvloop is not installed: pip install 'fetchmux[uvloop]'"
    return None


def run(frontier: Work, options: Options) -> None:
    """Run the coroutines on a loop of uvloop's."""
    import uvloop

    _asyncio.run(frontier, uvloop.new_event_loop)
