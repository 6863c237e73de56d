"""The order of trials."""

from __future__ import annotations

import itertools

from fetchmux.compare.plan import rounds

NAMES = ("a", "b", "c", "d")


def orders(seed: int, count: int = 6) -> list[list[str]]:
    return list(itertools.islice(rounds(NAMES, seed), count))


def test_every_round_runs_each_strategy_once():
    assert [sorted(order) for order in orders(1)] == [list(NAMES)] * 6


def test_the_same_seed_gives_the_same_order_and_another_another():
    assert orders(1) == orders(1)
    assert orders(1) != orders(2)


def test_more_rounds_begin_as_fewer_do():
    assert orders(1, 3) == orders(1, 6)[:3]


def test_rounds_differ_in_their_order():
    assert len({tuple(order) for order in orders(3, 20)}) > 5
