"""From values to places on an axis, and the round values that it is labelled with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# What the eye takes for round, by how coarse the steps are.
_STEPS = (1.0, 2.0, 5.0, 10.0, 20.0)
_MANTISSAS = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))


class Scale(NamedTuple):
    """An axis from `low` to `high`; `logarithmic` ones need values above nought."""

    low: float
    high: float
    logarithmic: bool

    def at(self, value: float) -> float:
        """The place of a value: 0 at the low end, 1 at the high one, and never outside."""
        if not self.logarithmic:
            place = (value - self.low) / (self.high - self.low)
        elif value <= self.low:
            place = 0.0
        else:
            place = math.log(value / self.low) / math.log(self.high / self.low)
        return min(1.0, max(0.0, place))

    def ticks(self, most: int = 6) -> list[float]:
        """At most so many round values, evenly spread."""
        return self._powers(most) if self.logarithmic else self._multiples(most)

    def _multiples(self, most: int) -> list[float]:
        magnitude: float = 10.0 ** math.floor(math.log10((self.high - self.low) / most))
        step = next(step * magnitude for step in _STEPS if (self.high - self.low) / (step * magnitude) <= most - 1)
        first = math.ceil(self.low / step)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def _powers(self, most: int) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        found: list[float] = []
        for mantissas in _MANTISSAS:
            values = (mantissa * 10.0**power for power in range(first, last + 1) for mantissa in mantissas)
            found = [value for value in values if self.low <= value * 1.0001 and value <= self.high * 1.0001]
            if len(found) <= most:
                return found
        return found[:: math.ceil(len(found) / most)]


def linear(values: Iterable[float]) -> Scale:
    """From nought to a little beyond the largest."""
    return Scale(0.0, (max(values, default=0.0) or 1.0) * 1.04, False)


def logarithmic(values: Iterable[float]) -> Scale:
    """From a little below the smallest value above nought to a little beyond the largest."""
    above = [value for value in values if value > 0] or [1.0]
    low, high = min(above), max(above)
    # Values that are all alike still need an axis around them.
    reach = max((high / low) ** 0.04, 1.1)
    return Scale(low / reach, high * reach, True)


def apart(places: Sequence[float], least: float, end: float) -> list[float]:
    """Places moved as little as makes them lie at least so far from one another, in 0 to `end`; their order is kept.

    For labels: what they name stays where it is. Where there is no room for all, they are spread evenly.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    least = min(least, end / max(1, len(places) - 1))
    moved = list(places)
    floor = 0.0
    for index in order:
        moved[index] = floor = max(moved[index], floor)
        floor += least
    ceiling = end
    for index in reversed(order):
        moved[index] = ceiling = min(moved[index], ceiling)
        ceiling -= least
    return moved
