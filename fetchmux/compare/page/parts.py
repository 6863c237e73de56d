"""Bars that are made of parts: what a whole consists of, side by side on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fetchmux.compare.page.figure import Label, axis, drawing, figure, grid, legend, percent, row
from fetchmux.compare.page.markup import Markup, element
from fetchmux.compare.page.scale import Scale, linear

_HEIGHT = 22


class Whole(NamedTuple):
    """The parts in the order of the legend."""

    name: str
    parts: Sequence[float]
    text: str


def wholes(
    title: str, description: str, items: Sequence[Whole], entries: Sequence[tuple[str, str]], label: Label
) -> Markup:
    """`entries` has for each part the class of its mark and its name."""
    scale = linear([sum(item.parts) for item in items])
    rows = [row(item.name, _stack(item, [kind for kind, _ in entries], scale), item.text) for item in items]
    return figure(title, description, legend(entries), *rows, axis(scale, label), kind="rows wholes")


def _stack(item: Whole, kinds: Sequence[str], scale: Scale) -> Markup:
    shapes, begun = [], 0.0
    for kind, part in zip(kinds, item.parts, strict=True):
        left, right = scale.at(begun), scale.at(begun + part)
        begun += part
        shapes.append(element("rect", x=percent(left), y="4", width=percent(right - left), height="14", class_=kind))
    return drawing(_HEIGHT, grid(scale), *shapes)
