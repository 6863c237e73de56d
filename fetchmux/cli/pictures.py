"""The pictures of a comparison: which values each of them shows, in which words.

Knows what is worth seeing. Must not know how it is drawn; `compare.page` does.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from fetchmux.cli import columns, findings, wording
from fetchmux.compare import traces
from fetchmux.compare.cell import Cell
from fetchmux.compare.crossover import groups
from fetchmux.compare.page import bars, curves, parts, spreads, timelines
from fetchmux.compare.page.markup import Markup
from fetchmux.compare.row import Row
from fetchmux.compare.summary import Summary

_PARTS = (
    ("connecting", "connecting"),
    ("waiting", "waiting for the reply"),
    ("receiving", "receiving"),
)


def of_cell(cell: Cell, summary: Summary) -> Iterator[Markup]:
    """All pictures of one cell that has ranked strategies."""
    if summary.reference is not None and len(summary.rows) > 1:
        yield _speeds(summary)
    yield _latencies(cell, summary)
    yield _split(summary)
    yield from _timelines(cell, summary)


def sweeps(cells: Sequence[Cell], summaries: Sequence[Summary]) -> Iterator[Markup]:
    """A picture for each sweep with all else fixed."""
    for swept, group in groups(cells):
        items = _curves(swept, [(cells[place], summaries[place]) for place in group])
        if items:
            first = cells[group[0]]
            fixed = [findings.value_of(name, value) for name, value in first.swept.items() if name != swept]
            title = f"Time of a run by {swept}: {', '.join([first.scenario, *fixed])}"
            told = "Medians with the band of their 95 % intervals; both axes are logarithmic. Lower is faster."
            yield curves.curves(title, told, items, functools.partial(_short, swept), wording.moment)


def _rows(summary: Summary) -> list[Row]:
    """The strategies, and after them the peers."""
    return [*summary.rows, *summary.peers]


def _short(swept: str, value: float) -> str:
    """A swept value under its axis, which has the name."""
    return findings.value_of(swept, value).removeprefix(f"{swept} ")


def _curves(swept: str, group: Sequence[tuple[Cell, Summary]]) -> list[curves.Curve]:
    """Fastest at the far end first."""
    points: dict[str, list[curves.Point]] = {}
    for cell, summary in reversed(group):
        for row in _rows(summary):
            point = curves.Point(cell.swept[swept], row.wall, *row.interval)
            points.setdefault(row.backend, []).insert(0, point)
    return [curves.Curve(backend, found) for backend, found in points.items()]


def _speeds(summary: Summary) -> Markup:
    items = [
        bars.Bar(row.backend, row.speed, *row.speed_interval, _speed(row), marked=row.rank == 1)
        for row in _rows(summary)
    ]
    told = "Whiskers: the 95 % interval of the ratio within a round. In bold: the first rank."
    return bars.bars(f"Speed against {summary.reference}", told, items, lambda value: f"{value:g} ×")


def _speed(row: Row) -> str:
    between = columns.between(row.speed_interval, "–")
    return f"{columns.times(row.speed)} ({between})" if between else columns.times(row.speed)


def _latencies(cell: Cell, summary: Summary) -> Markup:
    items = []
    for row in _rows(summary):
        ran = [report for report in cell.reports if report.backend == row.backend and report.failure is None]
        # A request on a standing connection that is answered at once may take no time that a clock can see.
        samples = [max(1e-6, latency) for report in ran for latency in report.spans.latencies()]
        marks = (row.latency.p50, row.latency.p99)
        told = " · ".join(wording.moment(value) for value in (*marks, row.latency.most))
        items.append(spreads.Spread(row.backend, samples, marks, told, row.rank == 1))
    told = (
        "Of every request, from connecting to the last byte; waiting for a slot is not in it. Lines: the median and "
        "the 99th percentile; beside it p50 · p99 · max. The axis is logarithmic."
    )
    return spreads.spreads("Latency", told, items, wording.moment)


def _split(summary: Summary) -> Markup:
    items = [
        parts.Whole(row.backend, (row.split.connect, row.split.wait, row.split.receive), _told(row.split.queued))
        for row in _rows(summary)
    ]
    told = "Median of each part. Waiting for a slot comes before, is nobody's latency and stands beside it."
    return parts.wholes("Where a request's time goes", told, items, _PARTS, wording.moment)


def _told(queued: float) -> str:
    return f"after {wording.moment(queued)} queued"


def _timelines(cell: Cell, summary: Summary) -> Iterator[Markup]:
    found = traces.of_cell(cell, [row.backend for row in _rows(summary)])
    if not found:
        return
    first = min(found, key=lambda course: course.end)
    panels = [_panel(course, None if course is first else first.end) for course in found]
    told = f"The first {wording.counted(len(first.lines), 'request')}, a line for each, in the trial of median time."
    if len(found) > 1:
        told += " Every strategy has a clock of its own; the dashed line is the moment at which"
        told += f" {first.backend} had ended all of them."
    yield timelines.timelines("When each request waited and ran", told, panels, wording.moment)


def _panel(course: traces.Course, marker: float | None) -> timelines.Panel:
    failed = frozenset(place for place, line in enumerate(course.lines) if not line.ok)
    lines = [(line.started, line.connected, line.first_byte, line.ended) for line in course.lines]
    caption = f"{wording.counted(len(lines), 'request')} in {wording.moment(course.end)}"
    caption += f", {len(failed)} failed" if failed else ""
    return timelines.Panel(course.backend, caption, lines, course.end, marker, failed)
