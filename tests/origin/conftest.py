"""Origins to talk to. Those that are shared keep nothing between tests; a test that counts starts its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fetchmux.origin.launch import Origin


@pytest.fixture(scope="package")
def good() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
    assert origin.complaints == ""


@pytest.fixture(scope="package")
def bad() -> Iterator[Origin]:
    with Origin("bad") as origin:
        yield origin
    assert origin.complaints == ""


@pytest.fixture
def own_good() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
    assert origin.complaints == ""


@pytest.fixture
def own_bad() -> Iterator[Origin]:
    with Origin("bad") as origin:
        yield origin
    assert origin.complaints == ""
