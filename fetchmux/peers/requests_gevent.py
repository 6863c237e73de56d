"""requests under gevent's monkey patching: the code of requests-threads, not a line changed.

A thread is a greenlet here, and what blocked waits in gevent's hub. `prepare` has to come before anything that imports
socket, ssl or threading is loaded, so the process belongs to this peer alone.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fetchmux.backends import Work
    from fetchmux.settings import Options


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("requests") is None:
        return "requests is not installed: pip install 'fetchmux[peers]'"
    return None


def prepare() -> None:
    """Replace the blocking parts of the standard library, first thing in the process."""
    from gevent import monkey

    monkey.patch_all()


def run(frontier: Work, options: Options) -> None:
    """Run the code of threads; it does not know what its calls have become."""
    from gevent import monkey

    from fetchmux.backends._gevent_hub import unprinted_interrupts
    from fetchmux.peers import _crew

    if not monkey.is_module_patched("socket"):
        raise RuntimeError("prepare() has to be called before this peer runs")
    with unprinted_interrupts():
        _crew.work(frontier, options, options.concurrency)
