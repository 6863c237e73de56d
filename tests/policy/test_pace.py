"""Pace: how soon the next request may start, with a clock that the test moves."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchmux.policy.pace import SLACK, Pace


def starts(rate: float, wakes: list[float]) -> list[float]:
    """When requests start, of a strategy that wakes at these times and starts all that it may."""
    pace, started = Pace(rate), []
    for now in wakes:
        while pace.opens_at() <= now:
            pace.spend(now)
            started.append(now)
    return started


@pytest.mark.parametrize("rate", [0.5, 1.0, 7.0, 100.0, 5_000.0])
def test_the_first_may_start_at_any_time(rate: float):
    assert Pace(rate).opens_at() <= 0.0


@pytest.mark.parametrize("rate", [0.1, 1.0, 19.0])
def test_a_slow_pace_lets_one_start_at_a_time(rate: float):
    pace = Pace(rate)
    pace.spend(1_000.0)
    assert pace.opens_at() == pytest.approx(1_000.0 + 1.0 / rate)


@pytest.mark.parametrize(("rate", "burst"), [(1.0, 1), (20.0, 1), (100.0, 5), (1_000.0, 50)])
def test_a_burst_is_what_the_slack_is_worth_and_at_least_one(rate: float, burst: int):
    assert len(starts(rate, [1_000.0])) == burst


@pytest.mark.parametrize("rate", [40.0, 100.0, 1_000.0])
def test_a_strategy_that_wakes_once_a_tick_keeps_the_rate(rate: float):
    wakes = [1_000.0 + SLACK * number for number in range(200)]
    assert len(starts(rate, wakes)) == pytest.approx(rate * SLACK * 200, rel=0.02)


def test_an_idle_time_earns_no_more_than_the_slack():
    pace = Pace(100.0)
    pace.spend(1_000.0)
    burst = 0
    while pace.opens_at() <= 2_000.0:
        pace.spend(2_000.0)
        burst += 1
    assert burst == 5


@given(
    rate=st.floats(0.01, 10_000.0),
    gaps=st.lists(st.floats(0.0, 1.0), max_size=30),
)
def test_in_no_span_of_time_do_more_start_than_the_rate_and_the_slack_allow(rate: float, gaps: list[float]):
    now, wakes = 1_000.0, []
    for gap in gaps:
        now += gap
        wakes.append(now)
    pace, started = Pace(rate), []
    for now in wakes:
        for _ in range(20):
            if pace.opens_at() <= now:
                pace.spend(now)
                started.append(now)
    for first, begin in enumerate(started):
        for last in range(first, len(started)):
            allowed = (started[last] - begin) * rate + max(SLACK * rate, 1.0)
            assert last - first + 1 <= math.floor(allowed + 1e-3)
