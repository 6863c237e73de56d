"""A tunnel until it is open, and afterwards, with a clock that the test moves and a proxy that it plays."""

from __future__ import annotations

import errno
import ssl

import pytest

from fetchmux.errors import LOST, SCARCITY, Code, FetchError, Phase
from fetchmux.exchange import Exchange
from fetchmux.frontier import outcome
from fetchmux.policy.proxies import Proxy, read_proxy
from fetchmux.settings import Options
from fetchmux.tunnel import Tunnel, missing, through
from tests.frontier.world import KEEPING, Clock, address_of
from tests.tunnel.carrying import AGENT, NOWHERE, begin, complaint, failure, seal, speak

OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
LIMITS = Options(connect_timeout=10.0, idle_timeout=30.0, timeout=60.0)
HTTP = Proxy("http", ("proxy", 3128))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def plain(clock: Clock) -> Tunnel:
    """A tunnel by CONNECT with nothing but an exchange in it."""
    inner = begin("https://h/", clock=clock, options=LIMITS)
    return through(inner, HTTP, user_agent=AGENT)


def in_tls(clock: Clock) -> Tunnel:
    """A tunnel by CONNECT with TLS in it."""
    inner = seal(begin("https://h/", clock=clock, options=LIMITS), ssl.create_default_context())
    return through(inner, HTTP, user_agent=AGENT)


WRAPPED = pytest.mark.parametrize("wrap", [plain, in_tls])


# Which dialogue


def test_the_scheme_chooses_what_is_said_first(clock: Clock):
    target = address_of(("h", 443))[0]
    words = {}
    for scheme in ("http", "socks5", "socks5h"):
        for url in ("http://h/", "https://h/"):
            inner = begin(url, clock=clock, outgoing=b"GET http://h/ HTTP/1.0\r\n\r\n")
            tunnel = through(inner, read_proxy(f"{scheme}://p", "x"), user_agent=AGENT, target=target)
            words[scheme, url[:5]] = bytes(tunnel.outgoing[:4])
            assert tunnel.core is inner
            assert tunnel.inner is inner
    assert words.pop(("http", "http:")) == b"GET "
    assert words.pop(("http", "https")) == b"CONN"
    assert set(words.values()) == {b"\x05\x01\x00"}


def test_socks5_without_an_address_is_a_mistake_of_the_caller(clock: Clock):
    with pytest.raises(ValueError, match="address"):
        through(begin("http://h/", clock=clock), Proxy("socks5", ("p", 1080)), user_agent=AGENT)


def test_a_proxy_that_cannot_be_spoken_to_is_known_beforehand(monkeypatch: pytest.MonkeyPatch):
    socks = Proxy("socks5h", ("p", 1080), (b"user", b"secret"))
    assert missing(socks) is None
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert missing(HTTP) is None
    assert missing(socks) == "a socks5h:// proxy needs the package socksio: pip install 'fetchmux[socks]'"


# Phases and times


@WRAPPED
def test_digging_belongs_to_connecting(clock: Clock, wrap):
    tunnel = wrap(clock)
    core = tunnel.core
    assert tunnel.address == NOWHERE
    clock.move(1)
    tunnel.connected()
    assert core.phase is Phase.CONNECT
    clock.move(1)
    speak(tunnel)
    assert not tunnel.outgoing
    assert core.phase is Phase.CONNECT
    assert tunnel.deadline == 1_010
    clock.move(1)
    tunnel.feed(OPEN)
    assert core.phase is (Phase.SEND if wrap is plain else Phase.TLS)
    assert core.connected_at == 1_003
    assert tunnel.outgoing == tunnel.inner.outgoing
    assert tunnel.outgoing


def test_after_digging_the_deadline_of_silence_holds_and_with_tls_still_that_of_connecting(clock: Clock):
    for wrap, deadline in ((plain, 1_004 + 30), (in_tls, 1_010)):
        clock.now = 1_000
        tunnel = wrap(clock)
        clock.move(4)
        tunnel.connected()
        speak(tunnel)
        tunnel.feed(OPEN)
        assert tunnel.deadline == deadline


@WRAPPED
def test_the_times_of_a_record_count_digging_as_connecting(clock: Clock, wrap):
    tunnel = wrap(clock)
    clock.move(1)
    tunnel.connected()
    clock.move(2)
    speak(tunnel)
    clock.move(3)
    tunnel.feed(OPEN)
    clock.move(2)
    tunnel.fail(TimeoutError())
    times = outcome.of_exchange(tunnel.core, "x").timings
    assert times.connect == 6
    assert times.total == 8
    assert (times.tls, times.send) == ((0, 2) if wrap is plain else (2, 0))


