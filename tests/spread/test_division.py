"""What is divided adds up to what the user asked for, and a host stays where it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchmux.settings import Options
from fetchmux.spread.division import Anywhere, Homes, divide, is_limited, shares


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


def test_a_host_stays_with_the_process_that_had_the_least_to_do_when_it_came():
    homes = Homes()
    assert homes.place("a", [3, 1, 2]) == 1
    assert homes.place("b", [3, 4, 2]) == 2
    assert homes.place("a", [0, 9, 9]) == 1


def test_without_homes_whoever_has_the_least_to_do_is_next():
    assert [Anywhere().place("a", loads) for loads in ([2, 1], [1, 2], [1, 1])] == [1, 0, 0]
