"""Tunnels through proxies that others wrote, carried by the conversation that every strategy holds."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fetchmux.backends import epoll_loop, select_loop, sequential, threads
from fetchmux.errors import Code, Phase
from fetchmux.exchange import Carried, Exchange
from fetchmux.frontier import outcome
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Address
from fetchmux.origin.launch import Origin, refused_port
from fetchmux.policy.proxies import Proxy
from fetchmux.settings import Options
from fetchmux.tunnel import Tunnel, through
from tests import needs
from tests.tunnel.carrying import AGENT, begin, carry, complaint, failure, seal
from tests.tunnel.conftest import PASSWORD, USER

needs_tinyproxy = needs.tool("tinyproxy")
needs_microsocks = needs.tool("microsocks")
LOGIN = (USER.encode(), PASSWORD.encode())
TINY = (b"tiny", b"secret")
HOST = "127.0.0.1"


def local(port: int) -> Address:
    return Address(socket.AF_INET, (HOST, port))


def http(port: int, login: tuple[bytes, bytes] | None = TINY) -> Proxy:
    return Proxy("http", (HOST, port), login)


def behind(proxy: Proxy, url: str, context: ssl.SSLContext | None = None, **how: Any) -> Tunnel:
    """An exchange for a URL behind a proxy, in TLS with a context."""
    inner: Carried = begin(url, address=local(proxy.name[1]), **how)
    if context is not None:
        assert isinstance(inner, Exchange)
        inner = seal(inner, context)
    # Every target of these tests lives on this host, whatever its name.
    return through(inner, proxy, user_agent=AGENT, target=local(UrlReader().read(url).origin.name[1]))


def fetch(carried: Carried) -> tuple[int, bytes]:
    """Carry and close; status and body of what must have been answered."""
    carry(carried).close()
    return told(carried)


def told(carried: Carried) -> tuple[int, bytes]:
    result = outcome.of_exchange(carried.core, "none")
    assert result.error is None, result.error
    assert result.status is not None
    assert result.body is not None
    return result.status, result.body


def lose(carried: Carried) -> tuple[str, str]:
    """Carry and close; how it failed."""
    carry(carried).close()
    return failure(carried)


def proxies(request: pytest.FixtureRequest, scheme: str) -> Proxy:
    """A running proxy of a scheme."""
    if scheme == "http":
        return http(request.getfixturevalue("tinyproxy"))
    return Proxy("socks5h" if scheme == "socks5h" else "socks5", (HOST, request.getfixturevalue("microsocks")))


EACH = pytest.mark.parametrize(
    "scheme",
    [
        pytest.param("http", marks=needs_tinyproxy),
        pytest.param("socks5", marks=needs_microsocks),
        pytest.param("socks5h", marks=needs_microsocks),
    ],
)


# Through each


@EACH
def test_a_page_behind_tls_comes_through_a_tunnel(
    request: pytest.FixtureRequest, scheme: str, sealed: int, trusting: ssl.SSLContext
):
    tunnel = behind(proxies(request, scheme), f"https://localhost:{sealed}/", trusting)
    assert fetch(tunnel) == (200, b"hello")
    assert tunnel.reusable


@EACH
def test_a_page_without_tls_comes_through_a_tunnel(request: pytest.FixtureRequest, scheme: str, origin: Origin):
    host, port = origin.address
    tunnel = behind(proxies(request, scheme), f"https://{host}:{port}/?size=300000")
    status, body = fetch(tunnel)
    assert (status, len(body)) == (200, 300_000)


@EACH
def test_successors_on_the_socket_need_no_tunnel_of_their_own(
    request: pytest.FixtureRequest, scheme: str, sealed: int, trusting: ssl.SSLContext
):
    proxy, url = proxies(request, scheme), f"https://localhost:{sealed}/"
    tunnel = behind(proxy, url, trusting)
    before: Carried = tunnel.inner
    sock = carry(tunnel)
    for _ in range(2):
        assert before.reusable
        before = seal(begin(url, address=tunnel.address, reused=True), trusting, before)
        carry(before, sock)
        assert told(before) == (200, b"hello")
    sock.close()


@EACH
def test_a_certificate_that_is_not_trusted_is_no_fault_of_the_proxy(
    request: pytest.FixtureRequest, scheme: str, sealed: int
):
    tunnel = behind(proxies(request, scheme), f"https://localhost:{sealed}/", ssl.create_default_context())
    assert lose(tunnel) == (Code.TLS_FAILED, Phase.TLS)


@EACH
def test_a_target_that_refuses_is_told_from_a_proxy_that_does(request: pytest.FixtureRequest, scheme: str):
    proxy = proxies(request, scheme)
    with refused_port() as port:
        target = behind(proxy, f"https://{HOST}:{port}/")
        assert lose(target) == (Code.PROXY_FAILED, Phase.CONNECT)
        words = "did not connect to the target: 500" if scheme == "http" else "the target refused the proxy"
        assert words in complaint(target).message
        assert target.reached

        dead = behind(Proxy(proxy.scheme, (HOST, port)), "https://h/")
        assert lose(dead) == (Code.PROXY_FAILED, Phase.CONNECT)
        assert complaint(dead).message == "the proxy cannot be reached: Connection refused"
        assert not dead.reached


@needs_microsocks
@pytest.mark.parametrize("kind", ["web server", "TLS", "SOCKS proxy"])
def test_a_server_of_another_kind_is_no_http_proxy(microsocks: int, sealed: int, origin: Origin, kind: str):
    ports = {"web server": origin.address[1], "TLS": sealed, "SOCKS proxy": microsocks}
    assert lose(behind(http(ports[kind]), "https://h/")) == (Code.PROXY_FAILED, Phase.CONNECT)


# HTTP


@needs_tinyproxy
def test_a_plain_request_is_forwarded_in_absolute_form(tinyproxy: int, origin: Origin):
    proxy, url = http(tinyproxy), origin.url("/?size=10")
    fields = f"Host: {HOST}\r\nProxy-Authorization: {proxy.authorization}\r\n"
    tunnel = behind(proxy, url, outgoing=f"GET {url} HTTP/1.0\r\n{fields}\r\n".encode())
    status, body = fetch(tunnel)
    assert (status, len(body)) == (200, 10)


@needs_tinyproxy
def test_a_forwarded_request_is_answered_by_the_proxy_where_it_does_not_forward(tinyproxy: int, origin: Origin):
    url = origin.url("/")
    tunnel = behind(http(tinyproxy), url, outgoing=f"GET {url} HTTP/1.0\r\n\r\n".encode())
    assert fetch(tunnel)[0] == 407


@needs_tinyproxy
@pytest.mark.parametrize(
    ("login", "host", "words"),
    [
        (None, "localhost", "the proxy demands a user name and password: 407"),
        ((b"tiny", b"wrong"), "localhost", "the proxy does not accept the user name and password: "),
        (TINY, "forbidden.test", "the proxy does not allow this target: 403"),
    ],
)
def test_an_http_proxy_that_refuses_says_why(tinyproxy: int, login: tuple[bytes, bytes] | None, host: str, words: str):
    tunnel = behind(http(tinyproxy, login), f"https://{host}/")
    assert lose(tunnel) == (Code.PROXY_FAILED, Phase.CONNECT)
    assert complaint(tunnel).message.startswith(words)
    assert "wrong" not in complaint(tunnel).message


# SOCKS


@needs_microsocks
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_is_logged_in_to(guarded_microsocks: int, scheme: str, sealed: int, trusting: ssl.SSLContext):
    proxy = Proxy("socks5h" if scheme == "socks5h" else "socks5", (HOST, guarded_microsocks), LOGIN)
    assert fetch(behind(proxy, f"https://localhost:{sealed}/", trusting)) == (200, b"hello")


@needs_microsocks
@pytest.mark.parametrize(
    ("login", "words"),
    [
        (None, "the proxy demands a user name and password"),
        ((USER.encode(), b"wrong"), "the proxy does not accept the user name and password"),
    ],
)
def test_a_socks_proxy_that_refuses_says_why(guarded_microsocks: int, login: tuple[bytes, bytes] | None, words: str):
    tunnel = behind(Proxy("socks5h", (HOST, guarded_microsocks), login), "https://localhost/")
    assert lose(tunnel) == (Code.PROXY_FAILED, Phase.CONNECT)
    assert complaint(tunnel).message == words


@needs_microsocks
def test_socks5h_leaves_the_name_to_the_proxy_and_socks5_does_not(microsocks: int, origin: Origin):
    url = f"http://no-such-name.invalid:{origin.address[1]}/"
    assert fetch(behind(Proxy("socks5", (HOST, microsocks)), url))[0] == 200
    assert lose(behind(Proxy("socks5h", (HOST, microsocks)), url)) == (Code.PROXY_FAILED, Phase.CONNECT)


# Under strategies


class Row:
    """Exchanges one after another, as a strategy sees them."""

    def __init__(self, waiting: list[Tunnel]) -> None:
        self.done: list[Carried] = []
        self._waiting = list(waiting)
        self._open = len(waiting)
        self._lock = threading.Lock()

    def take(self) -> Carried | None:
        return self._waiting.pop() if self._waiting else None

    def settle(self, exchange: Carried) -> None:
        with self._lock:
            self.done.append(exchange)
            self._open -= 1

    def timeout(self) -> float:
        return 0.01

    @property
    def exhausted(self) -> bool:
        return not self._open


STRATEGIES = pytest.mark.parametrize(
    "run",
    [sequential.run, threads.run, select_loop.run, epoll_loop.run],
    ids=["sequential", "threads", "select", "epoll"],
)
Run = Callable[[Row, Options], None]


@STRATEGIES
@EACH
def test_no_strategy_notices_a_tunnel(
    request: pytest.FixtureRequest, scheme: str, run: Run, sealed: int, trusting: ssl.SSLContext
):
    proxy = proxies(request, scheme)
    row = Row([behind(proxy, f"https://localhost:{sealed}/{number}", trusting) for number in range(8)])
    run(row, Options())
    assert [told(carried) for carried in row.done] == [(200, b"hello")] * 8


@STRATEGIES
@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_silent_proxy_is_a_timeout_of_connecting(scheme: str, run: Run):
    with contextlib.closing(socket.create_server((HOST, 0))) as silent:
        proxy = Proxy("http" if scheme == "http" else "socks5h", (HOST, silent.getsockname()[1]))
        row = Row([behind(proxy, "https://h/", options=Options(connect_timeout=0.2))])
        run(row, Options())
    assert failure(row.done[0]) == (Code.TIMEOUT, Phase.CONNECT)
