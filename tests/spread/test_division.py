"""What is divided adds up to what the user asked for, and a host stays where it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchmux.settings import Options
from fetchmux.spread.division import Anywhere, Homes, divide, is_limited, shares, stagger, suits_all


@given(st.integers(0, 10_000), st.integers(1, 64))
def test_shares_add_up_and_differ_by_one_at_most(whole: int, count: int):
    parts = shares(whole, count)
    assert (sum(parts), len(parts)) == (whole, count)
    assert max(parts) - min(parts) <= 1


@given(st.integers(1, 100), st.integers(1, 8), st.integers(1, 20), st.booleans())
def test_all_processes_together_keep_every_limit(window: int, processes: int, per_host: int, hosts: bool):
    options = Options(concurrency=window, per_host=per_host, rate=10.0, rate_per_host=4.0)
    parts = divide(options, processes, hosts=hosts)
    assert sum(part.concurrency for part in parts) == window
    assert all(part.concurrency >= 1 for part in parts)
    assert sum(part.rate or 0 for part in parts) == pytest.approx(10.0)
    if hosts:
        assert sum(part.per_host or 0 for part in parts) == per_host
        assert all(part.per_host for part in parts)
        assert sum(part.rate_per_host or 0 for part in parts) == pytest.approx(4.0)
    else:
        assert {(part.per_host, part.rate_per_host) for part in parts} == {(per_host, 4.0)}


def test_what_is_not_limited_stays_so():
    (part, _) = divide(Options(concurrency=4, timeout=3.0), 2, hosts=True)
    assert part == Options(concurrency=2, timeout=3.0)


def test_only_a_host_s_own_limits_bind_it_to_a_process():
    assert not is_limited(Options(rate=5.0))
    assert is_limited(Options(per_host=1))
    assert is_limited(Options(rate_per_host=1.0))


def test_a_host_stays_with_the_process_that_had_the_most_room_when_it_came():
    homes = Homes()
    assert homes.place("a", [1, 3, 2]) == 1
    assert homes.place("b", [1, 0, 2]) == 2
    assert homes.place("a", [9, 0, 0]) == 1


def test_without_homes_whoever_has_the_most_room_is_next():
    assert [Anywhere().place("a", rooms) for rooms in ([1, 2], [2, 1], [1, 1])] == [1, 0, 0]


def test_only_so_many_hosts_are_remembered_and_none_that_is_busy_is_forgotten():
    homes = Homes(most=3)
    assert homes.place("busy", [0, 9]) == 1
    for number in range(10):
        homes.place(f"host{number}", [9, 0])
        homes.leave(f"host{number}")
    assert homes.place("busy", [9, 0]) == 1
    # The one that was asked for last is still known, one of long ago is not.
    assert homes.place("host9", [0, 9]) == 0
    assert homes.place("host0", [0, 9]) == 1


def test_hosts_of_a_place_where_nothing_can_be_done_move():
    homes = Homes()
    assert [homes.place(host, [9, 0]) for host in ("a", "b")] == [0, 0]
    assert homes.place("c", [0, 9]) == 1
    homes.vacate(0)
    assert [homes.place(host, [float("-inf"), 0]) for host in ("a", "b", "c")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("hosts", "processes", "per_host", "evenly"),
    [
        ({"a": 9}, 2, 4, True),
        ({"a": 9}, 4, None, True),
        # A limit of one has no parts.
        ({"a": 9}, 2, 1, False),
        ({"a": 5, "b": 4}, 2, 4, False),
        ({"a": 99, "b": 1}, 2, 4, True),
        ({"a": 2, "b": 1}, 2, 4, False),
        # Two hosts would leave two of four processes idle.
        ({"a": 5, "b": 4}, 4, 4, True),
        ({"a": 5, "b": 4}, 4, 2, False),
        ({f"h{number}": 1 for number in range(9)}, 4, 4, False),
        # Nothing is known yet.
        ({}, 2, 4, False),
    ],
)
def test_hosts_are_divided_where_processes_would_have_little_to_do(
    hosts: dict[str, int], processes: int, per_host: int | None, evenly: bool
):
    assert suits_all(hosts, Options(per_host=per_host, rate_per_host=100.0), processes) is evenly


def test_processes_that_share_a_rate_begin_at_different_moments():
    options = Options(rate=4.0, rate_per_host=2.0)
    assert [stagger(options, place, hosts=False) for place in range(3)] == [0.0, 0.25, 0.5]
    assert [stagger(options, place, hosts=True) for place in range(3)] == [0.0, 0.5, 1.0]
    assert stagger(Options(), 5, hosts=True) == 0.0
