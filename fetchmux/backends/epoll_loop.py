"""Epoll: one loop, woken by epoll(7).

How it waits: in one call for all sockets, which the kernel keeps on a list of its own. One more connection costs
kernel memory and nothing while it is silent: the call returns only what has happened. Where it stops scaling: at the
CPU of one core, or at the limit of open descriptors.
"""

from __future__ import annotations

import select

from fetchmux.backends import Work, _readiness
from fetchmux.backends._pollers import EpollPoller
from fetchmux.settings import Options


def missing() -> str | None:
    """Why this cannot run here."""
    if not hasattr(select, "epoll"):
        return "this system has no epoll, which is Linux's own: use select"
    return None


def run(frontier: Work, options: Options) -> None:
    """Run the loop on epoll."""
    _readiness.run(EpollPoller(), frontier)
