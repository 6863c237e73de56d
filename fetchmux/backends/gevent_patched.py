"""Gevent, monkey patched: the threads strategy, not a line changed, in a process whose standard library was replaced.

How it waits: each blocking call becomes a switch to gevent's hub, which waits in libev (epoll on Linux) for all sockets
at once. A thread is a greenlet now: one more connection costs a small stack on the heap and no system thread. Where it
stops scaling: at the CPU of one core, most of it spent in the hub and in the patched socket's Python code.

`prepare` has to come before anything that imports socket, ssl or threading is loaded, and there is no way back, so the
process belongs to this strategy alone.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fetchmux.backends import Work
    from fetchmux.settings import Options


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("gevent") is None:
        return "gevent is not installed: pip install gevent"
    return None


def prepare() -> None:
    """Replace the blocking parts of the standard library, first thing in the process."""
    from gevent import monkey

    monkey.patch_all()


def run(frontier: Work, options: Options) -> None:
    """Run the blocking code; it does not know what its calls have become."""
    from gevent import monkey

    from fetchmux.backends import threads
    from fetchmux.backends._gevent_hub import unprinted_interrupts

    if not monkey.is_module_patched("socket"):
        raise RuntimeError("prepare() has to be called before this strategy runs")
    with unprinted_interrupts():
        threads.run(frontier, options)
