"""Horizontal bars with the interval of each: how much, and how sure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from fetchmux.compare.page.figure import Label, axis, drawing, figure, grid, percent, row
from fetchmux.compare.page.markup import Markup, element
from fetchmux.compare.page.scale import Scale, linear

_HEIGHT = 22


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
    scale = linear([item.value if math.isinf(item.high) else item.high for item in items])
    rows = [row(item.name, _bar(item, scale), item.text, marked=item.marked) for item in items]
    return figure(title, description, *rows, axis(scale, label), kind="rows bars")


def _bar(item: Bar, scale: Scale) -> Markup:
    filled = element("rect", x="0", y="4", width=percent(scale.at(item.value)), height="14", rx="2", class_="fill")
    whiskers = [] if math.isinf(item.high) else _whiskers(percent(scale.at(item.low)), percent(scale.at(item.high)))
    return drawing(_HEIGHT, grid(scale), filled, *whiskers)


def _whiskers(low: str, high: str) -> list[Markup]:
    middle = str(_HEIGHT / 2)
    ends = [element("line", x1=end, x2=end, y1="6", y2="16", class_="whisker") for end in (low, high)]
    return [element("line", x1=low, x2=high, y1=middle, y2=middle, class_="whisker"), *ends]
