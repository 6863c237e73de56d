"""An origin for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fetchmux.origin.launch import Origin


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
    assert origin.complaints == ""
