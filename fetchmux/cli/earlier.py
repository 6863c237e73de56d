"""A saved comparison beside the one that is made: read, checked, told as tables, and made a gate for CI.

Knows how it is put. What has changed, `compare.against` knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from rich.table import Table
from rich.text import Text

from fetchmux.cli import columns, findings, wording
from fetchmux.compare import against, export
from fetchmux.compare.cell import Cell
from fetchmux.compare.export import Document
from fetchmux.compare.summary import Summary, summarise
from fetchmux.errors import UsageError

_STYLES = {"faster": "green", "slower": "bold red"}
HEADINGS = ("backend", "then", "now", "time", "95 % interval", "")


def read(path: Path) -> Document:
    """A saved comparison. Raises UsageError."""
    try:
        return export.load(path)
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{str(path)!r} is no comparison that can be read here: {error}") from None


class Earlier:
    """The comparison to hold against; refused with a UsageError if it does not have all that is to be compared.

    Args:
        margin: a strategy that is surely slower by more than this share fails; None: nothing fails.

    Attributes:
        slower: after `tables`, those that fail, each with the load in words.
    """

    def __init__(self, path: Path, margin: float | None, document: Document) -> None:
        self._path = str(path)
        self._margin = margin
        old = read(path)
        self._cells = [self._found(cell, other) for cell, other in _pairs(document, old)]
        self._reference = old.reference
        self._differences = against.differences(document.machine, old.machine)
        self._started = old.started
        self.slower: list[str] = []

    def _found(self, cell: Cell, other: Cell | None) -> Cell:
        if other is None:
            raise UsageError(f"{self._path!r} has no such load as this one: {findings.label(cell)}")
        return other

    def warnings(self) -> list[str]:
        """What makes the two hard to compare."""
        if not self._differences:
            return []
        return [f"{self._path} is of another machine: {'; '.join(self._differences)}"]

    def parts(self, cells: Sequence[Cell], summaries: Sequence[Summary]) -> Iterator[Table | Text]:
        """A table for each load and the sentences on it; fills `slower`."""
        for cell, summary, earlier in zip(cells, summaries, self._cells, strict=True):
            old = summarise(earlier, self._reference)
            found = against.changes(summary, old)
            where = f" ({findings.label(cell)})" if len(cells) > 1 else ""
            yield Text()
            yield Text(f"Against {self._path} of {self._started[:16].replace('T', ', ')}{where}", "bold")
            yield _table(found) if found else Text("No strategy has a rank in both.", "yellow")
            absent = [row.backend for row in summary.rows if row.backend not in {change.backend for change in found}]
            if absent and found:
                yield Text(f"Without a rank then: {findings.listed(absent)}.", "dim")
            self.slower += [f"{change.backend}{where}" for change in found if self._fails(change)]
        yield Text(_METHOD, "dim")
        if self._margin is not None:
            yield self._judgement(self._margin)
        yield Text()

    def _fails(self, change: against.Change) -> bool:
        return self._margin is not None and change.slower_than(self._margin)

    def _judgement(self, margin: float) -> Text:
        beyond = f"slower by more than {margin * 100:.3g} %"
        if self.slower:
            return Text(f"Surely {beyond}: {findings.listed(self.slower)}.", "bold red")
        return Text(f"Nothing was shown to be {beyond}.", "green")


_METHOD = (
    "time: how many times as long it takes now; trimmed geometric means of the rounds, Welch's interval of two "
    "independent samples. Each holds with 95 % for itself, so of twenty strategies one may be told wrongly."
)


def _pairs(document: Document, old: Document) -> Iterator[tuple[Cell, Cell | None]]:
    return zip(document.cells, against.counterparts(document.cells, old.cells), strict=True)


def _table(found: Sequence[against.Change]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in ("backend", "") else "right", no_wrap=True)
    for change in found:
        table.add_row(
            *(Text(figure) for figure in _figures(change)), Text(change.verdict, _STYLES.get(change.verdict, ""))
        )
    return table


def _figures(change: against.Change) -> tuple[str, ...]:
    interval = "unknown" if math.isinf(change.interval.high) else columns.between(change.interval, "–")
    return (
        change.backend,
        wording.seconds(change.before),
        wording.seconds(change.now),
        columns.times(change.times),
        interval,
    )
