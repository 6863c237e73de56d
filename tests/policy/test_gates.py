"""Gates: the limits of each host, with a clock that the test moves."""

from __future__ import annotations

import pytest

from fetchmux.policy import gates
from fetchmux.policy.gates import MOST_IDLE, Gates


def test_without_limits_nothing_waits_and_nothing_is_kept():
    limits = Gates(None, None)
    for number in range(9):
        limits.enter("h", number)
        assert limits.wait("h", number) == 0.0
    assert limits._gates == {}


def test_a_host_with_enough_in_flight_waits_for_an_end_and_not_for_a_time():
    limits = Gates(2, None)
    limits.enter("h", 0.0)
    assert limits.wait("h", 0.0) == 0.0
    limits.enter("h", 0.0)
    assert limits.wait("h", 0.0) is None
    assert limits.wait("h", 1e9) is None
    assert limits.wait("g", 0.0) == 0.0
    limits.leave("h", 1.0)
    assert limits.wait("h", 1.0) == 0.0


def test_a_host_with_a_pace_waits_for_its_time_and_another_does_not():
    limits = Gates(None, 2.0)
    limits.enter("h", 10.0)
    assert limits.wait("h", 10.0) == pytest.approx(0.5)
    assert limits.wait("g", 10.0) == 0.0
    limits.leave("h", 10.1)
    assert limits.wait("h", 10.1) == pytest.approx(0.4)
    assert limits.wait("h", 10.5) == pytest.approx(0.0)


def test_a_pause_holds_for_its_host_only_and_a_shorter_one_does_not_end_it():
    limits = Gates(None, None)
    limits.pause("h", 20.0)
    limits.pause("h", 15.0)
    assert limits.wait("h", 10.0) == 10.0
    assert limits.wait("g", 10.0) == 0.0
    assert limits.wait("h", 20.0) == 0.0


def test_a_pause_outlives_what_is_still_in_flight():
    limits = Gates(1, None)
    limits.enter("h", 0.0)
    limits.pause("h", 20.0)
    assert limits.wait("h", 1.0) is None
    limits.leave("h", 2.0)
    assert limits.wait("h", 2.0) == 18.0


def test_what_began_before_the_first_pause_may_end_after_it():
    limits = Gates(None, None)
    limits.enter("h", 0.0)
    limits.pause("h", 1.0)
    limits.leave("h", 0.5)
    limits.leave("h", 0.5)
    assert limits.wait("h", 1.0) == 0.0


@pytest.mark.parametrize(("most", "rate"), [(3, None), (None, 1_000.0), (3, 1_000.0)])
def test_a_host_that_is_idle_is_forgotten(most: int | None, rate: float | None):
    limits = Gates(most, rate)
    limits.enter("h", 0.0)
    limits.leave("h", 1.0)
    assert limits._gates == {}


def test_an_endless_row_of_paced_hosts_takes_no_memory():
    """Each ends long before its own pace lets the next one start, so that its gate is still shut when it ends."""
    limits, largest = Gates(None, 1.0), 0
    for number in range(20 * MOST_IDLE):
        now = 1_000.0 + number * 0.01
        limits.enter(f"h{number}", now)
        limits.leave(f"h{number}", now + 0.001)
        largest = max(largest, len(limits._gates))
    assert largest <= 2 * MOST_IDLE


def test_gates_that_hold_something_back_are_never_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gates, "MOST_IDLE", 4)
    limits = Gates(1, None)
    limits.enter("busy", 0.0)
    limits.pause("paused", 100.0)
    for number in range(50):
        limits.enter(f"h{number}", 0.0)
        limits.leave(f"h{number}", 0.0)
    assert limits.wait("busy", 0.0) is None
    assert limits.wait("paused", 0.0) == 100.0


def test_a_pace_holds_for_requests_one_after_another():
    """An end between two requests gives nobody new slack: 100 a second are no more when one is in flight at a time."""
    limits, now, begun = Gates(None, 100.0), 10.0, 0
    while now < 11.0:
        if limits.wait("h", now) == 0.0:
            limits.enter("h", now)
            limits.leave("h", now)
            begun += 1
        now += 0.001
    assert 100 <= begun <= 106
