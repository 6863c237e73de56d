"""When the first requests of a cell waited and ran: of each strategy in the trial that is its usual one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fetchmux.compare.cell import Cell
from fetchmux.compare.trial import Report, Trace


class Course(NamedTuple):
    """One strategy: a line for each request in the order of the input; `end` is when the last one had ended."""

    backend: str
    lines: list[Trace]
    end: float


def of_cell(cell: Cell, order: Sequence[str]) -> list[Course]:
    """The courses of these strategies, of those that have any."""
    found = []
    for backend in order:
        ran = [report for report in cell.reports if report.backend == backend and report.traces]
        if ran:
            lines = sorted(_usual(ran).traces, key=lambda trace: trace.number)
            # A run that took no time at all is still something to be drawn.
            found.append(Course(backend, lines, max(1e-6, *(line.ended for line in lines))))
    return found


def _usual(ran: Sequence[Report]) -> Report:
    """The trial of the median time, or of two the shorter."""
    return sorted(ran, key=lambda report: report.wall)[(len(ran) - 1) // 2]
