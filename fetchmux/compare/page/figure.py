"""What all pictures share: the figure with its title and its description, the rows of names and plots, the axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fetchmux.compare.page.markup import Markup, element, joined
from fetchmux.compare.page.scale import Scale

Label = Callable[[float], str]


def figure(title: str, description: str, *content: str, kind: str) -> Markup:
    """A picture under its title, and below it what is to be seen on it."""
    caption = element("figcaption", element("strong", title), " ", element("span", description))
    return element("figure", caption, *content, class_=kind)


def row(name: str, plot: Markup, value: str, *, marked: bool = False) -> Markup:
    """A name, a drawing as wide as there is room for, and the figure in words."""
    return element(
        "div",
        element("span", name, class_="name"),
        element("div", plot, class_="plot"),
        element("span", value, class_="value"),
        class_="row marked" if marked else "row",
    )


def axis(scale: Scale, label: Label, most: int = 6) -> Markup:
    """The labels below a column of plots."""
    ticks = [
        element("span", label(value), style=f"left:{scale.at(value):.2%}", class_=_edge(scale.at(value)))
        for value in scale.ticks(most)
    ]
    return element("div", element("div", *ticks, class_="plot axis"), class_="row", aria_hidden="true")


def grid(scale: Scale, most: int = 6) -> Markup:
    """Lines at the axis's values, for the background of a plot."""
    return joined(
        element("line", x1=percent(scale.at(value)), x2=percent(scale.at(value)), y1="0", y2="100%", class_="grid")
        for value in scale.ticks(most)
    )


def drawing(height: float, *content: str, told: str | None = None) -> Markup:
    """An SVG of this height in pixels that stretches to the width; with `told` it speaks, else what is beside it."""
    if told is None:
        return element("svg", *content, height=height, width="100%", aria_hidden="true", focusable="false")
    return element("svg", element("title", told), *content, height=height, width="100%", role="img", aria_label=told)


def stretched(width: float, height: float, *content: str) -> Markup:
    """Shapes in units of their own, stretched over the whole of the drawing that they are in."""
    return element(
        "svg", *content, viewBox=f"0 0 {width:g} {height:g}", preserveAspectRatio="none", width="100%", height="100%"
    )


def legend(entries: Iterable[tuple[str, str]]) -> Markup:
    """Classes of marks and what they mean."""
    return element("p", *(element("span", element("i", class_=kind), name) for kind, name in entries), class_="legend")


def percent(place: float) -> str:
    """A place in a drawing that stretches."""
    return f"{place * 100:.2f}%"


def _edge(place: float) -> str | None:
    """A label at the end of an axis stays inside of it."""
    return "first" if place < 0.04 else "last" if place > 0.96 else None
