"""Distributions below one another on one logarithmic axis: a histogram for each, with the percentiles marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fetchmux.compare.page.figure import Label, axis, drawing, figure, grid, percent, row, stretched
from fetchmux.compare.page.markup import Markup, element
from fetchmux.compare.page.scale import Scale, logarithmic

_HEIGHT = 34
# So many classes over the whole axis: finer than the eye needs, coarse enough for a few hundred samples.
_CLASSES = 120


class Spread(NamedTuple):
    """Samples above nought, in any order; `marks` are values among them that a line is drawn at."""

    name: str
    samples: Sequence[float]
    marks: Sequence[float]
    text: str
    marked: bool = False


def spreads(title: str, description: str, items: Sequence[Spread], label: Label) -> Markup:
    """Each histogram is as high as its fullest class: shapes can be compared, and places, but not heights."""
    scale = logarithmic([value for item in items for value in (min(item.samples), max(item.samples))])
    rows = [row(item.name, _histogram(item, scale), item.text, marked=item.marked) for item in items]
    return figure(title, description, *rows, axis(scale, label), kind="rows spreads")


def _histogram(item: Spread, scale: Scale) -> Markup:
    marks = [
        element("line", x1=percent(scale.at(value)), x2=percent(scale.at(value)), y1="2", y2=_HEIGHT, class_="mark")
        for value in item.marks
    ]
    shape = element("path", d=outline(counted(item.samples, scale)), class_="fill")
    return drawing(_HEIGHT, grid(scale), stretched(_CLASSES, 100, shape), *marks)


def counted(samples: Sequence[float], scale: Scale, classes: int = _CLASSES) -> list[int]:
    """How many samples fall into each of so many classes of equal width on the axis."""
    counts = [0] * classes
    for sample in samples:
        counts[min(classes - 1, int(scale.at(sample) * classes))] += 1
    return counts


def outline(counts: Sequence[int]) -> str:
    """The path around a histogram in a box of one unit a class and 100 units of height; a lone sample is still seen."""
    fullest = max(counts) or 1
    steps, before = ["M0 100"], 0.0
    for place, count in enumerate(counts):
        height = max(3.0, round(92 * count / fullest, 1)) if count else 0.0
        if height != before:
            steps.append(f"H{place}V{100 - height:g}")
            before = height
    steps.append(f"H{len(counts)}V100Z")
    return "".join(steps)
