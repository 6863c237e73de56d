"""Which strategies can run here. A test of one that cannot is skipped, and says why in the strategy's own words.

With FETCHMUX_REQUIRE_SYSTEM=1, as in continuous integration, a missing package is a failure; what the kernel denies is
not, because nobody can install it.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from fetchmux.backends import registry


def strategy(name: str) -> pytest.MarkDecorator:
    """Mark a test, or a class of them, that runs the strategy `name`."""
    reason = registry.missing(registry.find(name))
    if reason is not None and "pip install" in reason and os.environ.get("FETCHMUX_REQUIRE_SYSTEM") == "1":
        pytest.fail(f"{name}: {reason}, and FETCHMUX_REQUIRE_SYSTEM=1 demands it", pytrace=False)
    return pytest.mark.skipif(reason is not None, reason=f"{name}: {reason}")


def strategies(*names: str) -> list[Any]:
    """The strategies `names` as parameters of a test; without names, all that are built in."""
    return [pytest.param(name, marks=strategy(name)) for name in names or [spec.name for spec in registry.BUILT_IN]]
