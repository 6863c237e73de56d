"""The window, the look-ahead and the end: what starts when, and how far the input is read for it."""

from __future__ import annotations

import itertools

import pytest

from fetchmux.frontier import TICK
from fetchmux.frontier.outlet import FLUSH_EVERY
from fetchmux.inputs.requests import Recipe
from tests.frontier.world import CLOSING, KEEPING, World, page


def pages(count: int, host: str = "h") -> list[str]:
    return [f"http://{host}/{number}" for number in range(count)]


def endless(*hosts: str) -> itertools.chain[str]:
    return itertools.chain.from_iterable((f"http://{host}/{turn}" for host in hosts) for turn in itertools.count())


# The window


def test_as_many_start_as_the_window_holds_in_the_order_of_the_input():
    world = World(pages(9), concurrency=4)
    assert [page(exchange) for exchange in world.take_all()] == pages(9)[:4]
    assert world.frontier.in_flight == 4
    assert world.frontier.take() is None


def test_a_slot_that_becomes_free_is_filled_by_the_next_input():
    world = World(pages(9), concurrency=4)
    first, *_ = world.take_all()
    assert world.answer(first) is None
    assert [page(exchange) for exchange in world.take_all()] == pages(9)[4:5]


def test_a_run_is_exhausted_when_its_last_exchange_is_settled():
    world = World(pages(3), concurrency=2)
    states = [world.frontier.exhausted]
    while taken := world.take_all():
        for exchange in taken:
            states.append(world.frontier.exhausted)
            world.answer(exchange)
    assert states == [False] * 4
    assert world.frontier.exhausted
    assert world.codes == ["ok"] * 3
    world.check_one_record_each()


def test_an_input_of_nothing_is_exhausted_once_it_was_asked():
    world = World([])
    assert world.frontier.take() is None
    assert world.frontier.exhausted
    world.frontier.close()
    assert world.results == []


def test_records_come_in_the_order_in_which_exchanges_end():
    world = World(pages(3))
    for exchange in reversed(world.take_all()):
        world.answer(exchange)
    assert [result.index for result in world.results] == [2, 1, 0]


def test_a_record_says_what_came_of_its_exchange():
    world = World(["http://user:secret@h:81/x"])
    world.clock.move(1)
    exchange = world.take()
    world.clock.move(2)
    exchange.connected()
    world.clock.move(3)
    exchange.sent(len(exchange.outgoing))
    world.clock.move(4)
    exchange.feed(CLOSING[:9])
    world.clock.move(5)
    exchange.feed(CLOSING[9:])
    world.clock.move(6)
    world.settle(exchange)
    (result,) = world.results
    assert (result.index, result.input, result.url, result.final_url) == (
        0,
        "http://***@h:81/x",
    ) + ("http://h:81/x",) * 2
    assert (result.ok, result.status, result.reason, result.http_version) == (True, 200, "OK", "1.0")
    assert (result.headers, result.body, result.body_size) == ([("Content-Length", "2")], b"ok", 2)
    assert (result.wire_size, result.attempts, result.remote_address) == (len(CLOSING), 1, "ip-of-h:81")
    assert (result.reused, result.error, result.redirects, result.backend) == (False, None, [], "none")
    timings = result.timings
    assert (timings.queued, timings.resolve, timings.connect, timings.tls) == (0, 0, 2, 0)
    assert (timings.send, timings.wait, timings.receive, timings.total) == (3, 4, 5, 14)


def test_the_times_of_a_failure_end_where_it_failed():
    world = World(["http://h/"] * 3, body="discard")
    connecting, sending, waiting = world.take_all()
    for exchange in (sending, waiting):
        world.clock.move(1)
        exchange.connected()
    world.clock.move(1)
    waiting.sent(len(waiting.outgoing))
    world.clock.move(1)
    for exchange in (connecting, sending, waiting):
        exchange.fail(TimeoutError())
        world.settle(exchange)
    shown = [
        (timings.connect, timings.send, timings.wait, timings.receive, timings.total)
        for timings in (result.timings for result in world.results)
    ]
    assert shown == [(4, 0, 0, 0, 4), (1, 3, 0, 0, 4), (2, 1, 1, 0, 4)]
    assert [result.remote_address is None for result in world.results] == [True, False, False]


@pytest.mark.parametrize("fail", [False, True])
def test_a_status_of_400_is_a_failure_only_on_request(fail: bool):
    world = World(pages(2), fail=fail)
    for exchange, status in zip(world.take_all(), (b"399", b"400"), strict=True):
        world.answer(exchange, CLOSING.replace(b"200", status))
    assert [result.ok for result in world.results] == [True, not fail]
    assert [result.error for result in world.results] == [None, None]


# Inputs that are no requests


def test_bad_inputs_become_records_and_take_no_slot():
    world = World(["mailto:a@b", "http://h/1", "http://[", "http://h/2", "http://h/3"], concurrency=2)
    assert [page(exchange) for exchange in world.take_all()] == ["http://h/1", "http://h/2"]
    assert world.codes == ["bad-url"] * 2
    assert [(result.index, result.attempts, result.ok) for result in world.results] == [(0, 0, False), (2, 0, False)]
    assert {result.error.phase for result in world.results if result.error} == {"input"}


