"""When each request waited and ran, in characters: a panel for each strategy, a line for each request.

Knows how a line is drawn. When what happened, `compare.traces` knows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from rich.text import Text

from fetchmux.cli import wording
from fetchmux.cli.glyphs import Glyphs
from fetchmux.compare.traces import Course
from fetchmux.compare.trial import Trace

# A panel's least width and the space between two.
_PANEL = 36
_GAP = 3
_STYLES = ("dim", "yellow", "blue", "cyan", "red")


def timeline(courses: Sequence[Course], width: int, glyphs: Glyphs) -> Iterator[Text]:
    """The lines of the picture, as many panels beside one another as there is room for."""
    if not courses:
        return
    first = min(courses, key=lambda course: course.end)
    yield _legend(first.backend if len(courses) > 1 else None, glyphs)
    beside = max(1, (width + _GAP) // (_PANEL + _GAP))
    each = (width + _GAP) // beside - _GAP
    for place in range(0, len(courses), beside):
        yield Text()
        panels = [list(_panel(course, first, each, glyphs)) for course in courses[place : place + beside]]
        for lines in zip(*panels, strict=True):
            yield Text(" " * _GAP).join(lines)


def _legend(first: str | None, glyphs: Glyphs) -> Text:
    meanings = ("waiting for its turn", "connecting", "waiting for the reply", "receiving")
    marks = (glyphs.queued, glyphs.connecting, glyphs.waiting, glyphs.receiving)
    legend = Text()
    for mark, meaning, style in zip(marks, meanings, _STYLES, strict=False):
        legend.append(mark, style).append(f" {meaning}   ")
    if first is not None:
        legend.append(f"{glyphs.marker} {first} had ended")
    legend.rstrip()
    return legend


def _panel(course: Course, first: Course, width: int, glyphs: Glyphs) -> Iterator[Text]:
    """A heading, a line for each request, the axis; each padded to the width."""
    told = f" {wording.counted(len(course.lines), 'request')} in {wording.seconds(course.end)}"
    yield _fitted(Text.assemble((course.backend, "bold"), (told, "dim")), width)
    for line in course.lines:
        yield _fitted(_line(line, course.end / width, width, glyphs), width)
    axis = glyphs.rule * (width - 1)
    yield Text(glyphs.corner + axis, "dim") if course is first else _marked(axis, first.end / course.end, glyphs)


def _fitted(text: Text, width: int) -> Text:
    text.truncate(width, pad=True)
    return text


def _line(line: Trace, moment: float, width: int, glyphs: Glyphs) -> Text:
    """One request; `moment`: the seconds that a character stands for."""
    text = Text()
    # A request that took less than a moment has a character, too.
    last = min(width - 1, max(int(line.started / moment), math.ceil(line.ended / moment) - 1))
    for place in range(last + 1):
        if place == last and not line.ok:
            text.append(glyphs.failed, _STYLES[-1])
        else:
            phase = _phase(line, place * moment, (place + 1) * moment)
            text.append((glyphs.queued, glyphs.connecting, glyphs.waiting, glyphs.receiving)[phase], _STYLES[phase])
    return text


def _phase(line: Trace, begin: float, end: float) -> int:
    """What took most of a character's time; only where nothing else did, it is the waiting for a turn."""
    bounds = (line.started, line.connected, line.first_byte, line.ended)
    shares = [min(end, until) - max(begin, since) for since, until in itertools.pairwise(bounds)]
    longest = max(range(len(shares)), key=shares.__getitem__)
    return longest + 1 if line.started < end else 0


def _marked(axis: str, place: float, glyphs: Glyphs) -> Text:
    spot = min(len(axis) - 1, int(place * (len(axis) + 1)))
    return Text.assemble((glyphs.corner + axis[:spot], "dim"), (glyphs.marker, "green"), (axis[spot + 1 :], "dim"))
