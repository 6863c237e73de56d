"""Statistics of small samples, without assumptions about their shape. Pure: chance comes from a seeded generator."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from typing import NamedTuple

_RESAMPLES = 2_000
_CONFIDENCE = 0.95
# From so many samples on they are resampled: the whole range of four misses the true median in one case of eight.
_ENOUGH = 5
# How many standard errors on either side hold the mean of two, three or four samples with 95 % (Student's t).
_STUDENT = {2: 12.706, 3: 4.303, 4: 3.182}


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


def median_interval(samples: Sequence[float], seed: int = 0, confidence: float = _CONFIDENCE) -> Interval:
    """The bootstrap interval of the median (percentile method, 2,000 resamples) of samples above nought.

    From two to four samples it is Student's, of their logarithms, with 95 % whatever is asked for: resampling would be
    much too sure of so few. One sample excludes nothing.
    """
    if len(samples) < _ENOUGH:
        return _few(samples)
    dice = random.Random(seed)
    medians = sorted(statistics.median(dice.choices(samples, k=len(samples))) for _ in range(_RESAMPLES))
    tail = (1 - confidence) / 2
    return Interval(medians[int(tail * _RESAMPLES)], medians[int((1 - tail) * _RESAMPLES) - 1])


def _few(samples: Sequence[float]) -> Interval:
    if len(samples) == 1:
        return Interval(0.0, math.inf)
    logs = [math.log(sample) for sample in samples]
    middle = statistics.fmean(logs)
    reach = _STUDENT[len(logs)] * statistics.stdev(logs) / math.sqrt(len(logs))
    return Interval(math.exp(middle - reach), math.exp(middle + reach))


def paired_ratio(
    samples: Sequence[float], references: Sequence[float], seed: int = 0, confidence: float = _CONFIDENCE
) -> tuple[float, Interval]:
    """How many times the reference takes as long, round by round: the median of the ratios and its interval.

    Pairing takes out what a round did to both. Raises ValueError when the rounds do not match.
    """
    ratios = [reference / sample for sample, reference in zip(samples, references, strict=True)]
    return statistics.median(ratios), median_interval(ratios, seed, confidence)
