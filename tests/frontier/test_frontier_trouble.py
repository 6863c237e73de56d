"""Want of descriptors, cancelling, and inputs and outputs that fail: every input that was read has one record."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Iterator

import pytest

from fetchmux.frontier import TICK
from fetchmux.model import Request
from tests.frontier.world import CLOSING, KEEPING, World, page, talk


def pages(count: int) -> list[str]:
    return [f"http://h/{number}" for number in range(count)]


# Scarcity


def test_want_of_descriptors_narrows_the_window_to_what_was_possible_and_fails_nothing():
    world = World(pages(9), concurrency=5)
    first, second, third = world.take(), world.take(), world.take()
    assert world.starve(third) is None
    assert world.frontier.window == 2
    assert world.results == []
    world.clock.move(TICK)
    assert world.frontier.take() is None
    world.answer(first)
    again = world.take()
    assert page(again) == "http://h/2"
    assert world.frontier.take() is None
    world.answer(again)
    world.answer(second)
    while taken := world.take_all():
        assert len(taken) <= 2
        for exchange in taken:
            world.answer(exchange)
    assert world.codes == ["ok"] * 9
    assert {result.attempts for result in world.results} == {1}
    world.check_one_record_each()


def test_after_want_of_descriptors_nothing_starts_for_a_tick():
    world = World(pages(3), concurrency=3)
    first = world.take()
    world.starve(world.take())
    world.answer(first)
    assert world.frontier.take() is None
    world.clock.move(TICK * 0.9)
    assert world.frontier.take() is None
    world.clock.move(TICK * 0.2)
    assert page(world.take()) == "http://h/1"


def test_the_user_is_told_once_that_the_window_is_narrowed_and_why():
    world = World(pages(9), concurrency=5)
    exchanges = world.take_all()
    for exchange in exchanges[2:]:
        world.starve(exchange)
    assert world.notices == ["the window is narrowed to 4: Too many open files"]
    assert world.frontier.window == 2


def test_a_window_is_never_wider_than_it_was_and_never_shut():
    world = World(pages(9), concurrency=5)
    for wanted, width in [(9, 5), (3, 3), (4, 3), (0, 1), (-1, 1), (5, 1)]:
        world.frontier.narrow(wanted, "why")
        assert world.frontier.window == width
    assert len(world.take_all()) == 1
    assert world.notices == ["the window is narrowed to 5: why"]


def test_jobs_that_starved_start_again_before_all_others_and_once():
    world = World(pages(6), concurrency=3)
    for exchange in reversed(world.take_all()):
        world.starve(exchange)
    world.clock.move(TICK)
    assert world.frontier.window == 1
    order = []
    while (carried := world.frontier.take()) is not None:
        order.append(page(carried.core))
        world.answer(carried.core)
    assert order == pages(6)
    assert {result.attempts for result in world.results} == {1}


def test_want_of_descriptors_fails_an_input_only_after_it_was_alone_for_long():
    world = World(pages(1), concurrency=1, connect_timeout=5)
    waited = 0.0
    while not world.results:
        world.starve(world.take())
        world.clock.move(TICK)
        waited += TICK
        assert waited < 6
    assert waited > 5
    assert world.codes == ["connect-failed"]
    assert world.results[0].error is not None
    assert world.results[0].error.message == "Too many open files"
    assert world.finished


def test_time_in_the_queue_is_no_time_alone():
    """An input that has waited long for its slot has all its patience left when it gets one."""
    world = World([*pages(1), "http://other/", "http://h/2"], concurrency=1, connect_timeout=5)
    following = world.keep(world.take())
    assert following is not None
    world.clock.move(20)
    world.keep(following)
    for _ in range(3):
        exchange = world.take()
        assert page(exchange) == "http://other/"
        world.starve(exchange)
        world.clock.move(TICK)
    world.answer(world.take())
    assert world.codes == ["ok"] * 3


def test_patience_with_want_of_descriptors_starts_anew_after_each_success():
    world = World(pages(9), concurrency=1, connect_timeout=5)
    for _ in range(9):
        world.starve(world.take())
        world.clock.move(3)
        world.answer(world.take())
    assert world.codes == ["ok"] * 9


def test_patience_with_want_of_descriptors_starts_anew_for_each_input():
    world = World(pages(3), concurrency=1, connect_timeout=5)
    for count in range(3):
        for wait in (4, 2):
            world.starve(world.take())
            assert len(world.results) == count
            world.clock.move(wait)
        world.starve(world.take())
        world.clock.move(TICK)
        assert world.codes == ["connect-failed"] * (count + 1)


def test_a_company_of_others_is_no_time_alone():
    """While another exchange holds a descriptor, it will let go of it."""
    world = World(pages(2), concurrency=2, connect_timeout=5)
    first, second = world.take_all()
    world.starve(second)
    world.clock.move(60)
    world.answer(first)
    world.starve(world.take())
    world.clock.move(1)
    world.answer(world.take())
    assert world.codes == ["ok"] * 2


# Cancelling


def in_flight(world: World) -> None:
    connecting, sending, waiting, reading = world.take_all()
    assert connecting.outgoing
    sending.connected()
    for exchange in (waiting, reading):
        exchange.connected()
        exchange.sent(len(exchange.outgoing))
    reading.feed(b"HTTP/1.0 200 OK\r\n\r\nhalf")


def cancel_all(world: World) -> None:
    """What a strategy does after `cancel`: it finds every deadline past."""
    live = list(world.frontier._live)
    world.frontier.cancel()
    for exchange in live:
        assert exchange.deadline <= world.clock.now
        exchange.fail(TimeoutError())
        assert world.frontier.settle(exchange) is None


def test_cancelling_ends_what_is_in_flight_in_whatever_phase():
    world = World(pages(9), concurrency=4)
    in_flight(world)
    cancel_all(world)
    assert world.frontier.take() is None
    assert world.frontier.exhausted
    world.frontier.close()
    assert world.codes == ["cancelled"] * 4
    assert {result.error.phase for result in world.results if result.error} == {"connect", "send", "head", "body"}
    world.check_one_record_each()


def test_a_run_is_not_exhausted_before_what_is_in_flight_was_settled():
    world = World(pages(9))
    exchange = world.take()
    world.frontier.cancel()
    assert not world.frontier.exhausted
    exchange.fail(TimeoutError())
    world.settle(exchange)
    assert world.frontier.exhausted


def test_what_was_read_and_never_sent_has_a_record_too():
    world = World(["http://h/1", "http://slow/1", "http://g/", "http://slow/2", "http://h/2"], concurrency=1)
    second = world.keep(world.take())
    assert second is not None
    cancel_all(world)
    world.frontier.close()
    assert world.codes == ["ok", *["cancelled"] * 4]
    phases = {result.url: (result.error.phase, result.attempts) for result in world.results if result.error}
    assert phases.pop("http://h/2") == ("send", 1)
    assert set(phases.values()) == {("input", 0)}
    world.check_one_record_each()


def test_nothing_of_the_input_is_read_after_cancelling():
    world = World(itertools.chain(["http://h/"], itertools.repeat("http://[")))
    exchange = world.take()
    world.frontier.cancel()
    assert world.frontier.take() is None
    talk(exchange, KEEPING)
    assert world.settle(exchange) is None
    assert world.source.read == 1


def cancelling_at(count: int, item: str) -> World:
    """A world in which a signal comes while the item after the first `count` is read; they are a thousand."""

    def items() -> Iterator[str]:
        for number in range(1_000):
            if number == count:
                world.frontier.cancel()
            yield item

    world = World(items())
    return world


def test_cancelling_ends_a_long_row_of_bad_inputs():
    world = cancelling_at(100, "http://[")
    assert world.frontier.take() is None
    assert world.frontier.exhausted
    assert world.source.read == 101
    world.check_one_record_each()


def test_what_was_being_read_while_the_signal_came_does_not_start_and_has_a_record():
    for first_ends in (World.keep, World.answer):
        world = cancelling_at(1, "http://h/")
        assert first_ends(world, world.take()) is None
        assert world.frontier.take() is None
        world.frontier.close()
        assert world.source.read <= 2
        world.check_one_record_each()


@pytest.mark.parametrize("successor", [False, True])
def test_an_exchange_that_begins_while_the_signal_comes_is_cancelled_from_the_start(successor: bool):
    opened = itertools.count(1)

    def open_store(request: Request) -> None:
        if next(opened) == 2:
            world.frontier.cancel()

    world = World(pages(3), open_store=open_store)
    first = world.take()
    second = world.keep(first) if successor else world.take()
    assert second is not None
    assert second.cancelled
    assert second.deadline <= world.clock.now


def test_an_exchange_whose_deadline_was_being_written_is_cancelled_again():
    world = World(pages(1))
    exchange = world.take()
    world.frontier.cancel()
    exchange.deadline = world.clock.now + 30
    world.frontier.timeout()
    assert exchange.deadline <= world.clock.now


def test_a_reply_that_was_whole_before_the_signal_is_a_success():
    world = World(pages(2), concurrency=1)
    exchange = world.take()
    talk(exchange, KEEPING)
    world.frontier.cancel()
    assert world.settle(exchange) is None
    assert world.codes == ["ok"]


@pytest.mark.parametrize("trouble", ["starve", "die"])
def test_nothing_is_queued_again_after_cancelling(trouble: str):
    world = World(pages(2), concurrency=1)
    exchange = world.take()
    if trouble == "die":
        successor = world.keep(exchange)
        assert successor is not None
        talk(successor, b"")
        exchange = successor
    else:
        exchange.fail(OSError(errno.EMFILE, "x"))
    world.frontier.cancel()
    assert world.settle(exchange) is None
    assert world.frontier.exhausted
    world.frontier.close()
    world.check_one_record_each()


def test_an_interrupted_strategy_leaves_records():
    """A strategy that was left by KeyboardInterrupt settles nothing any more; nobody has cancelled."""
    world = World(["http://slow/", *pages(9)], concurrency=4)
    in_flight(world)
    world.frontier.close()
    assert world.codes == ["cancelled"] * 5
    assert world.frontier.exhausted
    world.check_one_record_each()


def test_an_exchange_that_was_done_when_the_strategy_was_interrupted_keeps_its_outcome():
    world = World(pages(9), concurrency=2)
    whole, dead = world.take_all()
    talk(whole, KEEPING)
    talk(dead, b"")
    world.frontier.close()
    assert world.frontier.in_flight == 0
    assert world.codes == ["ok", "empty-reply"]
    assert world.source.read == 2
    world.check_one_record_each()


@pytest.mark.parametrize("trouble", ["scarce", "dead"])
def test_an_exchange_that_was_to_begin_again_when_the_strategy_was_interrupted_has_a_record(trouble: str):
    world = World(pages(9), concurrency=1)
    exchange = world.take()
    if trouble == "scarce":
        exchange.fail(OSError(errno.EMFILE, "x"))
    else:
        successor = world.keep(exchange)
        assert successor is not None
        talk(successor, b"")
    world.frontier.close()
    world.check_one_record_each()
    assert world.frontier.exhausted


def test_closing_twice_writes_nothing_twice():
    world = World(["http://slow/", *pages(9)], concurrency=4)
    in_flight(world)
    world.frontier.close()
    world.frontier.close()
    world.check_one_record_each()


# An output that fails


def run_to_the_end(world: World) -> None:
    """What a strategy does, whatever happens: `settle` and `take` never raise."""
    for _ in range(1_000):
        if world.frontier.exhausted:
            break
        world.frontier.timeout()
        for exchange in world.take_all():
            if exchange.deadline <= world.clock.now:
                exchange.fail(TimeoutError())
            else:
                talk(exchange, CLOSING)
            world.settle(exchange)
        world.clock.move(TICK)
    assert world.frontier.exhausted
    world.frontier.close()


@pytest.mark.parametrize("bad", ["", "http://["])
def test_an_output_that_cannot_be_written_to_ends_the_run(bad: str):
    world = World([page for pair in zip(pages(99), [bad] * 99, strict=True) for page in pair], concurrency=3)
    world.output.write_fails_at = 5
    run_to_the_end(world)
    assert world.frontier.failure is world.output.failure
    assert len(world.results) == 5
    assert world.output.calls_after_failure == 0
    assert world.source.read <= 12


def test_an_output_that_cannot_be_flushed_ends_the_run():
    world = World(pages(99), concurrency=3)
    world.output.flush_fails_at = 3
    run_to_the_end(world)
    assert world.frontier.failure is world.output.failure
    assert world.output.calls_after_failure == 0
    assert world.source.read <= 12


def test_an_output_that_cannot_be_flushed_at_the_very_end_is_known():
    world = World(pages(1))
    world.answer(world.take())
    world.output.flush_fails_at = 1
    world.frontier.close()
    assert world.frontier.failure is world.output.failure


def test_an_output_that_fails_ends_what_is_in_flight():
    world = World(pages(9), concurrency=3)
    world.output.write_fails_at = 1
    first, second, third = world.take_all()
    assert world.keep(first) is None
    assert [second.cancelled, third.cancelled] == [True, True]
    assert world.frontier.take() is None


def test_an_output_that_fails_while_a_name_is_released_ends_the_run():
    world = World(["http://slow/1", "http://slow/2", "http://slow/3"], connect_timeout=1)
    world.output.write_fails_at = 2
    assert world.frontier.take() is None
    world.clock.move(1)
    assert world.frontier.take() is None
    assert world.frontier.exhausted
    world.frontier.close()
    assert len(world.results) == 2
    assert world.output.calls_after_failure == 0


# An input that fails


def test_what_was_read_of_an_input_that_cannot_be_read_further_is_fetched():
    failure = OSError(errno.EIO, "the disk is broken")
    world = World([*pages(2), "http://slow/", failure, *pages(9)], concurrency=4)
    taken = world.take_all()
    assert world.frontier.failure is failure
    world.names.answer("slow")
    for exchange in [*taken, *world.take_all()]:
        world.answer(exchange)
    assert world.frontier.exhausted
    assert world.codes == ["ok"] * 3
    world.check_one_record_each()


def test_an_input_that_fails_ends_the_run_and_what_was_read_has_its_records():
    failure = UnicodeError("the input is broken")
    world = World([*pages(2), "http://slow/", failure, *pages(9)], concurrency=4)
    first, second = world.take_all()
    assert world.frontier.failure is failure
    assert [first.cancelled, second.cancelled] == [True, True]
    for exchange in (first, second):
        exchange.fail(TimeoutError())
        world.settle(exchange)
    assert world.frontier.exhausted
    world.frontier.close()
    assert world.codes == ["cancelled"] * 3
    assert world.output.flushes == 1
    world.check_one_record_each()


def test_an_input_that_fails_while_a_successor_is_sought_ends_the_run():
    failure = UnicodeError("the input is broken")
    world = World(["http://h/1", "http://g/", failure], concurrency=1)
    assert world.keep(world.take()) is None
    assert world.frontier.failure is failure
    assert world.frontier.exhausted
    world.frontier.close()
    assert world.codes == ["ok", "cancelled"]


def test_of_two_failures_the_first_is_kept():
    failure = OSError("the input")
    world = World([*pages(1), failure])
    world.output.write_fails_at = 1
    (exchange,) = world.take_all()
    exchange.fail(TimeoutError())
    world.settle(exchange)
    world.frontier.close()
    assert world.frontier.failure is failure
    assert world.output.calls_after_failure == 0


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes_through_the_frontier(stop: type[BaseException]):
    """It is no failure of the input or the output: whoever interrupts knows what it wants."""
    world = World(pages(9))
    exchange = world.take()

    def interrupted(result: object) -> None:
        raise stop

    world.output.write = interrupted  # type: ignore[method-assign]
    talk(exchange, CLOSING)
    with pytest.raises(stop):
        world.frontier.settle(exchange)
    assert world.frontier.failure is None
