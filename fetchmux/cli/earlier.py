"""A saved comparison beside the one that is made: read, checked, told as tables, and made a gate for CI.

Knows how it is put. What has changed, `compare.against` knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

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


class Load(NamedTuple):
    """What has become of one load; `where`: its name where there are several; `absent`: who had no rank then."""

    where: str
    changes: list[against.Change]
    absent: list[str]


class Judgement(NamedTuple):
    """All loads; with a `margin`, a strategy that is surely slower by more than this share fails."""

    title: str
    margin: float | None
    loads: list[Load]

    @property
    def slower(self) -> list[str]:
        """Those that fail, each with its load."""
        margin = math.inf if self.margin is None else self.margin
        return [f"{change.backend}{load.where}" for load in self.loads for change in load.changes
                if change.slower_than(margin)]  # fmt: skip

    @property
    def failed(self) -> bool:
        """Whether the gate is shut: also where there is nothing that it could have let through."""
        return self.margin is not None and (bool(self.slower) or not any(load.changes for load in self.loads))

    def parts(self) -> Iterator[Table | Text]:
        """A table for each load, and the sentences on them."""
        for load in self.loads:
            yield Text()
            yield Text(f"{self.title}{load.where}", "bold")
            yield _table(load.changes) if load.changes else Text("No strategy has a rank in both.", "bold red")
            if load.absent and load.changes:
                yield Text(f"Without a rank then: {findings.listed(load.absent)}.", "dim")
        yield Text(_METHOD, "dim")
        if self.margin is not None:
            yield self._sentence(self.margin)
        yield Text()

    def _sentence(self, margin: float) -> Text:
        beyond = f"slower by more than {margin * 100:.3g} %"
        if self.slower:
            return Text(f"Surely {beyond}: {findings.listed(self.slower)}.", "bold red")
        if self.failed:
            return Text("Nothing could be held against anything.", "bold red")
        if any(math.isinf(change.interval.high) for load in self.loads for change in load.changes):
            return Text("A single round shows nothing: take more, here and then.", "yellow")
        return Text(f"Nothing was shown to be {beyond}.", "green")


class Earlier:
    """The comparison to hold against; refused with a UsageError if it does not have all that is to be compared."""

    def __init__(self, path: Path, margin: float | None, document: Document) -> None:
        self._path = str(path)
        self._margin = margin
        old = read(path)
        pairs = zip(document.cells, against.counterparts(document.cells, old.cells), strict=True)
        self._cells = [self._found(cell, other) for cell, other in pairs]
        self._reference = old.reference
        self._differences = against.differences(document.machine, old.machine)
        self._started = old.started

    def _found(self, cell: Cell, other: Cell | None) -> Cell:
        if other is None:
            raise UsageError(f"{self._path!r} has no such load as this one: {findings.label(cell)}")
        return other

    def warnings(self) -> list[str]:
        """What makes the two hard to compare."""
        if not self._differences:
            return []
        return [f"{self._path} is of another machine: {'; '.join(self._differences)}"]

    def judge(self, cells: Sequence[Cell], summaries: Sequence[Summary]) -> Judgement:
        """What has changed."""
        title = f"Against {self._path} of {self._started[:16].replace('T', ', ')}"
        loads = []
        for cell, summary, earlier in zip(cells, summaries, self._cells, strict=True):
            where = f" ({findings.label(cell)})" if len(cells) > 1 else ""
            found = against.changes(summary, summarise(earlier, self._reference))
            named = {change.backend for change in found}
            absent = [row.backend for row in (*summary.rows, *summary.peers) if row.backend not in named]
            loads.append(Load(where, found, absent))
        return Judgement(title, self._margin, loads)


_METHOD = (
    "time: how many times as long it takes now; trimmed geometric means of the rounds, Welch's interval of two "
    "independent samples. Each holds with 95 % for itself, so of twenty strategies one may be told wrongly."
)


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
