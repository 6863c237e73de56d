"""Programs of the system that some tests need. A test without its program is skipped, and says so.

With FETCHMUX_REQUIRE_SYSTEM=1, as in continuous integration, a missing program is a failure: nothing is skipped unseen.
"""

from __future__ import annotations

import os
import shutil

import pytest


def tool(name: str) -> pytest.MarkDecorator:
    """Mark a test, or by `pytestmark` a whole module, that needs the program `name`."""
    missing = shutil.which(name) is None
    if missing and os.environ.get("FETCHMUX_REQUIRE_SYSTEM") == "1":
        pytest.fail(f"{name} is not installed, and FETCHMUX_REQUIRE_SYSTEM=1 demands it", pytrace=False)
    return pytest.mark.skipif(missing, reason=f"{name} is not installed")
