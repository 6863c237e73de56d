"""Horizontal bars with the interval of each: how much, and how sure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from fetchmux.compare.page.figure import Label, axis, drawing, figure, grid, percent, row
from fetchmux.compare.page.markup import Markup, element
from fetchmux.compare.page.scale import Scale, linear

_HEIGHT = 22
# So many times the longest bar is the most that an interval makes of the axis.
_REACH = 1.5


class Bar(NamedTuple):
    """A value with its interval, which has no end (infinity) where nothing is known; `marked` ones stand out."""

    name: str
    value: float
    low: float
    high: float
    text: str
    marked: bool = False


def bars(title: str, description: str, items: Sequence[Bar], label: Label) -> Markup:
    """One bar below another from nought on a common axis, with whiskers over its interval."""
    scale = linear(_lengths(items))
    rows = [row(item.name, _bar(item, scale), item.text, marked=item.marked) for item in items]
    return figure(title, description, *rows, axis(scale, label), kind="rows bars")


def _lengths(items: Sequence[Bar]) -> list[float]:
    """What the axis must hold: all values, and their intervals unless they reach so far that no bar would be seen."""
    most = _REACH * max(item.value for item in items)
    return [max(item.value, min(most, item.high)) if math.isfinite(item.high) else item.value for item in items]


def _bar(item: Bar, scale: Scale) -> Markup:
    filled = element("rect", x="0", y="4", width=percent(scale.at(item.value)), height="14", rx="2", class_="fill")
    whiskers = [] if math.isinf(item.high) else _whiskers(item, scale)
    return drawing(_HEIGHT, grid(scale), filled, *whiskers)


def _whiskers(item: Bar, scale: Scale) -> list[Markup]:
    """A line over the interval, and across it an end at each bound that is on the axis."""
    middle = str(_HEIGHT / 2)
    low, high = percent(scale.at(item.low)), percent(scale.at(item.high))
    ends = [low, high] if item.high <= scale.high else [low]
    across = [element("line", x1=end, x2=end, y1="6", y2="16", class_="whisker") for end in ends]
    return [element("line", x1=low, x2=high, y1=middle, y2=middle, class_="whisker"), *across]
