"""Tables of measurements: for a terminal by Rich, for the README in Markdown, both with the machine and the date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import rich.box
import rich.console
import rich.table

from benchmarks.runs import Run
from fetchmux.compare import machine

MIB = 1 << 20


class Table:
    """Rows of text under a title; all columns but the first two are figures."""

    def __init__(self, title: str, columns: list[str]) -> None:
        self._title = title
        self._columns = columns
        self._rows: list[tuple[str, ...]] = []

    def add(self, *row: str) -> None:
        """Add a row."""
        self._rows.append(row)

    def show(self, markdown: Path | None) -> None:
        """Print the table, and write it as Markdown where that is asked for."""
        table = rich.table.Table(title=self._title, box=rich.box.SIMPLE_HEAD, title_justify="left")
        for place, column in enumerate(self._columns):
            table.add_column(column, justify="left" if place < 2 else "right")
        for row in self._rows:
            table.add_row(*row)
        console = rich.console.Console()
        console.print(table)
        console.print(where())
        if markdown is not None:
            markdown.write_text(self.markdown())

    def markdown(self) -> str:
        """The table for a README."""
        rule = ["---" if place < 2 else "---:" for place in range(len(self._columns))]
        lines = [self._columns, rule, *self._rows]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"{self._title}. {where()}\n\n{body}\n"


def figures(run: Run) -> tuple[str, str, str]:
    """Wall time, CPU and peak memory, as they are shown."""
    return f"{run.wall:.2f} s", f"{run.cpu:.2f} s", f"{run.peak / MIB:.0f} MiB"


def verdict(ratio: float, target: float) -> tuple[str, str]:
    """A ratio, and whether it is as low as it was to be."""
    return f"{ratio:.2f}", f"{'✓' if ratio <= target else '✗'} {target:.2f}"


def where() -> str:
    """The machine and the date, in a sentence."""
    here = machine.describe()
    return (
        f"{dt.date.today()}, {here.cpu}, {here.cpus} cores, {here.system} {here.kernel.split('-')[0]}, "
        f"{here.implementation} {here.python}, load {here.load[0]:.1f} at the end."
    )
