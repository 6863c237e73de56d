"""Statistics of small samples, without assumptions about their shape. Pure: chance comes from a seeded generator."""

from __future__ import annotations

import functools
import math
import random
import statistics
from collections.abc import Sequence
from typing import NamedTuple

_RESAMPLES = 2_000
_CONFIDENCE = 0.95
# From so many samples on they are resampled: the whole range of four misses the true median in one case of eight.
_ENOUGH = 5
# Of so many samples the least and the greatest are trimmed away.
_TRIM = 7
# Makes a median absolute deviation of normal samples their standard deviation.
_NORMAL = 1.4826
# So many of them away is an outlier, ...
_FAR = 3.0
# ... unless it is nearer to the median than this share of it: samples that agree too well make anything look far.
_NEAR = 0.1


class Interval(NamedTuple):
    """Bounds that hold the true value with the confidence that was asked for, 95 % as a rule."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether `value` cannot be excluded."""
        return self.low <= value <= self.high


def median_deviation(samples: Sequence[float]) -> float:
    """The median absolute deviation from the median: a spread that one outlier does not change."""
    middle = statistics.median(samples)
    return statistics.median(abs(sample - middle) for sample in samples)


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` (0 to 1) of all samples do not exceed. Raises ValueError when empty."""
    if not samples:
        raise ValueError("a percentile needs samples")
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def outliers(samples: Sequence[float]) -> list[int]:
    """Which samples are more than three scaled median absolute deviations, and a tenth, away from the median."""
    middle = statistics.median(samples)
    reach = max(_FAR * _NORMAL * median_deviation(samples), _NEAR * middle)
    return [place for place, sample in enumerate(samples) if abs(sample - middle) > reach]


def median_interval(samples: Sequence[float], seed: int = 0, confidence: float = _CONFIDENCE) -> Interval:
    """The bootstrap interval of the median (percentile method, 2,000 resamples) of samples above nought.

    From two to four samples it is Student's: resampling would be much too sure of so few. One sample excludes nothing.
    """
    if len(samples) < _ENOUGH:
        return mean_interval(samples, confidence)[1]
    dice = random.Random(seed)
    medians = sorted(statistics.median(dice.choices(samples, k=len(samples))) for _ in range(_RESAMPLES))
    tail = (1 - confidence) / 2
    return Interval(medians[int(tail * _RESAMPLES)], medians[int((1 - tail) * _RESAMPLES) - 1])


def reach(samples: Sequence[float]) -> float:
    """How far the interval of the median reaches from it, as a share of it; infinite of one sample."""
    middle, (low, high) = statistics.median(samples), median_interval(samples)
    return max(high - middle, middle - low) / middle


def mean_interval(samples: Sequence[float], confidence: float = _CONFIDENCE) -> tuple[float, Interval]:
    """The geometric mean of samples above nought and its interval: Student's, of the logarithms.

    From seven samples on, of each seven the least and the greatest are trimmed away and the interval is that of Yuen
    (Biometrika 61, 1974): a disturbed round neither moves the mean nor makes everything uncertain. One sample excludes
    nothing.
    """
    middle, error, freedom = _trimmed(samples)
    if not freedom:
        return samples[0], Interval(0.0, math.inf)
    off = student(confidence, freedom) * error
    # What is beyond any machine's sense of time is beyond a float's, too.
    return math.exp(middle), Interval(math.exp(max(middle - off, -700.0)), math.exp(min(middle + off, 700.0)))


def _trimmed(samples: Sequence[float]) -> tuple[float, float, int]:
    """The trimmed mean of the logarithms, its standard error, and the degrees of freedom: nought of one sample."""
    logs = sorted(math.log(sample) for sample in samples)
    count, trim = len(logs), len(logs) // _TRIM
    kept = logs[trim : count - trim]
    middle = statistics.fmean(kept)
    if count == 1:
        return middle, math.inf, 0
    # The trimmed ones count as the nearest that was kept, or the spread would look smaller than it is.
    winsorized = [kept[0]] * trim + kept + [kept[-1]] * trim
    return middle, statistics.stdev(winsorized) * math.sqrt(count) / len(kept), len(kept) - 1


def paired_ratio(
    samples: Sequence[float], references: Sequence[float], confidence: float = _CONFIDENCE
) -> tuple[float, Interval]:
    """How many times the reference takes as long, round by round: the trimmed mean of the ratios and its interval.

    Pairing takes out what a round did to both. No median is resampled here: of seven rounds the bootstrap's interval of
    the median misses the truth in one case of eight instead of twenty, and it can never be surer than the range of the
    samples is. Student's and Yuen's hold what they say; benchmarks/comparison_power.py shows it on recorded rounds.
    Raises ValueError when the rounds do not match.
    """
    ratios = [reference / sample for sample, reference in zip(samples, references, strict=True)]
    return mean_interval(ratios, confidence)


def unpaired_ratio(
    samples: Sequence[float], references: Sequence[float], confidence: float = _CONFIDENCE
) -> tuple[float, Interval]:
    """How many times as long as the references the samples take, when no round joins them: geometric means, trimmed.

    The interval is Welch's, from seven samples on as Yuen has it: the two may vary differently, and what is shared by
    all rounds of one run, such as a busy machine, is in no interval. A single sample on either side excludes nothing.
    """
    (middle, error, freedom), (other, other_error, other_freedom) = _trimmed(samples), _trimmed(references)
    times = math.exp(middle - other)
    if not freedom or not other_freedom:
        return times, Interval(0.0, math.inf)
    both = error**2 + other_error**2
    if not both:
        return times, Interval(times, times)
    joint = both**2 / (error**4 / freedom + other_error**4 / other_freedom)
    # Rounded down, the interval is wider by a little and never too sure.
    off = min(student(confidence, max(1, int(joint))) * math.sqrt(both), 700.0)
    return times, Interval(times * math.exp(-off), min(times * math.exp(off), 1e300))


@functools.lru_cache(maxsize=256)
def student(confidence: float, freedom: int) -> float:
    """How many standard errors on either side hold the mean with this confidence (Student's t, by bisection)."""
    low, high = 0.0, 1.0
    while _within(high, freedom) < confidence:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < confidence else (low, middle)
    return high


def _within(reach: float, freedom: int) -> float:
    """The chance that Student's t lies within `reach` of nought (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    angle = math.atan(reach / math.sqrt(freedom))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for number in range(2 + odd, freedom - 1, 2):
        term *= square * (number - 1) / number
        total += term
    return (angle + sine * total) * 2 / math.pi if odd else sine * total
