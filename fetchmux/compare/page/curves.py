"""How values change along another one: a line for each strategy with the band of its interval, on logarithmic axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fetchmux.compare.page.figure import Label, drawing, figure, percent, stretched
from fetchmux.compare.page.markup import Markup, element
from fetchmux.compare.page.scale import Scale, apart, logarithmic

_HEIGHT = 380
# A label's height, so that two are not written over one another.
_LETTERS = 16
# So many of each are in the style sheet; the dashes change when all colours have been used.
_COLOURS = 8
_DASHES = 3
_WIDTH = 1000
# So many times the highest value, and such a part of the lowest, is the most that bands make of the axis.
_REACH = 2.0
# Labels of the horizontal axis are no nearer to one another than this share of it.
_NEAR = 0.09


class Point(NamedTuple):
    """A value with its interval; an infinite one is not drawn."""

    x: float
    y: float
    low: float
    high: float


class Curve(NamedTuple):
    """A line, its points from left to right."""

    name: str
    points: Sequence[Point]


def curves(title: str, description: str, items: Sequence[Curve], across: Label, up: Label) -> Markup:
    """Every line is named at its right end; pointing at one dims the others."""
    x = _Across(sorted({point.x for item in items for point in item.points}))
    y = logarithmic(_heights([point for item in items for point in item.points]))
    lines = [_curve(number, item, x.at, y, across, up) for number, item in enumerate(items)]
    plot = drawing(_HEIGHT, *_grid(x, y), *lines, told=f"{title}. {description}")
    body = element(
        "div",
        element("div", *_ticks(y, up), class_="ups", aria_hidden="true"),
        element("div", plot, class_="plot"),
        *_names(items, y),
        element("div", *_below(x, across), class_="axis", aria_hidden="true"),
        class_="field",
    )
    return figure(title, description, body, kind="curves" if len(items) <= _COLOURS else "curves many")


class _Across:
    """The horizontal axis: the values themselves, logarithmic; nought stands one step before the first above it."""

    def __init__(self, values: Sequence[float]) -> None:
        above = [value for value in values if value > 0]
        steps = [later / earlier for earlier, later in itertools.pairwise(above)]
        self._nought = above[0] / min(steps, default=10.0) if above else 1.0
        self._scale = logarithmic([value or self._nought for value in values])
        self.values = values

    def at(self, value: float) -> float:
        return self._scale.at(value or self._nought)


def _heights(points: Sequence[Point]) -> list[float]:
    """What the axis must hold: all values, and their bands unless they reach so far that all lines would be flat."""
    values = [point.y for point in points]
    least, most = min(values) / _REACH, max(values) * _REACH
    bands = [bound for point in points for bound in (point.low, point.high) if math.isfinite(point.high)]
    return values + [min(most, max(least, bound)) for bound in bands]


def _curve(number: int, item: Curve, x: Callable[[float], float], y: Scale, across: Label, up: Label) -> Markup:
    def path(places: Sequence[tuple[float, float]]) -> str:
        spots = (f"{x(over) * _WIDTH:.1f} {_down(y, value):.1f}" for over, value in places)
        return f"M{'L'.join(spots)}"

    known = [point for point in item.points if not math.isinf(point.high)]
    outline = [(point.x, point.high) for point in known] + [(point.x, point.low) for point in reversed(known)]
    band = element("path", d=f"{path(outline)}Z" if len(known) > 1 else None, class_="band")
    line = element("path", d=path([(point.x, point.y) for point in item.points]), class_="line")
    dots = [element("circle", cx=percent(x(point.x)), cy=_down(y, point.y), r="3.5") for point in item.points]
    values = "; ".join(f"{across(point.x)}: {up(point.y)}" for point in item.points)
    shapes = stretched(_WIDTH, _HEIGHT, band, line)
    return element("g", element("title", f"{item.name}: {values}"), shapes, *dots, class_=f"curve {_look(number)}")


def _down(y: Scale, value: float) -> float:
    return (1 - y.at(value)) * _HEIGHT


def _look(number: int) -> str:
    return f"c{number % _COLOURS} d{number // _COLOURS % _DASHES}"


def _grid(x: _Across, y: Scale) -> list[Markup]:
    lines = []
    for value in x.values:
        where = percent(x.at(value))
        lines.append(element("line", x1=where, x2=where, y1="0", y2="100%", class_="grid"))
    for value in y.ticks():
        where = percent(1 - y.at(value))
        lines.append(element("line", x1="0", x2="100%", y1=where, y2=where, class_="grid"))
    return lines


def _ticks(y: Scale, up: Label) -> list[Markup]:
    return [element("span", up(value), style=f"top:{1 - y.at(value):.2%}") for value in y.ticks()]


def _below(x: _Across, across: Label) -> list[Markup]:
    """Labels below the values, but for those that would stand on their neighbour's."""
    shown, last = [], -1.0
    for value in x.values:
        place = x.at(value)
        if place - last >= _NEAR:
            last = place
            shown.append(element("span", across(value), style=f"left:{place:.2%}"))
    return shown


def _names(items: Sequence[Curve], y: Scale) -> tuple[Markup, Markup]:
    """The names at the right, each joined to the end of its line."""
    ends = [_down(y, item.points[-1].y) for item in items]
    places = apart(ends, _LETTERS, _HEIGHT)
    joints = [
        element("line", x1="2", y1=round(end, 1), x2="16", y2=round(place, 1), class_=f"joint {_look(number)}")
        for number, (end, place) in enumerate(zip(ends, places, strict=True))
    ]
    names = [
        element("span", item.name, style=f"top:{place:.1f}px", class_=_look(number))
        for number, (item, place) in enumerate(zip(items, places, strict=True))
    ]
    joining = element("svg", *joints, width="18", height=_HEIGHT, aria_hidden="true", class_="joints")
    return joining, element("div", *names, class_="names")
