"""Peers fetch what strategies fetch, and give their failures the same names as well as can be told."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme

from fetchmux.backends.peers import PEERS
from fetchmux.errors import Code
from fetchmux.model import Result
from fetchmux.origin.launch import Origin, refused_port
from fetchmux.rehearsal import Outcome, Rehearsal, Scene
from fetchmux.testing import ANSWERS, LIMITS
from tests.backends.available import strategy

OPTIONS = {name: value for name, value in LIMITS.items() if name != "max_body"}
# Odd replies that some of the libraries refuse or read otherwise, which is theirs to decide.
MATTERS_OF_TASTE = {"bare-lf", "fold", "informational", "no-content", "same-lengths", "trailing"}
FAILURES = {
    "empty": {Code.EMPTY_REPLY},
    "never": {Code.TIMEOUT},
    "stall-body": {Code.TIMEOUT},
    "short": {Code.TRUNCATED_BODY},
    "chunk-short": {Code.TRUNCATED_BODY},
    # With a reset, most cannot tell how far it had come.
    "reset": {Code.CONNECTION_LOST, Code.EMPTY_REPLY},
    "reset-body": {Code.CONNECTION_LOST, Code.TRUNCATED_BODY},
    "junk": {Code.MALFORMED_HEAD},
}


@pytest.fixture(scope="module")
def good() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="module")
def bad() -> Iterator[Origin]:
    with Origin("bad") as origin:
        yield origin


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[trustme.CA]:
    """An authority in the system's store, as those processes see it that start from now on."""
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("store") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield authority