@WRAPPED
@pytest.mark.parametrize("step", ["begun", "connected", "asked", "half"])
def test_time_that_runs_out_while_digging_is_a_timeout_of_connecting(clock: Clock, wrap, step: str):
    tunnel = dig_to(step, wrap(clock))
    clock.move(10)
    tunnel.fail(TimeoutError())
    assert failure(tunnel) == (Code.TIMEOUT, Phase.CONNECT)
    assert str(complaint(tunnel)) == "no connection within 10 s"


def dig_to(step: str, tunnel: Tunnel) -> Tunnel:
    if step != "begun":
        tunnel.connected()
    if step in ("asked", "half"):
        speak(tunnel)
    if step == "half":
        tunnel.feed(OPEN[:20])
    return tunnel


# Whose fault


@WRAPPED
def test_a_proxy_that_cannot_be_reached_is_named(clock: Clock, wrap):
    tunnel = wrap(clock)
    tunnel.fail(OSError(errno.ECONNREFUSED, "x"))
    assert failure(tunnel) == (Code.PROXY_FAILED, Phase.CONNECT)
    assert str(complaint(tunnel)) == "the proxy cannot be reached: Connection refused"
    assert not tunnel.reached


@pytest.mark.parametrize("step", ["connected", "asked", "half"])
def test_a_connection_that_breaks_while_digging_is_the_proxys_fault(clock: Clock, step: str):
    tunnel = dig_to(step, plain(clock))
    tunnel.fail(OSError(errno.EHOSTUNREACH, "x"))
    assert failure(tunnel) == (Code.PROXY_FAILED, Phase.CONNECT)
    assert str(complaint(tunnel)) == "the connection to the proxy broke: No route to host"
    assert tunnel.reached


@pytest.mark.parametrize("step", ["begun", "asked", "half"])
@pytest.mark.parametrize("number", [0, *sorted(LOST)])
def test_a_proxy_that_hangs_up_is_told_in_the_same_words_however_that_is_noticed(clock: Clock, step: str, number: int):
    tunnel = dig_to(step, plain(clock))
    if number:
        tunnel.fail(OSError(number, "x"))
    else:
        tunnel.feed(b"")
    assert failure(tunnel) == (Code.PROXY_FAILED, Phase.CONNECT)
    assert str(complaint(tunnel)) == "the proxy closed the connection before it had opened the way"


def test_a_proxy_that_hangs_up_on_the_question_may_have_said_why(clock: Clock):
    tunnel = dig_to("connected", plain(clock))
    tunnel.fail(BrokenPipeError(errno.EPIPE, "x"))
    assert not tunnel.done
    assert not tunnel.outgoing
    tunnel.feed(b"HTTP/1.0 403 Access denied\r\n\r\n")
    assert str(complaint(tunnel)) == "the proxy does not allow this target: 403 Access denied"


def test_and_when_it_has_not_it_has_just_hung_up(clock: Clock):
    tunnel = dig_to("connected", plain(clock))
    tunnel.fail(BrokenPipeError(errno.EPIPE, "x"))
    tunnel.fail(ConnectionResetError(errno.ECONNRESET, "x"))
    assert failure(tunnel) == (Code.PROXY_FAILED, Phase.CONNECT)


@pytest.mark.parametrize("number", sorted(SCARCITY))
def test_want_of_descriptors_is_not_the_proxys_fault(clock: Clock, number: int):
    tunnel = plain(clock)
    tunnel.fail(OSError(number, "x"))
    assert tunnel.core.scarce
    assert failure(tunnel) == (Code.CONNECT_FAILED, Phase.CONNECT)


def test_a_timeout_of_the_system_stays_one(clock: Clock):
    tunnel = plain(clock)
    tunnel.fail(TimeoutError(errno.ETIMEDOUT, "x"))
    assert failure(tunnel) == (Code.TIMEOUT, Phase.CONNECT)


def test_a_bug_of_a_strategy_is_internal(clock: Clock):
    tunnel = dig_to("asked", plain(clock))
    tunnel.fail(RuntimeError("oops"))
    assert failure(tunnel) == (Code.INTERNAL, Phase.CONNECT)


def test_behind_an_open_tunnel_tls_fails_for_itself(clock: Clock):
    tunnel = dig_to("asked", in_tls(clock))
    tunnel.feed(OPEN)
    speak(tunnel)
    tunnel.feed(b"this is no TLS, whatever it is")
    assert failure(tunnel) == (Code.TLS_FAILED, Phase.TLS)


