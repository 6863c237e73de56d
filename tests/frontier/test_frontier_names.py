"""Names that take their time hold up nobody else, and not themselves for ever."""

from __future__ import annotations

import itertools

import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.frontier import TICK, intake
from tests.frontier.world import World, page

NO_SUCH_NAME = FetchError(Code.RESOLVE_FAILED, "Name or service not known", Phase.RESOLVE)


def test_a_name_that_is_being_looked_up_holds_up_no_other():
    world = World(["http://slow/1", "http://h/1", "http://slow/2", "http://slower/", "http://h/2"])
    assert [page(exchange) for exchange in world.take_all()] == ["http://h/1", "http://h/2"]
    assert not world.frontier.exhausted


def test_a_name_that_is_being_looked_up_takes_no_slot():
    world = World(["http://slow/1", "http://slow/2", "http://h/1"], concurrency=1)
    assert page(world.take()) == "http://h/1"


def test_jobs_start_when_their_name_is_known_in_the_order_of_the_input():
    world = World(["http://slow/1", "http://slower/", "http://slow/2", "http://h/", "http://slow/3"])
    assert [page(exchange) for exchange in world.take_all()] == ["http://h/"]
    world.names.answer("slow")
    assert [page(exchange) for exchange in world.take_all()] == [f"http://slow/{number}" for number in (1, 2, 3)]
    world.names.answer("slower")
    assert world.frontier.take() is None
    assert world.frontier.in_flight == 4


def test_the_time_of_a_lookup_is_told_apart():
    world = World(["http://slow/"])
    assert world.frontier.take() is None
    world.clock.move(2)
    world.names.answer("slow")
    exchange = world.take()
    world.clock.move(1)
    world.answer(exchange)
    timings = world.results[0].timings
    assert (timings.queued, timings.resolve, timings.connect, timings.total) == (0, 2, 1, 3)


def test_a_name_that_is_unknown_fails_all_its_jobs():
    world = World(["http://slow/1", "http://slow/2", "http://h/"])
    world.take()
    world.names.answer("slow", NO_SUCH_NAME)
    assert world.frontier.take() is None
    assert world.codes == ["resolve-failed"] * 2
    assert [(result.attempts, result.url) for result in world.results] == [(1, "http://slow/1"), (1, "http://slow/2")]
    assert {result.error.phase for result in world.results if result.error} == {"resolve"}


def test_a_name_that_is_known_to_be_unknown_fails_at_once():
    world = World(["http://nowhere/", "http://h/"])
    world.names.known["nowhere", 80] = NO_SUCH_NAME
    assert page(world.take()) == "http://h/"
    assert world.codes == ["resolve-failed"]


def test_a_name_without_an_answer_fails_after_the_time_for_connecting():
    world = World(["http://slow/1", None, "http://slower/", None, "http://slow/2"], connect_timeout=5)
    world.frontier.take()
    world.clock.move(3)
    world.frontier.take()
    world.clock.move(1.9)
    assert world.frontier.take() is None
    assert world.results == []
    world.clock.move(0.1)
    assert world.frontier.take() is None
    assert [result.url for result in world.results] == ["http://slow/1", "http://slow/2"]
    assert world.codes == ["timeout"] * 2
    error = world.results[0].error
    assert error is not None
    assert (error.phase, error.message) == ("resolve", "the name was not resolved within 5 s")
    assert not world.frontier.exhausted
    world.clock.move(3)
    world.frontier.take()
    assert world.frontier.exhausted
    world.check_one_record_each()


def test_an_answer_that_comes_too_late_starts_nothing_twice():
    world = World(["http://slow/"], connect_timeout=5)
    world.frontier.take()
    world.clock.move(5)
    world.frontier.take()
    world.names.answer("slow")
    assert world.frontier.take() is None
    assert world.frontier.exhausted
    world.check_one_record_each()


def test_an_answer_that_was_lost_is_waited_for_again():
    """A full cache may drop an answer before anybody has looked at it; the name is then asked for again."""
    world = World(["http://slow/"])
    world.frontier.take()
    world.names.answered.append(("slow", 80))
    assert world.frontier.take() is None
    assert world.results == []
    assert not world.frontier.exhausted
    world.names.answer("slow")
    assert page(world.take()) == "http://slow/"


def test_patience_with_a_name_grows_to_a_tick():
    world = World(["http://slow/"])
    world.frontier.take()
    assert world.frontier.timeout() == 0.001
    world.clock.move(0.2)
    assert world.frontier.timeout() == pytest.approx(0.02)
    world.clock.move(1)
    assert world.frontier.timeout() == TICK


def test_names_that_are_being_looked_up_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake, "MOST_PARKED", 5)
    world = World(f"http://slow{number}/" for number in itertools.count())
    for _ in range(3):
        assert world.frontier.take() is None
        assert world.source.read == 5
    world.names.answer("slow3")
    assert page(world.take()) == "http://slow3/"
    assert world.frontier.take() is None
    assert world.source.read == 6


def test_looking_for_a_successor_parks_no_more_than_the_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake, "MOST_PARKED", 5)
    world = World(itertools.chain(["http://h/"], (f"http://slow{number}/" for number in itertools.count())))
    assert world.keep(world.take()) is None
    assert world.source.read == 6


def test_a_name_that_is_passed_over_for_a_successor_starts_when_it_is_known():
    world = World(["http://h/1", "http://slow/", "http://nowhere/", "http://h/2"])
    world.names.known["nowhere", 80] = NO_SUCH_NAME
    second = world.keep(world.take())
    assert second is not None
    assert page(second) == "http://h/2"
    world.names.answer("slow")
    assert page(world.take()) == "http://slow/"
    assert [result.url for result in world.results] == ["http://h/1", "http://nowhere/"]


def test_each_port_of_a_host_is_a_name_of_its_own():
    world = World(["http://h/", "http://h:81/"])
    world.take_all()
    assert world.names.asked == [("h", 80), ("h", 81)]
