"""How this program starts processes of itself: the command and the environment of a fresh interpreter.

Knows nothing of what they do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
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
