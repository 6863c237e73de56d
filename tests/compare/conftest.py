"""What the tests of compare share."""

from __future__ import annotations

import http.server
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fetchmux.compare.cell import Cell, Setting
from fetchmux.compare.trial import Report, Trial
from fetchmux.origin.launch import Origin
from tests.compare import strange


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture
def changing_site() -> Iterator[str]:
    """A site that never sends the same page twice."""
    numbers = itertools.count()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"%d\n" % next(numbers)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strange strategies are installed."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setenv("PYTHONPATH", strange.install(site))


def trial(
    backend: str, url: str, requests: int = 20, warm_up: int = 3, limit: float = 60.0, server: int | None = None
) -> Trial:
    options = {"concurrency": 4, "keep_alive": False, "body": "digest"}
    return Trial(backend, 0, (url,), requests, warm_up, options, limit, server)


def setting(**fields: Any) -> Setting:
    """The setting of a small cell."""
    usual: dict[str, Any] = {
        "backends": ("epoll", "threads"), "requests": 10, "concurrency": 1, "rounds": 1, "warm_up": 0, "urls": ("/é",),
        "embedded": True, "delay": 0.004, "size": 1024, "options": {"keep_alive": False, "timeout": 1.5}, "limit": 9.0,
    }  # fmt: skip
    return Setting(**{**usual, **fields})


def cell(reports: list[Report], scenario: str = "io", swept: dict[str, float] | None = None, **fields: Any) -> Cell:
    """A cell in which these were measured."""
    return Cell(scenario, swept or {}, setting(**fields), reports)
