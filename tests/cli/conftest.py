"""Origins to talk to. A test that counts what waits in one starts its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fetchmux.backends import registry
from fetchmux.origin.launch import Origin

BACKENDS = [spec.name for spec in registry.BUILT_IN if registry.missing(spec) is None]


@pytest.fixture(scope="package")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
    assert origin.complaints == ""


@pytest.fixture
def own_origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
    assert origin.complaints == ""


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)