class Page(http.server.BaseHTTPRequestHandler):
    """Leads from /start to anywhere else, where it shows the cookie that it has set on the way."""

    def do_GET(self) -> None:
        body = (self.headers["Cookie"] or "none").encode()
        self.send_response(303 if self.path == "/start" else 200)
        if self.path == "/start":
            self.send_header("Location", "/end")
            self.send_header("Set-Cookie", "way=long")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Who does not trust us hangs up: that is what a test is about."""


@contextmanager
def site(authority: trustme.CA | None = None) -> Iterator[str]:
    """A site, with a certificate of `authority` if there is one."""
    with Server(("127.0.0.1", 0), Page) as server:
        if authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield f"{'http' if authority is None else 'https'}://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def epoll() -> Iterator[Rehearsal]:
    with Rehearsal("epoll") as rehearsal:
        yield rehearsal


@pytest.fixture(scope="module", params=[pytest.param(spec.name, marks=strategy(spec.name)) for spec in PEERS])
def peer(request: pytest.FixtureRequest, trusted: trustme.CA) -> Iterator[Rehearsal]:
    with Rehearsal(request.param) as rehearsal:
        rehearsal.name = request.param  # type: ignore[attr-defined]
        yield rehearsal


def play(player: Rehearsal, urls: list[str], **scene: Any) -> list[Result]:
    outcome: Outcome = player.play(Scene(**{"urls": urls, "options": OPTIONS, **scene}))
    assert outcome.raised == ""
    return sorted(outcome.results, key=lambda result: result.index)


def fetched(results: list[Result]) -> list[tuple[int, int | None, str | None, int]]:
    return [(result.index, result.status, result.sha256, result.body_size) for result in results]


@pytest.mark.parametrize("keep_alive", [True, False])
def test_what_a_peer_fetches_is_what_a_strategy_fetches(
    keep_alive: bool, peer: Rehearsal, epoll: Rehearsal, good: Origin
):
    paths = [
        *(f"/bytes/{size}?seed={size}" for size in (0, 1, 1024, 300_000)),
        "/status/404",
        "/s?wd=%E5%A4%A9",
        "/a b",
    ]
    urls = [good.url(path) for path in paths * 5]
    options = {**OPTIONS, "keep_alive": keep_alive}
    results = play(peer, urls, options=options)
    assert fetched(results) == fetched(play(epoll, urls, options=options))
    assert all(result.ok and result.attempts == 1 for result in results)
    assert {result.remote_address for result in results} == {good.url("")[len("http://") :]}


def test_odd_replies_that_are_right_are_the_same_too(peer: Rehearsal, epoll: Rehearsal, bad: Origin):
    urls = [bad.url(f"/{name}") for name in ANSWERS if name not in MATTERS_OF_TASTE]
    # A server that closes without saying so races with whoever would use the connection again.
    options = {**OPTIONS, "retries": 3}
    assert fetched(play(peer, urls, options=options)) == fetched(play(epoll, urls, options=options))


def test_a_body_is_sent_whole(peer: Rehearsal, epoll: Rehearsal, good: Origin):
    urls = [good.url("/echo")] * 3
    assert fetched(play(peer, urls, post=200_000)) == fetched(play(epoll, urls, post=200_000))


def test_a_request_says_what_a_strategy_would_say_and_nothing_else(peer: Rehearsal, epoll: Rehearsal, good: Origin):
    def sent(player: Rehearsal) -> list[list[str]]:
        (result,) = play(player, [good.url("/headers")], options={**OPTIONS, "body": "keep"})
        assert result.body is not None
        return sorted(json.loads(result.body))

    assert sent(peer) == sent(epoll)


def test_failures_have_the_names_that_strategies_give_them(peer: Rehearsal, bad: Origin):
    with refused_port() as port:
        urls = [*(bad.url(f"/{name}") for name in FAILURES), f"http://127.0.0.1:{port}/", "http://no.such.invalid/"]
        results = play(peer, urls)
    codes = [*FAILURES.values(), {Code.CONNECT_REFUSED}, {Code.RESOLVE_FAILED}]
    for result, possible in zip(results, codes, strict=True):
        assert result.error is not None, result.input
        assert result.error.code in possible, (result.input, result.error)
        assert result.error.message.isprintable()


def test_whom_the_system_trusts_is_trusted_and_nobody_else(peer: Rehearsal, trusted: trustme.CA):
    with site(trusted) as known, site(trustme.CA()) as unknown:
        options = {**OPTIONS, "connect_timeout": 10.0, "timeout": 10.0, "idle_timeout": 10.0}
        welcome, refused = play(peer, [known, unknown], options=options)
    assert (welcome.status, welcome.error) == (200, None)
    assert refused.error is not None
    assert refused.error.code == Code.TLS_FAILED


def test_a_server_that_drips_does_not_hold_a_run(peer: Rehearsal, bad: Origin):
    for result in play(peer, [bad.url("/drip"), bad.url("/drip-head")]):
        assert result.error is not None
        assert result.error.code == Code.TIMEOUT


def test_cancelling_ends_what_never_would(peer: Rehearsal, bad: Origin):
    options = {**OPTIONS, "idle_timeout": 60.0, "timeout": 60.0, "concurrency": 4}
    results = play(peer, [bad.url("/never")] * 6, options=options, alarm=0.3)
    assert {result.error.code if result.error else None for result in results} == {Code.CANCELLED}


def test_redirects_and_their_cookies_are_the_frontiers(peer: Rehearsal):
    with site() as address:
        options = {**OPTIONS, "body": "keep"}
        stayed, _ = play(peer, [f"{address}/start", f"{address}/start"], options=options)
        (followed,) = play(peer, [f"{address}/start"], options={**options, "follow": True})
        (after,) = play(peer, [f"{address}/end"], options=options)
    assert (stayed.status, stayed.redirects) == (303, [])
    assert (followed.status, followed.final_url, followed.body) == (200, f"{address}/end", b"way=long")
    assert [hop.status for hop in followed.redirects] == [303]
    # And a peer keeps no cookie from one request to the next.
    assert after.body == b"none"


def test_retries_are_the_frontiers(peer: Rehearsal, bad: Origin):
    (result,) = play(peer, [bad.url("/status-503")], options={**OPTIONS, "retries": 1})
    assert (result.status, result.attempts) == (503, 2)


def test_connections_are_kept_within_the_window_and_closed_at_the_end(peer: Rehearsal, bad: Origin):
    urllib.request.urlopen(bad.url("/reset-counters")).close()
    before = peer.play(Scene(urls=[], options=OPTIONS))
    outcome = peer.play(Scene(urls=[bad.url("/keep")] * 40, options={**OPTIONS, "concurrency": 4}))
    with urllib.request.urlopen(bad.url("/count")) as answer:
        # The one who asks is counted, too.
        assert json.load(answer)["connections"] <= 5
    assert [result.ok for result in outcome.results] == [True] * 40
    if peer.name != "scrapy":  # type: ignore[attr-defined]
        # Scrapy's reactor closes them a moment later, and keeps its own sockets.
        assert (outcome.sockets, outcome.threads, outcome.children) == (before.sockets, before.threads, 0)
