"""How this program starts processes of itself: command and environment of a fresh interpreter, and what it never hears.

Knows nothing of what they do.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module of this package.

    -P: a file select.py where the user happens to be is nobody's module.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(passed: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What is passed on, and where this very package is, also when it was found by a changed sys.path."""
    places = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**passed, "PYTHONPATH": os.pathsep.join(places)}


@contextlib.contextmanager
def never_asked() -> Iterator[None]:
    """What is started meanwhile never hears of SIGUSR1, not even while its interpreter loads.

    It asks what a run is doing, often all processes that bear the name at once, and one answers for all.
    """
    # Blocked, for that is inherited, and here at most late by a moment: nothing is lost as it would be if ignored.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
