"""The order of trials."""

from __future__ import annotations

from fetchmux.compare.plan import interleave

NAMES = ("a", "b", "c", "d")


def test_every_round_runs_each_strategy_once():
    plan = interleave(NAMES, 6, seed=1)
    assert [number for number, _ in plan] == sorted(list(range(6)) * 4)
    for number in range(6):
        assert sorted(name for which, name in plan if which == number) == list(NAMES)


def test_the_same_seed_gives_the_same_order_and_another_another():
    assert interleave(NAMES, 6, seed=1) == interleave(NAMES, 6, seed=1)
    assert interleave(NAMES, 6, seed=1) != interleave(NAMES, 6, seed=2)


def test_rounds_differ_in_their_order():
    plan = interleave(NAMES, 20, seed=3)
    orders = {tuple(name for which, name in plan if which == number) for number in range(20)}
    assert len(orders) > 5
