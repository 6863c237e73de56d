"""Blocking calls that the kernel bounds: its limit is a coarse one, the deadline is what holds."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fetchmux.backends._blocking import Connection
from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.model import Result
from fetchmux.origin.launch import Origin
from fetchmux.session import Session
from fetchmux.settings import Options
from tests.sinks.kept import Kept

PLAIN = Recipe()
BLOCKING = ["sequential", "threads", "thread-pool"]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def outcome(backend: str, url: str, recipe: Recipe = PLAIN, **given: Any) -> Result:
    """The result of one request, tried once."""
    kept = Kept()
    Session(read_requests([url], recipe), Options(retries=0, **given), kept, backend=backend).run()
    (result,) = kept.results
    return result


@pytest.mark.parametrize("backend", BLOCKING)
def test_a_call_that_comes_back_too_early_is_made_again(backend: str, origin: Origin) -> None:
    # Connecting has set the kernel's limit to 0.1 s, which is kept: it is not much too short for 0.5 s.
    result = outcome(backend, origin.url("/bytes/100?delay=0.25"), connect_timeout=0.1, idle_timeout=0.5)
    assert (result.ok, result.error) == (True, None)
    assert result.timings.wait > 0.1


@pytest.mark.parametrize("backend", BLOCKING)
def test_a_deadline_that_moves_nearer_moves_the_kernels_limit(backend: str, origin: Origin) -> None:
    result = outcome(backend, origin.url("/bytes/100?delay=20"), connect_timeout=10.0, idle_timeout=0.1)
    assert result.error is not None
    assert (result.error.code, result.error.message) == ("timeout", "the peer was silent for 0.1 s")
    assert result.timings.total < 9


@pytest.mark.parametrize("backend", BLOCKING)
def test_a_connect_that_waits_is_bounded(backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as full:
        crowd = [socket.socket() for _ in range(8)]
        for sock in crowd:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        try:
            url = f"http://127.0.0.1:{full.getsockname()[1]}/"
            result = outcome(backend, url, connect_timeout=0.2)
        finally:
            for sock in crowd:
                sock.close()
    assert result.error is not None
    assert (result.error.code, result.error.message) == ("timeout", "no connection within 0.2 s")


@pytest.mark.parametrize("backend", BLOCKING)
def test_a_request_that_nobody_reads_is_bounded(backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        peers: list[socket.socket] = []
        thread = threading.Thread(target=lambda: peers.append(deaf.accept()[0]))
        thread.start()
        result = outcome(backend, url, Recipe("POST", body=bytes(16 << 20)), idle_timeout=0.2)
        thread.join()
        peers[0].close()
    assert result.error is not None
    assert (result.error.code, result.error.phase) == ("timeout", "send")


def test_a_limit_just_below_a_second_is_one_that_the_kernel_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fetchmux.backends._blocking.time.monotonic", lambda: 0.0)
    for remaining in (0.9999996, 1.0, 0.0000001, 1.9999999, 59.9999999):
        with socket.socket() as sock:
            Connection()._bound(sock, remaining)
