"""Statistics of small samples, without assumptions about their shape. Pure: chance comes from a seeded generator."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from typing import NamedTuple

_RESAMPLES = 2_000
_CONFIDENCE = 0.95


class Interval(NamedTuple):
    """Bounds that hold the true value with 95 % confidence."""

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


def median_interval(samples: Sequence[float], seed: int = 0) -> Interval:
    """The bootstrap interval of the median (percentile method, 2,000 resamples)."""
    dice = random.Random(seed)
    medians = sorted(statistics.median(dice.choices(samples, k=len(samples))) for _ in range(_RESAMPLES))
    tail = (1 - _CONFIDENCE) / 2
    return Interval(medians[int(tail * _RESAMPLES)], medians[int((1 - tail) * _RESAMPLES) - 1])


def paired_ratio(samples: Sequence[float], references: Sequence[float], seed: int = 0) -> tuple[float, Interval]:
    """How many times the reference takes as long, round by round: the median of the ratios and its interval.

    Pairing takes out what a round did to both. Raises ValueError when the rounds do not match.
    """
    ratios = [reference / sample for sample, reference in zip(samples, references, strict=True)]
    return statistics.median(ratios), median_interval(ratios, seed)
