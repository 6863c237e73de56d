"""What the tests of compare share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchmux.compare.trial import Trial
from fetchmux.origin.launch import Origin
from tests.compare import strange


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strange strategies are installed."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setenv("PYTHONPATH", strange.install(site))


def trial(backend: str, url: str, requests: int = 20, warm_up: int = 3) -> Trial:
    return Trial(backend, 0, (url,), requests, warm_up, {"concurrency": 4, "keep_alive": False, "body": "digest"})
