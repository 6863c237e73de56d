"""Statistics of small samples."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchmux.compare import stats

SAMPLES = st.lists(st.floats(0.001, 1000), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("samples", "deviation"), [([5.0], 0.0), ([1.0, 2.0, 3.0], 1.0), ([1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0], 1.0)]
)
def test_the_spread_is_the_median_of_the_distances_from_the_median(samples, deviation):
    assert stats.median_deviation(samples) == deviation


def test_one_outlier_does_not_change_the_spread():
    assert stats.median_deviation([1.0, 2.0, 3.0, 4.0, 5.0]) == stats.median_deviation([1.0, 2.0, 3.0, 4.0, 5000.0])


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_the_smallest_sample_that_so_many_do_not_exceed(share, value):
    shuffled = random.Random(1).sample(range(1, 101), 100)
    assert stats.percentile(shuffled, share) == value


def test_a_percentile_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="needs samples"):
        stats.percentile([], 0.5)


@given(SAMPLES)
def test_the_interval_holds_the_median_and_lies_within_the_samples(samples):
    low, high = stats.median_interval(samples)
    assert min(samples) <= low <= statistics.median(samples) <= high <= max(samples)


def test_the_interval_is_the_same_for_the_same_samples():
    samples = [random.Random(2).gauss(10, 1) for _ in range(9)]
    assert stats.median_interval(samples) == stats.median_interval(samples)


@given(SAMPLES)
def test_a_sample_is_once_as_fast_as_itself(samples):
    ratio, interval = stats.paired_ratio(samples, samples)
    assert (ratio, interval) == (1.0, (1.0, 1.0))


def test_pairing_takes_out_what_a_round_did_to_both():
    rounds = [1.0, 5.0, 2.0, 9.0, 3.0]
    ratio, interval = stats.paired_ratio(rounds, [2 * wall for wall in rounds])
    assert (ratio, interval) == (2.0, (2.0, 2.0))


def test_rounds_that_do_not_match_are_an_error():
    with pytest.raises(ValueError, match="zip"):
        stats.paired_ratio([1.0], [1.0, 2.0])
