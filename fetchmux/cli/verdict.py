"""What a comparison found, for a person: three tables, five where it is narrow, and sentences; the advice last.

Knows how numbers are laid out and rounded. Every number and every judgement comes from `compare.summary`.
"""

from __future__ import annotations

import io
import math
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fetchmux.cli import bars, columns, findings, grand, wording
from fetchmux.cli.earlier import Judgement
from fetchmux.cli.glyphs import glyphs
from fetchmux.cli.timeline import timeline
from fetchmux.compare import traces
from fetchmux.compare.caution import cautions
from fetchmux.compare.cell import Cell
from fetchmux.compare.export import Document
from fetchmux.compare.row import Row
from fetchmux.compare.summary import Summary

# Where no terminal says how wide it is.
_PIPED_WIDTH = 100
# The columns that three tables take; where there are fewer, the same figures stand in five.
_WIDE = 100
# Between two columns.
_SPACE = 2
PEERS = "Peers, which bring their own HTTP stack"


def render(
    document: Document, summaries: list[Summary], judgement: Judgement | None = None, *, timelines: bool = False
) -> str:
    """Everything, as standard output takes it: in colours and as wide as the terminal, if it is one."""
    # Written by the caller in one go: what the console itself cannot write, it takes for a defect.
    page = io.StringIO()
    console = Console(file=page, highlight=False, force_terminal=sys.stdout.isatty() or None)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    cells = document.cells
    for cell, summary in zip(cells, summaries, strict=True):
        _show(console, cell, summary, whole=len(cells) == 1)
        if timelines:
            _draw(console, cell, summary)
    if len(cells) > 1:
        for table in grand.tables(cells, summaries, console.width):
            console.print(table)
            console.print()
        console.print(Text(grand.LEGEND, "dim"))
    for part in () if judgement is None else judgement.parts():
        console.print(part)
    for sentence in (*found(document, summaries), *method(document), *advised(cells, summaries)):
        console.print(sentence, soft_wrap=False)
    return "".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())


def _show(console: Console, cell: Cell, summary: Summary, *, whole: bool) -> None:
    """One cell: all that is known, or with others only who is how fast and why."""
    console.print(Text(heading(cell), "bold"))
    groups = columns.AT_ONCE if console.width >= _WIDE else columns.IN_PIECES
    for rows in filter(None, (summary.rows, summary.peers)):
        if rows is summary.peers:
            console.print()
            console.print(Text(f"{PEERS}:", "bold"))
        for group in groups if whole else groups[:1]:
            console.print()
            console.print(_table(group, rows, console))
    console.print()
    for sentence in (*wrong(cell, summary), *verdict(summary)):
        console.print(sentence, soft_wrap=False)
    if not whole:
        console.print()


def _draw(console: Console, cell: Cell, summary: Summary) -> None:
    """When the first requests waited and ran."""
    courses = traces.of_cell(cell, [row.backend for row in (*summary.rows, *summary.peers)])
    for line in timeline(courses, console.width, glyphs(sys.stdout.encoding)):
        console.print(line, soft_wrap=False)
    console.print()


def _table(group: list[columns.Column], rows: list[Row], console: Console) -> Table:
    """The figures, and beside the speeds their bars as far as there is room."""
    table = _figures(group, rows, [])
    room = console.width - console.measure(table).maximum - _SPACE
    # A bar alone has nothing to be compared with.
    if group not in columns.DRAWN or room < bars.LEAST or len(rows) == 1:
        return table
    return _figures(group, rows, bars.bars(rows, min(room, bars.MOST), glyphs(sys.stdout.encoding)))


def _figures(group: list[columns.Column], rows: list[Row], drawn: list[Text]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, _SPACE, 0, 0))
    table.add_column("", justify="right")
    table.add_column("backend", no_wrap=True)
    for title, _ in group:
        table.add_column(title, justify="left" if title in columns.WORDS else "right", no_wrap=True)
    if drawn:
        table.add_column(no_wrap=True)
    for number, (rank, row) in enumerate(columns.places(rows)):
        style = "bold green" if row.rank == 1 else ""
        figures = [Text(value(row)) for _, value in group]
        table.add_row(rank, Text(row.backend, style), *figures, *drawn[number : number + 1])
    return table


