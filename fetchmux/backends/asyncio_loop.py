"""Asyncio: one loop, and a coroutine for each slot of the window.

How it waits: each `await` ends at a future; the loop waits in epoll(7) for all sockets and, when one is ready, runs the
callback that fills the future, which wakes the task. One more connection costs a task, a coroutine's frame and a future
for each wait, all on the heap. Where it stops scaling: at the CPU of one core, most of it spent on the way from the
event to the coroutine, which is written in Python.
"""

from __future__ import annotations

import asyncio

from fetchmux.backends import Work, _asyncio
from fetchmux.settings import Options


def run(frontier: Work, options: Options) -> None:
    """Run the coroutines on the standard library's loop, whatever policy the program has set for others."""
    _asyncio.run(frontier, asyncio.SelectorEventLoop)