def test_behind_an_open_tunnel_an_end_in_the_handshake_is_the_servers(clock: Clock):
    tunnel = dig_to("asked", in_tls(clock))
    tunnel.feed(OPEN)
    speak(tunnel)
    tunnel.feed(b"")
    assert failure(tunnel) == (Code.TLS_FAILED, Phase.TLS)


@pytest.mark.parametrize("number", sorted(LOST))
def test_behind_an_open_tunnel_a_lost_connection_is_one(clock: Clock, number: int):
    tunnel = dig_to("asked", plain(clock))
    tunnel.feed(OPEN)
    speak(tunnel)
    tunnel.fail(OSError(number, "x"))
    assert failure(tunnel) == (Code.CONNECTION_LOST, Phase.HEAD)


# Cancelling


@WRAPPED
@pytest.mark.parametrize("step", ["begun", "connected", "asked", "half"])
@pytest.mark.parametrize("how", ["deadline", "reset", "end", "bytes", "frontier"])
def test_a_cancelled_tunnel_ends_as_such_whatever_the_strategy_sees(clock: Clock, wrap, step: str, how: str):
    tunnel, woken = dig_to(step, wrap(clock)), []
    tunnel.interrupt = lambda: woken.append(True)
    tunnel.cancel()
    assert woken == [True]
    assert tunnel.interrupt is tunnel.core.interrupt
    assert tunnel.deadline <= clock.now
    if how == "deadline":
        tunnel.fail(TimeoutError())
    elif how == "reset":
        tunnel.fail(OSError(errno.ECONNRESET, "x"))
    elif how == "end":
        tunnel.feed(b"")
    elif how == "bytes":
        tunnel.feed(OPEN)
    else:
        tunnel.fail(FetchError(Code.CANCELLED, "stop", Phase.INPUT))
    assert failure(tunnel) == (Code.CANCELLED, Phase.CONNECT)
    assert not tunnel.reusable


# Once it is open


def test_an_open_tunnel_is_not_noticed(clock: Clock):
    tunnel = dig_to("half", plain(clock))
    tunnel.feed(OPEN[20:])
    assert speak(tunnel).startswith(b"GET / HTTP/1.0\r\n")
    assert tunnel.core.phase is Phase.HEAD
    tunnel.feed(KEEPING)
    assert tunnel.done
    assert tunnel.core.error is None
    assert tunnel.reusable
    assert tunnel.core.collector.wire_size == len(KEEPING)


def test_what_follows_the_proxys_words_is_the_targets(clock: Clock):
    """A server that speaks first has answered before the request was sent: a reply, and no reason to go on with it."""
    tunnel = dig_to("asked", plain(clock))
    tunnel.feed(OPEN + KEEPING)
    assert tunnel.done
    assert tunnel.core.collector.wire_size == len(KEEPING)
    assert not tunnel.reusable


def test_a_large_request_goes_out_in_pieces(clock: Clock):
    data = bytes(range(256)) * 1_000
    tunnel = through(begin("https://h/", clock=clock, outgoing=data), HTTP, user_agent=AGENT)
    tunnel.connected()
    asked = b""
    while tunnel.outgoing and not asked.endswith(b"\r\n\r\n"):
        asked += tunnel.outgoing[:7]
        tunnel.sent(min(7, len(tunnel.outgoing)))
    assert asked.startswith(b"CONNECT h:443 HTTP/1.1\r\n")
    tunnel.feed(OPEN)
    seen = b""
    while tunnel.outgoing:
        seen += tunnel.outgoing[:10_000]
        tunnel.sent(min(10_000, len(tunnel.outgoing)))
    assert seen == data


# A request sent to the proxy itself


def test_a_forwarded_request_is_an_exchange_whose_proxy_may_be_out_of_reach(clock: Clock):
    def forward() -> tuple[Tunnel, Exchange]:
        inner = begin("http://h/", clock=clock, options=LIMITS)
        return through(inner, HTTP, user_agent=AGENT), inner

    tunnel, _ = forward()
    tunnel.fail(OSError(errno.ECONNREFUSED, "x"))
    assert failure(tunnel) == (Code.PROXY_FAILED, Phase.CONNECT)

    tunnel, inner = forward()
    assert tunnel.outgoing == inner.outgoing
    tunnel.connected()
    assert inner.connected_at
    speak(tunnel)
    tunnel.feed(KEEPING)
    assert tunnel.reusable

    tunnel, inner = forward()
    tunnel.connected()
    speak(tunnel)
    tunnel.feed(b"")
    assert failure(tunnel) == (Code.EMPTY_REPLY, Phase.HEAD)
