"""Results in the order of the list: whoever is waited for is on its way, so nobody waits for ever."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from tests.frontier.world import CLOSING, KEEPING, World, talk

HOSTS = ("a", "b", "slow", "slow2", "busy", "mailto:x")
WINDOW, MOST = 3, 4
MOVED = b"HTTP/1.0 302 Found\r\nLocation: http://b/there\r\nContent-Length: 0\r\n\r\n"
LATER = b"HTTP/1.0 503 Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
WIRES = (CLOSING, KEEPING, KEEPING, KEEPING, MOVED, LATER, b"")
LIMITS: tuple[dict[str, Any], ...] = ({}, {"per_host": 1}, {"rate": 2.0}, {"rate_per_host": 0.5, "per_host": 2})


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("seed", range(15))
def test_a_run_ends_whatever_its_oldest_input_has_to_wait_for(seed: int, limits: dict[str, Any]):
    """For a name, a turn at its host, a redirect, another try or an answer, with hardly any room for the others."""
    world = drive(seed, limits, ends_after=None)
    assert [result.index for result in world.results] == list(range(60))


@pytest.mark.parametrize("how", ["stop", "cancel"])
@pytest.mark.parametrize("seed", range(15))
def test_a_run_that_is_cut_short_has_a_record_of_all_that_it_has_read_in_order(seed: int, how: str):
    world = drive(seed, {"per_host": 2}, ends_after=random.Random(seed).randrange(60), how=how)
    assert [result.index for result in world.results] == list(range(world.source.read))


def drive(seed: int, limits: dict[str, Any], ends_after: int | None, how: str = "stop") -> World:
    """A strategy that settles in any order; names are answered late."""
    dice = random.Random(seed)
    items = [f"http://{dice.choice(HOSTS)}/{number}".replace("http://mailto", "mailto") for number in range(60)]
    world = World(items, ordered=MOST, concurrency=WINDOW, follow=True, retries=2, connect_timeout=5.0, **limits)
    flying = []
    for step in itertools.count():
        assert step < 20_000, "nobody goes on"
        if step == ends_after:
            getattr(world.frontier, how)()
        if world.frontier.exhausted:
            break
        flying += world.take_all()
        assert len(flying) <= WINDOW
        assert world.source.read - len(world.results) <= MOST
        if flying and dice.random() < 0.4:
            exchange = flying.pop(dice.randrange(len(flying)))
            if not exchange.done:
                talk(exchange, dice.choice(WIRES))
            successor = world.settle(exchange)
            flying += [] if successor is None else [successor]
        world.clock.move(max(world.frontier.timeout(), 0.001))
        if dice.random() < 0.02:
            world.names.answer(dice.choice(("slow", "slow2")))
    world.frontier.close()
    return world
