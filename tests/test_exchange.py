"""One attempt: what each report of a strategy makes of it, with a clock that the test moves."""

from __future__ import annotations

import errno
import os
import tracemalloc

import pytest

from fetchmux.errors import LOST, SCARCITY, Code, FetchError, Phase
from fetchmux.exchange import Exchange
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Job, Request
from fetchmux.settings import Options
from tests.frontier.world import CLOSING, KEEPING, Clock, address_of

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
LIMITS = Options(connect_timeout=10.0, idle_timeout=30.0, timeout=60.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begin(
    clock: Clock, outgoing: bytes = REQUEST, options: Options = LIMITS, *, reused: bool = False, method: str = "GET"
) -> Exchange:
    url = UrlReader().read("http://h/")
    job = Job(Request(0, "http://h/", url, method), url, clock())
    return Exchange(job, address_of(("h", 80))[0], outgoing, None, options, clock, reused=reused)


def at(phase: str, clock: Clock, options: Options = LIMITS) -> Exchange:
    """An exchange that has come to a phase."""
    exchange = begin(clock, options=options)
    if phase == "connect":
        return exchange
    if phase == "tls":
        exchange.shaking = True
    exchange.connected()
    if phase in ("head", "body"):
        exchange.sent(len(REQUEST))
    if phase == "body":
        exchange.feed(b"HTTP/1.0 200 OK\r\n\r\nhalf a page")
    return exchange


PHASES = pytest.mark.parametrize("phase", ["connect", "tls", "send", "head", "body"])


def failure(exchange: Exchange) -> tuple[str, str]:
    """Code and phase of an exchange that has failed."""
    assert exchange.done
    assert exchange.error is not None
    assert exchange.error.phase is not None
    return exchange.error.code, exchange.error.phase


# The course of things


def test_the_phases_follow_what_was_reported(clock: Clock):
    exchange = begin(clock)
    phases = [exchange.phase]
    exchange.connected()
    phases.append(exchange.phase)
    exchange.sent(len(REQUEST) - 1)
    phases.append(exchange.phase)
    exchange.sent(1)
    phases.append(exchange.phase)
    exchange.feed(CLOSING[:20])
    phases.append(exchange.phase)
    exchange.feed(CLOSING[20:-1])
    phases.append(exchange.phase)
    assert phases == [Phase.CONNECT, Phase.SEND, Phase.SEND, Phase.HEAD, Phase.HEAD, Phase.BODY]
    assert not exchange.done
    exchange.feed(CLOSING[-1:])
    assert exchange.done
    assert exchange.error is None


def test_a_handshake_is_a_phase_of_its_own(clock: Clock):
    exchange = at("tls", clock)
    phases = [exchange.phase]
    exchange.secured()
    assert [*phases, exchange.phase] == [Phase.TLS, Phase.SEND]


def test_each_step_is_stamped_once_and_when_it_happens(clock: Clock):
    exchange = begin(clock)
    clock.move(1)
    exchange.connected()
    clock.move(1)
    exchange.sent(3)
    clock.move(1)
    exchange.sent(len(REQUEST) - 3)
    clock.move(1)
    exchange.feed(CLOSING[:5])
    clock.move(1)
    exchange.feed(CLOSING[5:])
    stamps = [exchange.started_at, exchange.connected_at, exchange.sent_at, exchange.first_at, exchange.done_at]
    assert [stamp - 1_000 for stamp in stamps] == [0, 1, 3, 4, 5]


def test_an_exchange_on_a_reused_socket_begins_with_sending(clock: Clock):
    exchange = begin(clock, reused=True)
    assert exchange.phase is Phase.SEND
    assert exchange.connected_at == clock.now


def test_something_is_to_be_sent_before_the_connection_stands(clock: Clock):
    assert begin(clock).outgoing == REQUEST


# Sending


@pytest.mark.parametrize("size", [100, 64 * 1024 - 1, 64 * 1024, 300_000])
def test_a_request_goes_out_in_pieces_of_any_size_unchanged(clock: Clock, size: int):
    data = os.urandom(size)
    exchange = begin(clock, data)
    exchange.connected()
    seen, count = b"", 1
    while exchange.outgoing:
        seen += exchange.outgoing[:count]
        exchange.sent(min(count, len(exchange.outgoing)))
        count = count * 3 + 1
    assert seen == data
    assert exchange.phase is Phase.HEAD


def test_what_is_left_of_a_large_request_is_not_copied_for_each_piece(clock: Clock):
    """Pieces of 1 KiB of 8 MiB: copies of what is left would hold 8 MiB at a time."""
    exchange = begin(clock, bytes(8 << 20))
    exchange.connected()
    tracemalloc.start()
    try:
        for _ in range(8 * 1024 - 1):
            exchange.sent(1_024)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(exchange.outgoing) == 1_024
    assert peak < 100_000


# Deadlines


def test_connecting_has_a_limit_of_its_own(clock: Clock):
    exchange = begin(clock)
    assert exchange.deadline == clock.now + 10
    clock.move(10)
    exchange.fail(TimeoutError())
    assert failure(exchange) == (Code.TIMEOUT, Phase.CONNECT)
    assert str(exchange.error) == "no connection within 10 s"


def test_a_handshake_belongs_to_connecting(clock: Clock):
    exchange = begin(clock)
    exchange.shaking = True
    clock.move(9)
    exchange.connected()
    assert exchange.deadline == clock.now + 1
    exchange.sent(3)
    assert exchange.deadline == clock.now + 1
    exchange.fail(TimeoutError())
    assert failure(exchange) == (Code.TIMEOUT, Phase.TLS)
    assert str(exchange.error) == "no connection within 10 s"


@pytest.mark.parametrize("step", ["connected", "secured", "sent", "fed"])
def test_each_sign_of_life_moves_the_deadline_of_silence(clock: Clock, step: str):
    exchange = at("tls" if step == "secured" else "connect" if step == "connected" else "send", clock)
    clock.move(5)
    if step == "connected":
        exchange.connected()
    elif step == "secured":
        exchange.secured()
    elif step == "sent":
        exchange.sent(1)
    else:
        exchange.feed(b"H")
    assert exchange.deadline == clock.now + 30


@pytest.mark.parametrize("phase", ["send", "head", "body"])
def test_silence_has_a_limit(clock: Clock, phase: str):
    exchange = at(phase, clock)
    assert exchange.deadline == clock.now + 30
    exchange.fail(TimeoutError())
    assert failure(exchange) == (Code.TIMEOUT, phase)
    assert str(exchange.error) == "the peer was silent for 30 s"


def test_a_peer_that_drips_ends_with_the_attempt(clock: Clock):
    exchange = at("head", clock)
    end = clock.now + 60
    for byte in b"HTTP/1.0":
        clock.move(7)
        exchange.feed(bytes([byte]))
        assert exchange.deadline == min(end, clock.now + 30)
    assert exchange.deadline == end
    exchange.fail(TimeoutError())
    assert failure(exchange) == (Code.TIMEOUT, Phase.HEAD)
    assert str(exchange.error) == "no whole response within 60 s"


def test_an_attempt_shorter_than_its_other_limits_is_named_for_itself(clock: Clock):
    options = Options(connect_timeout=10, idle_timeout=30, timeout=2.5)
    for phase in ("connect", "tls", "send", "head", "body"):
        exchange = at(phase, clock, options)
        assert exchange.deadline == clock.now + 2.5
        exchange.fail(TimeoutError())
        assert failure(exchange) == (Code.TIMEOUT, phase)
        assert str(exchange.error) == "no whole response within 2.5 s"


def test_a_reused_socket_has_the_deadline_of_silence_at_once(clock: Clock):
    exchange = begin(clock, reused=True)
    assert exchange.deadline == clock.now + 30
    exchange.fail(TimeoutError())
    assert failure(exchange) == (Code.TIMEOUT, Phase.SEND)
    assert str(exchange.error) == "the peer was silent for 30 s"


def test_a_timeout_of_the_system_keeps_the_systems_words(clock: Clock):
    exchange = begin(clock)
    exchange.fail(TimeoutError(errno.ETIMEDOUT, "whatever"))
    assert failure(exchange) == (Code.TIMEOUT, Phase.CONNECT)
    assert str(exchange.error) == os.strerror(errno.ETIMEDOUT)


# Ends


@PHASES
def test_an_error_of_the_system_carries_the_phase(clock: Clock, phase: str):
    exchange = at(phase, clock)
    exchange.fail(OSError(errno.EHOSTUNREACH, "x"))
    expected = Code.CONNECT_FAILED if phase == "connect" else Code.CONNECTION_LOST
    assert failure(exchange) == (expected, phase)


def test_a_failure_is_stamped(clock: Clock):
    exchange = begin(clock)
    clock.move(3)
    exchange.fail(OSError(errno.ECONNREFUSED, "x"))
    assert failure(exchange) == (Code.CONNECT_REFUSED, Phase.CONNECT)
    assert exchange.done_at == clock.now


def test_a_bug_of_a_strategy_is_internal(clock: Clock):
    exchange = at("head", clock)
    exchange.fail(RuntimeError("oops"))
    assert failure(exchange) == (Code.INTERNAL, Phase.HEAD)


def test_a_reply_that_is_refused_ends_the_exchange(clock: Clock):
    exchange = at("head", clock)
    exchange.feed(b"nonsense")
    assert failure(exchange) == (Code.MALFORMED_HEAD, Phase.HEAD)


@pytest.mark.parametrize(("phase", "code"), [("head", Code.EMPTY_REPLY), ("body", None)])
def test_an_end_of_stream_means_what_the_phase_makes_of_it(clock: Clock, phase: str, code: Code | None):
    exchange = at(phase, clock)
    exchange.feed(b"")
    assert exchange.done
    assert (exchange.error and exchange.error.code) == code


@pytest.mark.parametrize("first", ["whole", "failed"])
def test_a_failure_after_the_end_changes_nothing(clock: Clock, first: str):
    exchange = at("head", clock)
    if first == "whole":
        exchange.feed(CLOSING)
    else:
        exchange.feed(b"nonsense")
    error, done_at = exchange.error, exchange.done_at
    clock.move(1)
    for late in (TimeoutError(), OSError(errno.ECONNRESET, "x"), RuntimeError()):
        exchange.fail(late)
    exchange.cancel()
    exchange.fail(TimeoutError())
    assert (exchange.error, exchange.done_at) == (error, done_at)


# A peer that hangs up while it is being sent to


@pytest.mark.parametrize("number", sorted(LOST), ids=lambda number: errno.errorcode[number])
def test_a_peer_that_hangs_up_while_sending_may_have_answered(clock: Clock, number: int):
    exchange = at("send", clock)
    exchange.sent(3)
    exchange.fail(OSError(number, "x"))
    assert not exchange.done
    assert not exchange.outgoing
    exchange.feed(b"HTTP/1.0 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    assert exchange.done
    assert exchange.error is None
    assert exchange.collector.head is not None
    assert exchange.collector.head.status == 413


def test_an_early_answer_to_the_end_of_the_stream_is_the_record(clock: Clock):
    exchange = at("send", clock)
    exchange.fail(BrokenPipeError(errno.EPIPE, "x"))
    exchange.feed(b"HTTP/1.0 413 Too Large\r\n\r\nno")
    exchange.feed(b"")
    assert exchange.done
    assert exchange.error is None


def test_an_early_answer_that_began_before_the_loss_is_read_to_its_end(clock: Clock):
    """A strategy that reads while it sends may have the head when sending fails."""
    exchange = at("send", clock)
    exchange.feed(b"HTTP/1.0 413 Too Large\r\nContent-Length: 2\r\n\r\nn")
    exchange.fail(BrokenPipeError(errno.EPIPE, "x"))
    assert not exchange.done
    exchange.feed(b"o")
    assert exchange.done
    assert exchange.error is None


@pytest.mark.parametrize("then", ["end", "reset", "silence", "unknown"])
def test_a_peer_that_hung_up_while_sending_and_did_not_answer_was_lost_there(clock: Clock, then: str):
    exchange = at("send", clock)
    exchange.fail(OSError(errno.EPIPE, "x"))
    assert not exchange.done
    if then == "end":
        exchange.feed(b"")
    else:
        second = {"reset": ConnectionResetError(errno.ECONNRESET, "y"), "silence": TimeoutError()}
        exchange.fail(second.get(then, OSError(errno.EIO, "z")))
    assert failure(exchange) == (Code.CONNECTION_LOST, Phase.SEND)
    assert str(exchange.error) == os.strerror(errno.EPIPE)


def test_half_an_early_answer_is_judged_by_itself(clock: Clock):
    exchange = at("send", clock)
    exchange.fail(OSError(errno.EPIPE, "x"))
    exchange.feed(b"HTTP/1.0 413 Too")
    exchange.feed(b"")
    assert failure(exchange) == (Code.CONNECTION_LOST, Phase.HEAD)


@pytest.mark.parametrize("phase", ["head", "body"])
def test_a_loss_after_sending_ends_at_once(clock: Clock, phase: str):
    exchange = at(phase, clock)
    exchange.fail(OSError(errno.ECONNRESET, "x"))
    assert failure(exchange) == (Code.CONNECTION_LOST, phase)


def test_a_loss_in_a_handshake_ends_at_once(clock: Clock):
    exchange = at("tls", clock)
    exchange.fail(OSError(errno.ECONNRESET, "x"))
    assert failure(exchange) == (Code.CONNECTION_LOST, Phase.TLS)


def test_an_answer_that_is_whole_before_the_request_is_ends_the_exchange(clock: Clock):
    exchange = at("send", clock)
    exchange.feed(KEEPING)
    assert exchange.done
    assert exchange.error is None
    # The rest of the request would be read as the next one.
    assert not exchange.reusable


# Scarcity


@pytest.mark.parametrize("number", sorted(SCARCITY), ids=lambda number: errno.errorcode[number])
def test_want_of_descriptors_is_told_apart(clock: Clock, number: int):
    exchange = begin(clock)
    exchange.fail(OSError(number, "words of the strategy"))
    assert exchange.scarce
    assert failure(exchange) == (Code.CONNECT_FAILED, Phase.CONNECT)
    assert str(exchange.error) == "words of the strategy"


def test_want_of_something_on_a_connection_that_stands_is_no_scarcity(clock: Clock):
    exchange = at("send", clock)
    exchange.fail(OSError(errno.ENOBUFS, "x"))
    assert not exchange.scarce
    assert failure(exchange) == (Code.CONNECTION_LOST, Phase.SEND)


# Cancelling


@PHASES
@pytest.mark.parametrize("how", ["deadline", "reset", "end", "bytes", "frontier"])
def test_a_cancelled_exchange_ends_as_such_whatever_the_strategy_sees(clock: Clock, phase: str, how: str):
    """A shutdown of our own looks like an end of the stream, which would make a success of half a page."""
    exchange = at(phase, clock)
    exchange.cancel()
    assert exchange.deadline <= clock.now
    if how == "deadline":
        exchange.fail(TimeoutError())
    elif how == "reset":
        exchange.fail(OSError(errno.ECONNRESET, "x"))
    elif how == "end":
        exchange.feed(b"")
    elif how == "bytes":
        exchange.feed(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
    else:
        exchange.fail(FetchError(Code.CANCELLED, "stop", Phase.INPUT))
    assert failure(exchange) == (Code.CANCELLED, phase)
    assert not exchange.reusable


def test_want_of_descriptors_after_cancelling_is_not_asked_about(clock: Clock):
    exchange = begin(clock)
    exchange.cancel()
    exchange.fail(OSError(errno.EMFILE, "x"))
    assert failure(exchange) == (Code.CANCELLED, Phase.CONNECT)
    assert not exchange.scarce


def test_no_step_brings_a_cancelled_exchange_back_to_life(clock: Clock):
    exchange = begin(clock)
    exchange.cancel()
    exchange.connected()
    exchange.sent(len(REQUEST))
    assert exchange.deadline <= clock.now


def test_cancelling_wakes_a_strategy_that_blocks(clock: Clock):
    exchange, woken = begin(clock), []
    exchange.interrupt = lambda: woken.append(exchange.cancelled)
    exchange.cancel()
    assert woken == [True]


# Another request on the same socket


@pytest.mark.parametrize(
    ("wire", "keep_alive", "reusable"),
    [
        (KEEPING, True, True),
        (KEEPING, False, False),
        (CLOSING, True, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nx", True, False),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", True, True),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nbody", True, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody", True, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", True, False),
    ],
)
def test_a_socket_is_reused_after_a_whole_reply_that_allows_it(
    clock: Clock, wire: bytes, keep_alive: bool, reusable: bool
):
    exchange = at("head", clock, Options(keep_alive=keep_alive))
    exchange.feed(wire)
    if not exchange.done:
        exchange.feed(b"")
    assert exchange.reusable is reusable


def test_a_reply_to_head_ends_with_its_head(clock: Clock):
    exchange = begin(clock, method="HEAD")
    exchange.connected()
    exchange.sent(len(REQUEST))
    exchange.feed(KEEPING[:-2])
    assert exchange.done
    assert exchange.reusable


@pytest.mark.parametrize("limit", ["max_body", "max_head"])
def test_the_limits_of_size_are_those_of_the_options(clock: Clock, limit: str):
    exchange = at("head", clock, Options(**{limit: 1}))  # type: ignore[arg-type]
    exchange.feed(CLOSING)
    expected = {"max_body": (Code.BODY_TOO_LARGE, Phase.BODY), "max_head": (Code.HEAD_TOO_LARGE, Phase.HEAD)}
    assert failure(exchange) == expected[limit]