def test_requests_that_must_not_be_sent_become_records_and_take_no_slot():
    world = World(pages(3), recipe=Recipe(headers=(("A", "b\r\nC: d"),)), concurrency=1)
    assert world.frontier.take() is None
    assert world.frontier.exhausted
    assert world.codes == ["bad-request"] * 3
    world.check_one_record_each()


def test_a_run_of_bad_inputs_only_is_exhausted():
    world = World(["http://["] * 1_000, concurrency=2)
    while not world.frontier.exhausted:
        # A long row of them is read in turns, between which nobody sleeps.
        assert world.frontier.take() is None
        assert world.frontier.exhausted or world.frontier.timeout() == 0.0
    assert world.codes == ["bad-url"] * 1_000


# How far the input is read


def test_no_more_of_an_endless_input_is_read_than_may_start():
    world = World(endless("h"), concurrency=7)
    taken = world.take_all()
    assert world.source.read == 7
    for exchange in taken:
        world.answer(exchange)
    assert world.source.read == 7
    world.take()
    assert world.source.read == 8


@pytest.mark.parametrize("concurrency", [1, 200])
def test_the_look_ahead_for_successors_is_bounded(concurrency: int):
    """A connection to a rare origin looks for a successor among many others, but not for ever."""
    world = World(itertools.chain(["http://rare/"], endless("a", "b")), concurrency=concurrency)
    rare = world.take_all()[0]
    assert world.keep(rare) is None
    bound = max(256, 2 * concurrency)
    assert world.source.read <= concurrency + bound + 1


def test_an_input_is_read_on_only_when_the_look_ahead_is_used_up():
    world = World(itertools.chain(["http://rare/"], endless("a")), concurrency=1)
    assert world.keep(world.take()) is None
    read = world.source.read
    for _ in range(read - 1):
        world.answer(world.take())
    assert world.source.read == read
    world.take()
    assert world.source.read == read + 1


# An input that is slow


def test_an_input_with_nothing_to_read_yet_ends_no_run():
    world = World([None, "http://h/1", None, None, "http://h/2"])
    assert world.frontier.take() is None
    assert not world.frontier.exhausted
    assert page(world.take()) == "http://h/1"
    assert world.frontier.take() is None
    assert world.frontier.take() is None
    assert page(world.take()) == "http://h/2"


def test_the_first_request_starts_before_the_input_ends():
    world = World(itertools.chain(["http://h/"], itertools.repeat(None)))
    assert page(world.take()) == "http://h/"


def test_patience_with_a_silent_input_grows_to_a_tick_and_starts_anew_after_it_spoke():
    world = World([None, None, "http://h/", None])
    assert world.frontier.timeout() == TICK
    world.frontier.take()
    assert world.frontier.timeout() == 0.001
    world.clock.move(0.1)
    assert world.frontier.timeout() == pytest.approx(0.01)
    world.frontier.take()
    world.clock.move(0.1)
    assert world.frontier.timeout() == pytest.approx(0.02)
    world.clock.move(10)
    assert world.frontier.timeout() == TICK
    world.take()
    world.frontier.take()
    assert world.frontier.timeout() == 0.001


def test_a_silent_input_is_no_reason_to_hurry_while_the_window_is_full():
    world = World(["http://h/", None], concurrency=2)
    assert len(world.take_all()) == 1
    assert world.frontier.timeout() == 0.001
    world.frontier.narrow(1, "")
    assert world.frontier.timeout() == TICK


def test_a_silent_input_leaves_a_connection_without_a_successor():
    world = World(["http://h/1", None, "http://h/2"])
    assert world.keep(world.take()) is None
    assert page(world.take()) == "http://h/2"


def test_no_strategy_is_told_to_sleep_longer_than_a_tick_or_not_at_all():
    world = World(["http://h/", None, "http://slow/", None, *[None] * 99])
    for step in range(99):
        world.clock.move(0.001 * step)
        world.frontier.take()
        assert 0 < world.frontier.timeout() <= TICK


# When results go out


def test_results_go_out_before_a_sleep_but_not_at_each_of_many_short_ones():
    world = World(pages(3))
    world.take_all()
    world.frontier.timeout()
    assert world.output.flushes == 1
    world.clock.move(FLUSH_EVERY * 0.9)
    world.frontier.timeout()
    assert world.output.flushes == 1
    world.clock.move(FLUSH_EVERY * 0.2)
    world.frontier.timeout()
    assert world.output.flushes == 2


def test_results_go_out_before_a_lone_exchange_is_waited_for():
    world = World(pages(3), concurrency=1)
    for flushes in (1, 2, 3):
        exchange = world.take()
        world.frontier.timeout()
        assert world.output.flushes == flushes
        world.answer(exchange)


def test_the_last_results_go_out_when_the_run_ends():
    world = World(pages(1))
    world.answer(world.take())
    world.frontier.close()
    assert world.output.flushes == 1


@pytest.mark.parametrize("use", ["keep", "digest", "discard"])
def test_of_a_body_is_kept_what_was_asked_for(use: str):
    world = World(pages(1), body=use)
    world.answer(world.take(), KEEPING)
    (result,) = world.results
    assert (result.body is not None, result.sha256 is not None) == (use == "keep", use == "digest")
    assert result.body_size == 2


def test_the_end_of_a_list_is_not_slept_over():
    world = World(["http://a/"], concurrency=1)
    world.answer(world.take())
    assert not world.frontier.exhausted
    assert world.frontier.take() is None
    assert world.frontier.exhausted
    assert world.frontier.timeout() == 0.001
