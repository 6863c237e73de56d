"""What follows an attempt: another try later, another place, another address; and what the record tells of it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Exchange
from fetchmux.frontier.frontier import HASTE
from fetchmux.inputs.requests import Recipe
from fetchmux.model import Address, Result
from fetchmux.policy.retries import NAME_PAUSE
from fetchmux.settings import Name
from tests.frontier.world import CLOSING, World, page

BROKEN = b"HTTP/1.0 500 x\r\nContent-Length: 4\r\n\r\nbusy"


def status(number: int, *fields: str, keep: bool = False) -> bytes:
    """A reply with a short body of its own."""
    lines = [f"HTTP/1.0 {number} x", "Content-Length: 3", *(["Connection: keep-alive"] if keep else []), *fields]
    return "\r\n".join([*lines, "", "hop"]).encode()


def moved(location: str, number: int = 302, *fields: str, keep: bool = False) -> bytes:
    return status(number, f"Location: {location}", *fields, keep=keep)


def world(items: list[str | None], *, chance: float = 0.5, calendar: float = 0.0, **options: object) -> World:
    """A world with this luck and this date, in which redirects are followed."""
    made = World(items, **{"follow": True, **options})  # type: ignore[arg-type]
    made.frontier._sequels._chance = lambda: chance
    made.frontier._sequels._calendar = lambda: calendar
    return made


def again(run: World, seconds: float) -> Exchange:
    """The next attempt, which must begin after so many seconds and not before."""
    run.clock.move(seconds - 0.001)
    assert run.frontier.take() is None
    assert not run.frontier.exhausted
    run.clock.move(0.002)
    return run.take()


def alone(run: World) -> Result:
    """The only record of a run that is over."""
    assert run.finished
    run.check_one_record_each()
    (result,) = run.results
    return result


# Retries


def refuse(run: World, exchange: Exchange) -> None:
    exchange.fail(ConnectionRefusedError(errno.ECONNREFUSED, "x"))
    run.settle(exchange)


def time_out(run: World, exchange: Exchange) -> None:
    exchange.fail(TimeoutError())
    run.settle(exchange)


def cut(run: World, exchange: Exchange) -> None:
    run.answer(exchange, CLOSING[:-1])


def hang_up(run: World, exchange: Exchange) -> None:
    run.die(exchange)


def reset(run: World, exchange: Exchange) -> None:
    exchange.connected()
    exchange.fail(ConnectionResetError(errno.ECONNRESET, "x"))
    exchange.feed(b"")
    run.settle(exchange)


def busy(run: World, exchange: Exchange) -> None:
    run.answer(exchange, BROKEN)


TROUBLE = pytest.mark.parametrize("trouble", [refuse, time_out, cut, hang_up, reset, busy])
Trouble = Callable[[World, Exchange], None]


@TROUBLE
def test_what_may_pass_is_tried_again_and_the_record_counts(trouble: Trouble):
    run = world(["http://h/"], retries=2)
    trouble(run, run.take())
    assert run.results == []
    trouble(run, again(run, 0.25))
    run.answer(again(run, 0.5))
    result = alone(run)
    assert (result.ok, result.status, result.attempts, result.body) == (True, 200, 3, b"ok")


@TROUBLE
def test_the_last_of_many_failures_is_the_record(trouble: Trouble):
    run = world(["http://h/"], retries=1)
    trouble(run, run.take())
    trouble(run, again(run, 0.25))
    result = alone(run)
    assert result.attempts == 2
    assert (result.status == 500) if trouble is busy else (result.error is not None)


@TROUBLE
def test_without_retries_a_failure_is_the_record(trouble: Trouble):
    run = world(["http://h/"])
    trouble(run, run.take())
    assert alone(run).attempts == 1


@TROUBLE
def test_post_is_tried_again_only_when_asked(trouble: Trouble):
    recipe = Recipe(method="POST", body=b"x")
    run = world(["http://h/"], retries=2, recipe=recipe)
    trouble(run, run.take())
    assert alone(run).attempts == 1
    run = world(["http://h/"], retries=2, retry_all=True, recipe=recipe)
    trouble(run, run.take())
    exchange = again(run, 0.25)
    assert bytes(exchange.outgoing).endswith(b"\r\n\r\nx")
    run.answer(exchange)
    assert alone(run).attempts == 2


@pytest.mark.parametrize("wire", [b"nonsense", CLOSING.replace(b"2", b"x"), status(404), status(501), status(304)])
def test_what_will_not_pass_is_not_tried_again(wire: bytes):
    run = world(["http://h/"], retries=5)
    run.answer(run.take(), wire)
    assert alone(run).attempts == 1


def test_pauses_grow_exponentially_and_chance_spreads_them_between_nought_and_their_bound():
    for chance in (0.0, 0.3, 1.0):
        run = world(["http://h/"], retries=9, chance=chance)
        exchange = run.take()
        for bound in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0):
            run.answer(exchange, BROKEN)
            exchange = again(run, chance * bound) if chance else run.take()
        run.answer(exchange, BROKEN)
        assert alone(run).attempts == 10


def test_what_is_tried_again_goes_to_the_back():
    run = world(["http://h/0", "http://g/1", "http://g/2", "http://h/3"], retries=1, concurrency=1, chance=0.0)
    # Looking for a successor reads ahead, so that others are queued when the pause of none is over.
    last = run.keep(run.take())
    assert last is not None
    run.answer(last, BROKEN)
    order = [page(exchange := run.take()), run.answer(exchange), page(exchange := run.take()), run.answer(exchange)]
    assert order == ["http://g/1", None, "http://g/2", None]
    assert page(run.take()) == "http://h/3"


def test_a_pause_holds_up_no_other_input():
    run = world(["http://h/0", "http://h/1"], retries=1, concurrency=1)
    run.answer(run.take(), BROKEN)
    assert page(run.take()) == "http://h/1"


def test_the_server_may_say_how_long_the_pause_is():
    for number in (408, 429, 500, 502, 503, 504):
        run = world(["http://h/"], retries=1)
        run.answer(run.take(), status(number, "Retry-After: 7"))
        run.answer(again(run, 7.0))
        assert alone(run).attempts == 2


def test_the_server_may_say_it_as_a_date():
    run = world(["http://h/"], retries=1, calendar=784_111_777.0 - 20)
    run.answer(run.take(), status(503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"))
    run.answer(again(run, 20.0))
    assert alone(run).attempts == 2


@pytest.mark.parametrize("value", ["soon", "", "-3"])
def test_a_server_that_talks_nonsense_is_not_listened_to(value: str):
    run = world(["http://h/"], retries=1)
    run.answer(run.take(), status(503, f"Retry-After: {value}"))
    run.answer(again(run, 0.25))
    assert alone(run).ok


def test_no_attempt_begins_later_than_the_time_for_retries():
    run = world(["http://h/"], retries=9, retry_max_time=2.0, chance=1.0)
    run.answer(run.take(), BROKEN)
    run.answer(again(run, 0.5), BROKEN)
    run.answer(again(run, 1.0), BROKEN)
    result = alone(run)
    assert (result.attempts, result.status) == (3, 500)


@pytest.mark.parametrize(("asked", "attempts"), [(2, 2), (4, 1)])
def test_a_server_that_asks_for_more_than_there_is_has_given_the_answer(asked: int, attempts: int):
    run = world(["http://h/"], retries=1, retry_max_time=3.0)
    run.answer(run.take(), status(503, f"Retry-After: {asked}"))
    run.clock.move(asked + 0.1)
    if attempts == 2:
        run.answer(run.take())
    assert alone(run).attempts == attempts


@pytest.mark.parametrize("trouble", [BROKEN, None])
def test_an_attempt_that_had_to_wait_for_its_slot_until_the_time_for_retries_was_over_does_not_begin(
    trouble: bytes | None,
):
    """It ends as it stood: with its last failure, or with the status that no time was left after."""
    run = world(["http://h/0", "http://h/1"], retries=9, retry_max_time=2.0, concurrency=1)
    first = run.take()
    if trouble is None:
        refuse(run, first)
    else:
        run.answer(first, trouble)
    second = run.take()
    assert page(second) == "http://h/1"
    run.clock.move(2.5)
    run.answer(second)
    assert run.frontier.take() is None
    result = run.results[1]
    assert result.error is not None
    expected = (Code.TIMEOUT, Phase.HEAD) if trouble else (Code.CONNECT_REFUSED, Phase.CONNECT)
    assert ((result.error.code, result.error.phase), result.attempts) == (expected, 1)
    assert run.finished


def test_a_hop_is_no_attempt_that_could_begin_too_late():
    run = world(["http://h/"], retries=9, retry_max_time=2.0)
    run.answer(run.take(), BROKEN)
    second = again(run, 0.25)
    run.clock.move(5.0)
    run.answer(second, moved("/2"))
    run.answer(run.take())
    assert alone(run).ok


@pytest.mark.parametrize(("asked", "attempts"), [(600, 2), (601, 1), (999_999_999, 1)])
def test_a_server_that_asks_for_ages_has_given_the_answer_unless_there_is_time_for_it(asked: int, attempts: int):
    run = world(["http://h/", "http://h/other"], retries=1, concurrency=1)
    run.answer(run.take(), status(503, f"Retry-After: {asked}"))
    assert (run.frontier.take() is None) == (attempts == 2), "its host is left in peace, or not"
    patient = world(["http://h/"], retries=1, retry_max_time=1e9)
    patient.answer(patient.take(), status(503, f"Retry-After: {asked}"))
    patient.answer(again(patient, float(asked)))
    assert alone(patient).ok


@pytest.mark.parametrize("location", ["http://me:secret@g/", "http:me:secret@g", "ftp://me:secret@g/", "//me:secret@g"])
def test_a_password_in_the_place_that_a_server_names_is_in_no_record(location: str):
    run = world(["http://h/"], follow=False)
    run.answer(run.take(), moved(location))
    assert "secret" not in repr(alone(run).headers)
    assert alone(run).headers[1][0] == "Location"


def test_the_time_of_earlier_attempts_counts_as_queued():
    run = world(["http://h/"], retries=1)
    exchange = run.take()
    run.clock.move(3.0)
    run.answer(exchange, BROKEN)
    run.answer(again(run, 0.25))
    timings = alone(run).timings
    assert timings.queued == pytest.approx(3.251)
    assert timings.total == pytest.approx(3.251)


def test_a_run_that_is_cancelled_in_a_pause_gives_a_record():
    run = world(["http://h/"], retries=1)
    run.answer(run.take(), BROKEN)
    run.frontier.cancel()
    assert run.frontier.exhausted
    run.frontier.close()
    assert run.codes == ["cancelled"]
    run.check_one_record_each()


class Ledger:
    """A store that tells what was written to it and how it ended."""

    def __init__(self, ends: list[str]) -> None:
        self._ends = ends
        self._text = b""

    def write(self, data: bytes) -> None:
        self._text += data

    def finish(self, result: Result) -> None:
        self._ends.append(f"kept {self._text.decode()}")

    def drop(self) -> None:
        self._ends.append(f"dropped {self._text.decode()}")


def test_of_all_attempts_and_hops_one_body_is_kept():
    ends: list[str] = []
    run = world(["http://h/"], retries=1, open_store=lambda _: Ledger(ends))
    run.answer(run.take(), BROKEN)
    run.answer(again(run, 0.25), moved("/2"))
    run.answer(run.take())
    assert ends == ["dropped busy", "dropped hop", "kept ok"]
    assert alone(run).ok


def test_the_body_of_a_last_attempt_is_kept_whatever_its_status():
    ends: list[str] = []
    run = world(["http://h/"], retries=1, open_store=lambda _: Ledger(ends))
    run.answer(run.take(), BROKEN)
    run.answer(again(run, 0.25), BROKEN)
    assert ends == ["dropped busy", "kept busy"]


# Redirects


def test_every_hop_is_in_the_record_and_none_counts_as_an_attempt():
    run = world(["http://h/1"])
    run.answer(run.take(), moved("/2", 301))
    run.answer(run.take(), moved("http://g/3", 307))
    run.answer(run.take())
    result = alone(run)
    assert [(hop.url, hop.status) for hop in result.redirects] == [("http://h/1", 301), ("http://h/2", 307)]
    assert (result.url, result.final_url, result.attempts) == ("http://h/1", "http://g/3", 1)
    assert result.remote_address == "ip-of-g:80"


def test_a_redirect_within_an_origin_follows_on_its_connection():
    run = world(["http://h/1"])
    second = run.answer(run.take(), moved("/2", keep=True))
    assert second is not None
    assert page(second) == "http://h/2"
    run.answer(second)
    assert alone(run).reused


def test_a_redirect_goes_before_what_is_queued():
    run = world(["http://h/1", "http://g/2", "http://g/3"], concurrency=1)
    run.answer(run.take(), moved("http://x/"))
    assert page(run.take()) == "http://x/"


def test_where_redirects_are_not_followed_they_are_the_record():
    run = world(["http://h/1"], follow=False)
    run.answer(run.take(), moved("/2"))
    result = alone(run)
    assert (result.ok, result.status, result.redirects) == (True, 302, [])


@pytest.mark.parametrize("most", [0, 1, 3])
def test_a_loop_ends_after_as_many_hops_as_are_allowed(most: int):
    run = world(["http://h/"], max_redirects=most, retries=2)
    for _ in range(most + 1):
        run.answer(run.take(), moved("http://h/"))
    result = alone(run)
    assert result.error is not None
    assert (result.error.code, result.error.phase) == (Code.TOO_MANY_REDIRECTS, Phase.HEAD)
    assert (len(result.redirects), result.status, result.ok) == (most, 302, False)


def test_a_redirect_to_nowhere_is_the_record_and_is_not_tried_again():
    run = world(["http://h/"], retries=2)
    run.answer(run.take(), moved("ftp://g/"))
    result = alone(run)
    assert result.error is not None
    assert (result.error.code, result.attempts, result.status) == (Code.BAD_REDIRECT, 1, 302)


def test_a_redirect_to_a_name_that_does_not_exist_keeps_its_way_in_the_record():
    run = world(["http://h/"])
    run.names.known["nowhere", 80] = FetchError(Code.RESOLVE_FAILED, "no such name", Phase.RESOLVE)
    run.answer(run.take(), moved("http://nowhere/"))
    result = alone(run)
    assert result.error is not None
    assert (result.error.code, result.final_url, result.attempts) == (Code.RESOLVE_FAILED, "http://nowhere/", 1)
    assert [hop.url for hop in result.redirects] == ["http://h/"]


def test_a_redirect_to_a_slow_name_takes_no_slot():
    run = world(["http://h/", "http://g/"], concurrency=1)
    run.answer(run.take(), moved("http://slow/"))
    assert page(run.take()) == "http://g/"


def test_what_is_tried_again_after_a_redirect_is_its_last_hop():
    run = world(["http://h/"], retries=1)
    run.answer(run.take(), moved("http://g/"))
    run.answer(run.take(), BROKEN)
    last = again(run, 0.25)
    assert page(last) == "http://g/"
    run.answer(last)
    result = alone(run)
    assert (result.attempts, len(result.redirects)) == (2, 1)


def test_peace_that_a_hop_asks_for_is_its_own_hosts():
    run = world(["http://h/1", "http://g/2", "http://h/3"], retries=1, concurrency=1)
    run.answer(run.take(), moved("http://g/"))
    run.answer(run.take(), status(429, "Retry-After: 9"))
    assert page(run.take()) == "http://h/3"


def test_cookies_of_a_hop_reach_the_later_hops_of_the_same_input_only():
    run = world(["http://h/1", "http://h/2"], concurrency=1)
    first = run.take()
    assert b"Cookie" not in bytes(first.outgoing)
    run.answer(first, moved("/a", 302, "Set-Cookie: x=1; Path=/"))
    second = run.take()
    assert b"\r\nCookie: x=1\r\n" in bytes(second.outgoing)
    run.answer(second, moved("http://g/b"))
    third = run.take()
    assert b"Cookie" not in bytes(third.outgoing)
    run.answer(third, moved("http://h/c"))
    fourth = run.take()
    assert b"\r\nCookie: x=1\r\n" in bytes(fourth.outgoing)
    run.answer(fourth)
    assert b"Cookie" not in bytes(run.take().outgoing)


def test_a_login_does_not_reach_another_origin_and_is_gone_for_good():
    run = world(["http://me:secret@h/"], recipe=Recipe(headers=(("Cookie", "own=1"), ("X-Api", "k"))))
    first = run.take()
    assert b"Authorization" in bytes(first.outgoing)
    run.answer(first, moved("/same"))
    second = run.take()
    assert b"Authorization" in bytes(second.outgoing)
    assert b"own=1" in bytes(second.outgoing)
    run.answer(second, moved("http://g/"))
    for host, there in (("g", "http://h/"), ("h", "/end")):
        exchange = run.take()
        wire = bytes(exchange.outgoing)
        assert f"Host: {host}\r\n".encode() in wire
        assert b"Authorization" not in wire
        assert b"own=1" not in wire
        assert b"X-Api: k" in wire
        run.answer(exchange, moved(there))


# Addresses


def several(*texts: str, port: int = 80) -> tuple[Address, ...]:
    return tuple(Address(socket.AF_INET, (text, port)) for text in texts)


H: Name = ("h", 80)


def test_addresses_are_tried_in_turn_and_only_all_of_them_are_an_attempt():
    run = world(["http://h/"], retries=1)
    run.names.known[H] = several("1", "2", "3")
    for text in "123":
        exchange = run.take()
        assert exchange.address.sockaddr[0] == text
        refuse(run, exchange)
    exchange = again(run, 0.25)
    assert exchange.address.sockaddr[0] == "1"
    refuse(run, exchange)
    run.answer(run.take())
    result = alone(run)
    assert (result.ok, result.attempts, result.remote_address) == (True, 2, "2:80")


def test_the_last_address_that_fails_is_the_record():
    run = world(["http://h/"])
    run.names.known[H] = several("1", "2")
    refuse(run, run.take())
    time_out(run, run.take())
    result = alone(run)
    assert result.error is not None
    assert (result.error.code, result.attempts) == (Code.TIMEOUT, 1)


@pytest.mark.parametrize("trouble", [cut, hang_up, reset])
def test_an_address_that_answered_badly_is_not_left_for_another(trouble: Trouble):
    run = world(["http://h/"])
    run.names.known[H] = several("1", "2")
    trouble(run, run.take())
    assert alone(run).error is not None


def test_an_address_has_less_time_while_others_remain():
    run = world(["http://h/"], connect_timeout=8.0)
    run.names.known[H] = several("1", "2", "3")
    for share in (HASTE, HASTE, 1.0):
        exchange = run.take()
        assert exchange.deadline == run.clock.now + share * 8.0
        run.clock.move(share * 8.0)
        time_out(run, exchange)
    result = alone(run)
    assert result.error is not None
    assert result.error.message == "no connection within 8 s"


def test_an_address_that_has_connected_has_its_whole_time():
    run = world(["http://h/"], connect_timeout=8.0, idle_timeout=30.0)
    run.names.known[H] = several("1", "2")
    exchange = run.take()
    run.clock.move(1.0)
    exchange.connected()
    assert exchange.deadline == run.clock.now + 30.0


def test_a_successor_is_in_no_haste():
    run = world(["http://h/1", "http://h/2"], connect_timeout=8.0, idle_timeout=30.0)
    run.names.known[H] = several("1", "2")
    second = run.keep(run.take())
    assert second is not None
    assert second.deadline == run.clock.now + 30.0


def test_a_redirect_begins_with_the_first_address_of_its_host():
    run = world(["http://h/"])
    run.names.known[H] = several("1", "2")
    run.names.known["g", 80] = several("3", "4")
    refuse(run, run.take())
    run.answer(run.take(), moved("http://g/"))
    assert run.take().address.sockaddr[0] == "3"


def test_a_dead_connection_is_replaced_at_the_same_host_and_is_no_attempt():
    run = world(["http://h/1", "http://h/2"], retries=1)
    second = run.keep(run.take())
    assert second is not None
    run.die(second)
    fresh = run.take()
    assert not fresh.reused
    hang_up(run, fresh)
    run.answer(again(run, 0.25))
    assert run.results[1].attempts == 2
    assert run.finished


def test_a_successor_on_a_dead_connection_goes_to_its_own_host_wherever_a_redirect_sent_the_one_before_it():
    run = world(["http://h/1", "http://h/2"], concurrency=1)
    first = run.take()
    first.sent(len(first.outgoing))
    first.feed(b"HTTP/1.0 302 x\r\nLocation: http://g/\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n")
    second = run.frontier.settle(first)
    assert second is not None
    assert second.core.job.url.text == "http://h/2"
    run.die(second.core)
    fresh = run.take()
    assert (fresh.job.url.text, fresh.address.sockaddr[0]) == ("http://h/2", "ip-of-h")


# Names that wait behind names


def test_a_name_is_not_given_up_before_it_was_asked_for():
    """A few threads ask in order: what waits behind others has not had its time when these took theirs."""
    run = world([f"http://slow{number}/" for number in range(6)], connect_timeout=5.0)
    assert run.frontier.take() is None
    for number in range(6):
        run.clock.move(4.0)
        assert run.frontier.take() is None
        run.names.answer(f"slow{number}")
        run.answer(run.take())
    assert run.codes == ["ok"] * 6
    assert run.results[5].timings.resolve == 24.0


def test_a_name_that_hangs_is_given_up_though_others_are_answered():
    run = world(["http://slow-hangs/", *(f"http://slow{number}/" for number in range(6))], connect_timeout=5.0)
    assert run.frontier.take() is None
    for number in range(3):
        run.clock.move(2.0)
        run.names.answer(f"slow{number}")
        run.answer(run.take())
    assert run.codes == ["timeout", "ok", "ok", "ok"]
    assert run.results[2].error is not None


def test_names_behind_one_that_hangs_have_their_time_from_the_last_answer():
    run = world(["http://slow-hangs/", "http://slow1/", "http://slow2/"], connect_timeout=5.0)
    assert run.frontier.take() is None
    run.clock.move(4.0)
    run.names.answer("slow1")
    run.answer(run.take())
    run.clock.move(4.9)
    assert run.frontier.take() is None
    assert run.codes == ["timeout", "ok"]
    run.clock.move(0.2)
    assert run.frontier.take() is None
    assert run.codes == ["timeout", "ok", "timeout"]
    assert run.finished


def test_without_any_answer_all_names_are_given_up_together():
    run = world([f"http://slow{number}/" for number in range(300)], connect_timeout=5.0)
    assert run.frontier.take() is None
    run.clock.move(5.0)
    assert run.finished
    assert run.codes == ["timeout"] * 300


# Names


AGAIN = FetchError(Code.RESOLVE_FAILED, "Temporary failure", Phase.RESOLVE, passing=True)
NEVER = FetchError(Code.RESOLVE_FAILED, "Name or service not known", Phase.RESOLVE)


def test_a_name_that_failed_for_now_is_asked_for_again_after_a_pause():
    run = world(["http://slow/"], retries=1)
    assert run.frontier.take() is None
    run.names.answer("slow", AGAIN)
    assert run.frontier.take() is None
    run.names.answer("slow")
    exchange = again(run, NAME_PAUSE + 0.25)
    run.answer(exchange)
    result = alone(run)
    assert (result.ok, result.attempts) == (True, 2)


def test_a_name_that_does_not_exist_is_not_asked_for_again():
    run = world(["http://slow/"], retries=9)
    assert run.frontier.take() is None
    run.names.answer("slow", NEVER)
    assert run.frontier.take() is None
    result = alone(run)
    assert (result.error and result.error.message, result.attempts) == (NEVER.message, 1)


def test_a_name_that_fails_too_often_is_the_error_of_its_record():
    run = world(["http://slow/"], retries=2)
    run.names.answer("slow", AGAIN)
    for _ in range(3):
        assert run.frontier.take() is None
        run.clock.move(NAME_PAUSE + 1.0)
    result = alone(run)
    assert (result.error and result.error.code, result.attempts) == (Code.RESOLVE_FAILED, 3)


def test_a_host_that_a_redirect_leads_to_gets_its_own_login():
    run = world(["http://u:p@one/"], retries=0)
    run.frontier._sequels._logins = {"two": "Basic two"}.get
    exchange = run.take()
    assert b"Authorization: Basic dTpw\r\n" in bytes(exchange.outgoing)
    run.answer(exchange, moved("http://two/"))
    exchange = run.take()
    assert b"Authorization: Basic two\r\n" in bytes(exchange.outgoing)
    run.answer(exchange, moved("http://three/"))
    assert b"Authorization" not in bytes(run.take().outgoing)


# A run that is stopped


def test_a_stopped_run_starts_nothing_more_and_lets_what_is_in_flight_end():
    run = world(["http://a/", "http://b/", "http://c/"], concurrency=2, grace=5.0)
    first, second = run.take(), run.take()
    run.frontier.stop()
    assert run.answer(first) is None
    assert run.frontier.take() is None
    assert not run.frontier.exhausted
    run.clock.move(4.9)
    run.frontier.timeout()
    assert not second.cancelled
    run.answer(second)
    assert run.frontier.exhausted
    run.frontier.close()
    assert [result.error and result.error.code for result in run.results][:2] == [None, None]
    assert {result.error and result.error.code for result in run.results[2:]} <= {Code.CANCELLED}


@pytest.mark.parametrize("options", [{"grace": 5.0}, {"deadline": 5.0}])
def test_what_outlasts_the_grace_or_the_deadline_is_cancelled(options: dict[str, float]):
    run = world(["http://a/"], **options)
    exchange = run.take()
    if "grace" in options:
        run.frontier.stop()
    run.clock.move(5.1)
    run.frontier.timeout()
    assert exchange.cancelled
    assert run.frontier.overdue == ("deadline" in options)


def test_a_redirect_is_not_followed_in_a_stopped_run_and_counts_as_cancelled():
    run = world(["http://a/"])
    exchange = run.take()
    run.frontier.stop()
    run.answer(exchange, moved("http://b/"))
    result = alone(run)
    assert (result.status, result.error and result.error.code) == (302, Code.CANCELLED)


def test_a_failure_in_a_stopped_run_is_told_as_it_is_and_not_tried_again():
    run = world(["http://a/"], retries=3)
    exchange = run.take()
    run.frontier.stop()
    exchange.fail(OSError(errno.ECONNREFUSED, ""))
    run.settle(exchange)
    result = alone(run)
    assert result.error is not None
    assert result.error.code is Code.CONNECT_REFUSED
