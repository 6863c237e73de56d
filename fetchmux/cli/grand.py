"""The grand table: every cell of a comparison beside the others, a strategy to a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from fetchmux.cli import findings, wording
from fetchmux.compare.cell import Cell
from fetchmux.compare.summary import Summary

# What a column takes at least, and the names of the strategies.
_COLUMN = 13
_NAMES = 17
LEGEND = "* nothing was shown to be faster; - no rank"


def tables(cells: Sequence[Cell], summaries: Sequence[Summary], width: int) -> Iterator[Table]:
    """As many tables as it takes at this width, with the fastest strategy, all in all, on top."""
    order = _order(summaries)
    shown = max(1, (width - _NAMES) // _COLUMN)
    for first in range(0, len(cells), shown):
        yield _table(cells[first : first + shown], summaries[first : first + shown], order)


def _order(summaries: Sequence[Summary]) -> list[str]:
    """By the sum of places; who has none in a cell comes after all that have one."""
    places: dict[str, int] = {}
    for summary in summaries:
        for row in summary.rows:
            places.setdefault(row.backend, 0)
    for summary in summaries:
        ranked = [row.backend for row in summary.rows]
        for backend in places:
            places[backend] += ranked.index(backend) if backend in ranked else len(places)
    return sorted(places, key=lambda backend: places[backend])


def _table(cells: Sequence[Cell], summaries: Sequence[Summary], order: Sequence[str]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("backend", no_wrap=True)
    for cell in cells:
        table.add_column(_heading(cell), justify="right", no_wrap=True)
    for backend in order:
        table.add_row(backend, *(_styled(figure) for figure in _row(summaries, backend)))
    return table


def figures(cells: Sequence[Cell], summaries: Sequence[Summary]) -> tuple[list[str], list[list[str]]]:
    """The headings and the rows of one table as plain text, however wide it is."""
    rows = [[backend, *_row(summaries, backend)] for backend in _order(summaries)]
    return ["backend", *(_heading(cell) for cell in cells)], rows


def _row(summaries: Sequence[Summary], backend: str) -> list[str]:
    return [_figure(summary, backend) for summary in summaries]


def _heading(cell: Cell) -> str:
    """The scenario, and below it each swept value."""
    return "\n".join([cell.scenario, *(findings.value_of(*swept) for swept in cell.swept.items())])


def _figure(summary: Summary, backend: str) -> str:
    row = next((row for row in summary.rows if row.backend == backend), None)
    return "-" if row is None else f"{wording.seconds(row.wall)} *" if row.rank == 1 else wording.seconds(row.wall)


def _styled(figure: str) -> Text:
    """With the mark, or where it would be."""
    style = "bold green" if figure.endswith("*") else "dim" if figure == "-" else ""
    return Text(figure if figure.endswith("*") else f"{figure}  ", style)
