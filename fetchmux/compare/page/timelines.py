"""When each request waited and ran: a panel for each strategy, a line for each request, a segment for each phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fetchmux.compare.page.figure import Label, drawing, figure, legend, percent, stretched
from fetchmux.compare.page.markup import Markup, element

# A phase is told by the thickness of its segment too, as a share of the line, so that nobody needs the colours.
PHASES = (
    ("queued", "waiting for its turn", 0.14),
    ("connecting", "connecting", 0.42),
    ("waiting", "waiting for the reply", 0.66),
    ("receiving", "receiving", 0.94),
)
_LINE = 5
# Units of a panel's width.
_WIDTH = 2000
# A segment is never narrower than this, so that what took no time is still seen.
_LEAST = 6


class Panel(NamedTuple):
    """The lines of one strategy: for each request the ends of its phases, in seconds from the beginning, in order.

    Attributes:
        end: where the panel's axis ends; marker: a moment to be marked on it, or None.
        failed: the lines, counted from 0, whose request failed.
    """

    name: str
    caption: str
    lines: Sequence[Sequence[float]]
    end: float
    marker: float | None = None
    failed: frozenset[int] = frozenset()


def timelines(title: str, description: str, panels: Sequence[Panel], label: Label) -> Markup:
    """Panels beside one another, each on a clock of its own."""
    entries = [(kind, name) for kind, name, _ in PHASES]
    shown = element("div", *(_panel(panel, label) for panel in panels), class_="panels")
    return figure(title, description, legend(entries), shown, kind="timelines")


def _panel(panel: Panel, label: Label) -> Markup:
    height = max(1, len(panel.lines)) * _LINE
    paths = [
        element("path", d=_segments(panel, phase, thickness), class_=kind)
        for phase, (kind, _, thickness) in enumerate(PHASES)
    ]
    crosses = [_cross(line, panel.lines[line][-1] / panel.end) for line in sorted(panel.failed)]
    marker = [] if panel.marker is None else [_marker(panel.marker / panel.end)]
    shapes = stretched(_WIDTH, max(1, len(panel.lines)), *paths)
    plot = drawing(height, shapes, *marker, *crosses, told=f"{panel.name}: {panel.caption}")
    ends = element("div", element("span", "0"), element("span", label(panel.end)), class_="ends", aria_hidden="true")
    return element("div", element("h4", panel.name), element("p", panel.caption), plot, ends, class_="panel")


def _segments(panel: Panel, phase: int, thickness: float) -> str:
    """All segments of one phase as one path."""
    moves = []
    for line, ends in enumerate(panel.lines):
        begin, end = (0.0, *ends)[phase], ends[phase]
        if end <= begin and phase < len(PHASES) - 1:
            continue
        left, right = round(begin / panel.end * _WIDTH), round(end / panel.end * _WIDTH)
        if phase:
            right = max(right, left + _LEAST)
        top = line + (1 - thickness) / 2
        moves.append(f"M{left} {top:.2f}h{right - left}v{thickness}h{left - right}z")
    return "".join(moves)


def _cross(line: int, place: float) -> Markup:
    return element("text", "×", x=percent(min(0.97, place)), y=(line + 1) * _LINE, class_="failed")


def _marker(place: float) -> Markup:
    where = percent(min(1.0, place))
    return element("line", x1=where, x2=where, y1="0", y2="100%", class_="marker")