def heading(cell: Cell) -> str:
    """What a cell asks of the strategies."""
    setting = cell.setting
    rounds = max((report.round for report in cell.reports), default=setting.rounds - 1) + 1
    what = f"{wording.counted(setting.requests, 'request')}, {setting.concurrency:,} at once"
    what += f", {wording.counted(rounds, 'round')}"
    if not setting.embedded:
        return f"{what}; {wording.counted(len(setting.urls), 'URL')}"
    name = "" if cell.scenario == "io" else f"{cell.scenario} ({findings.question(cell.scenario)}): "
    more = f", beside {setting.idle:,} idle connections" if setting.idle else ""
    more += f", {wording.seconds(setting.work)} of work on each" if setting.work else ""
    more += f", {setting.processes:,} processes" if setting.processes > 1 else ""
    more += ", keep-alive" if setting.options.get("keep_alive") else ""
    sends = f"waits {wording.seconds(setting.delay)} and sends {wording.size(setting.size)}"
    return f"{name}{what}; the embedded origin {sends}{more}"


def found(document: Document, summaries: list[Summary]) -> list[Text]:
    """What the tables do not tell, with warnings and what to do about them."""
    cells = document.cells
    told = [Text(sentence) for sentence in findings.crossovers(cells, summaries)]
    told += [Text(sentence) for sentence in findings.divisions(cells, summaries)]
    told += [Text(sentence, "dim") for sentence in findings.ceilings(cells)]
    told += [Text(sentence) for sentence in findings.syscalls(cells)]
    told += [Text(sentence) for sentence in findings.outliers(cells, summaries)]
    for what, remedy in cautions(document.machine, cells, summaries):
        told.append(Text(f"Beware: {what}; {remedy}.", "yellow"))
    return told


def advised(cells: list[Cell], summaries: list[Summary]) -> list[Text]:
    """The last lines."""
    sentences = findings.advice(cells, summaries)
    return [Text(" ".join(sentences), "bold")] if sentences else []


def wrong(cell: Cell, summary: Summary) -> list[Text]:
    """Who has no rank, and what failed under those that have one."""
    lines = [Text(f"{backend} is left out: {reason}", "dim") for backend, reason in cell.excluded.items()]
    lines += [Text(f"{backend} is not ranked: {reason}", "bold red") for backend, reason in summary.unranked.items()]
    worst = max(cell.reports, key=lambda report: report.failed, default=None)
    if worst is not None and worst.failed:
        failed = f"{worst.failed:,} of {wording.counted(cell.setting.requests, 'request')} failed in a trial of"
        codes = ", ".join(f"{count:,} × {code}" for code, count in sorted(worst.codes.items()))
        told = f"{failed} {worst.backend} ({codes}): these times are those of failures too."
        lines.append(Text(told, "yellow"))
    notices = {f"{report.backend}: {notice}" for report in cell.reports for notice in report.notices}
    return lines + [Text(notice, "yellow") for notice in sorted(notices)]


def verdict(summary: Summary) -> list[Text]:
    """Who wins and by how much, in words."""
    rows = summary.rows
    if len(rows) < 2:
        return []
    winners = [row for row in rows if row.rank == 1]
    rest = rows[len(winners) :]
    sentences = []
    if math.isinf(rows[0].interval.high):
        sentences.append("One round cannot show a difference: the order is that of single measurements.")
    elif len(winners) > 1:
        sentences.append(f"{findings.listed([row.backend for row in winners])}: no difference shown.")
    first = winners[0]
    if rest:
        times = f"{columns.times(rest[0].wall / first.wall)} as fast as {rest[0].backend}"
        sentences.append(f"{first.backend} takes {wording.seconds(first.wall)}, {times}, which comes next.")
    if summary.reference not in (None, first.backend):
        between = columns.between(first.speed_interval, " to ")
        sure = f" (95 % interval {between})" if between else ""
        subject = "it" if rest else first.backend
        sentences.append(f"Against {summary.reference} {subject} is {columns.times(first.speed)} as fast{sure}.")
    return [Text(sentence, "bold" if number == 0 else "") for number, sentence in enumerate(sentences)]


def method(document: Document) -> list[Text]:
    """Where it was measured, and how."""
    machine = document.machine
    return [
        Text(f"Seed {document.seed}. {machine.implementation} {machine.python}, {machine.system} {machine.kernel}, "
             f"{machine.affinity} × {machine.cpu}; load {machine.load[0]:.1f}.", "dim"),
        Text("Each trial in a process of its own, rounds interleaved and shuffled; time: median ± median absolute "
             "deviation; = no difference shown; a bar ends where its speed's interval begins, the line after it where "
             "that ends; client and server: share of one CPU; latency and its parts without "
             "waiting for a slot, which is queued.", "dim"),
    ]  # fmt: skip
