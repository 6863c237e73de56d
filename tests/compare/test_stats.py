"""Statistics of small samples."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchmux.compare import stats

SAMPLES = st.lists(st.floats(0.001, 1000), min_size=1, max_size=12)
ENOUGH = st.lists(st.floats(0.001, 1000), min_size=5, max_size=12)
SHARES = st.floats(0, 1)


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


@given(SAMPLES, SHARES)
def test_a_percentile_is_a_sample_below_which_are_fewer_than_its_share(samples, share):
    value = stats.percentile(samples, share)
    assert value in samples
    assert sum(sample <= value for sample in samples) >= share * len(samples)
    assert value == min(samples) or sum(sample < value for sample in samples) < share * len(samples)


@given(SAMPLES, st.floats(0.1, 10))
def test_the_spread_is_never_below_nought_within_the_range_and_grows_with_the_unit(samples, factor):
    spread = stats.median_deviation(samples)
    assert 0 <= spread <= max(samples) - min(samples)
    assert stats.median_deviation([factor * sample for sample in samples]) == pytest.approx(factor * spread, abs=1e-9)


@given(ENOUGH)
def test_the_interval_holds_the_median_and_lies_within_the_samples(samples):
    low, high = stats.median_interval(samples)
    assert min(samples) <= low <= statistics.median(samples) <= high <= max(samples)


def test_the_interval_is_the_same_for_the_same_samples():
    samples = [random.Random(2).gauss(10, 1) for _ in range(9)]
    assert stats.median_interval(samples) == stats.median_interval(samples)


def test_with_five_samples_the_interval_is_their_range():
    """Three of five draws are the least of five with a chance of 5.8 %, which is more than a tail of 2.5 %."""
    assert stats.median_interval([3.0, 1.0, 4.0, 2.0, 9.0]) == (1.0, 9.0)


def test_one_sample_excludes_nothing():
    assert stats.median_interval([5.0]) == (0.0, math.inf)
    assert stats.paired_ratio([1.0], [38.0])[1].holds(1.0)


def test_of_few_samples_the_interval_is_that_of_student():
    """By hand: the logarithms of 1 and e are 0 and 1, their mean 1/2, its standard error 1/2, t 12.706."""
    low, high = stats.median_interval([1.0, math.e])
    assert [math.log(low), math.log(high)] == pytest.approx([0.5 - 6.353, 0.5 + 6.353], abs=0.001)
    low, high = stats.median_interval([1.0, math.e, math.e**2])
    reach = 4.303 / math.sqrt(3)
    assert [math.log(low), math.log(high)] == pytest.approx([1 - reach, 1 + reach], abs=0.001)


@given(st.lists(st.floats(0.001, 1000), min_size=2, max_size=4))
def test_the_interval_of_few_samples_holds_their_median(samples):
    low, high = stats.median_interval(samples)
    assert low <= statistics.median(samples) * (1 + 1e-9)
    assert statistics.median(samples) <= high * (1 + 1e-9)


@pytest.mark.parametrize("rounds", [2, 3, 4, 5, 6])
def test_two_of_a_kind_are_told_apart_in_one_case_of_ten_at_most(rounds):
    """Two or three samples whose range were taken for the interval would be told apart in every second or fourth."""
    dice = random.Random(rounds)
    apart = 0
    for _ in range(100):
        samples, others = ([dice.gauss(1.0, 0.03) for _ in range(rounds)] for _ in range(2))
        apart += not stats.paired_ratio(samples, others)[1].holds(1.0)
    assert apart <= 10


@given(ENOUGH)
def test_more_confidence_makes_an_interval_no_narrower(samples):
    (low, high), (lower, higher) = stats.median_interval(samples), stats.median_interval(samples, confidence=0.997)
    assert lower <= low <= high <= higher


def test_a_ratio_above_1_says_that_the_reference_takes_longer():
    ratio, _ = stats.paired_ratio([1.0, 2.0, 4.0], [2.0, 6.0, 16.0])
    assert ratio == pytest.approx((2 * 3 * 4) ** (1 / 3))


@given(ENOUGH)
def test_a_sample_is_once_as_fast_as_itself(samples):
    ratio, interval = stats.paired_ratio(samples, samples)
    assert (ratio, *interval) == pytest.approx((1.0, 1.0, 1.0))
    assert interval.holds(1.0)


def test_pairing_takes_out_what_a_round_did_to_both():
    rounds = [1.0, 5.0, 2.0, 9.0, 3.0]
    ratio, interval = stats.paired_ratio(rounds, [2 * wall for wall in rounds])
    assert (ratio, *interval) == pytest.approx((2.0, 2.0, 2.0))


def test_rounds_that_do_not_match_are_an_error():
    with pytest.raises(ValueError, match="zip"):
        stats.paired_ratio([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("confidence", "freedom", "quantile"),
    [(0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 4, 2.776), (0.99, 5, 4.032), (0.99, 7, 3.499), (0.95, 30, 2.042)],
)
def test_the_quantiles_are_those_of_the_tables(confidence: float, freedom: int, quantile: float):
    assert stats.student(confidence, freedom) == pytest.approx(quantile, abs=0.0005)


def test_one_disturbed_round_of_seven_hides_no_difference():
    """Without trimming the interval would reach from 0.9 to 2.3."""
    references = [1.10, 1.12, 1.09, 1.11, 1.10, 4.0, 1.11]
    ratio, interval = stats.paired_ratio([1.0] * 7, references)
    assert ratio == pytest.approx(1.108, abs=0.005)
    assert interval.low > 1.05


def test_trimming_makes_nothing_surer_than_its_samples_allow():
    """What is told of as many seven rounds of noise is true in nineteen cases of twenty."""
    dice = random.Random(8)
    held = 0
    for _ in range(1000):
        ratios = [math.exp(dice.gauss(0.0, 0.1)) for _ in range(7)]
        held += stats.mean_interval(ratios)[1].holds(1.0)
    assert 930 <= held <= 970


def test_an_outlier_is_far_from_the_median_by_both_measures():
    assert stats.outliers([1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.4]) == [6]
    # Samples that agree too well would make anything look far.
    assert stats.outliers([1.0, 1.0, 1.0, 1.0, 1.09]) == []
    assert stats.outliers([1.0, 1.3, 0.7, 1.2, 0.8]) == []


def test_the_reach_of_a_median_is_that_of_its_interval():
    assert stats.reach([1.0, 2.0, 3.0, 4.0, 9.0]) == pytest.approx(2.0)
    assert stats.reach([5.0]) == math.inf
