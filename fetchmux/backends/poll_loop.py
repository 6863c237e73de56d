"""Poll: one loop, woken by poll(2).

How it waits: in one call for all sockets, like select, but with a list instead of sets of bits. One more connection
costs an entry in that list, which is copied into the kernel and walked there at every call, ready or not. Where it
stops scaling: nowhere at once, and everywhere slowly: there is no highest descriptor, and a thousand silent
connections make each call as long as a thousand busy ones.
"""

from __future__ import annotations

import select

from fetchmux.backends import Work, _readiness
from fetchmux.backends._pollers import PollPoller
from fetchmux.settings import Options


def missing() -> str | None:
    """Why this cannot run here."""
    if not hasattr(select, "poll"):
        return "this system has no poll: use select"
    return None


def run(frontier: Work, options: Options) -> None:
    """Run the loop on poll."""
    _readiness.run(PollPoller(), frontier)
