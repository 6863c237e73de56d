"""What a comparison found, for a person: three tables, five where it is narrow, and sentences; the advice last.

Knows how numbers are laid out and rounded. Every number and every judgement comes from `compare.summary`.
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fetchmux.cli import findings, grand, wording
from fetchmux.compare.caution import cautions
from fetchmux.compare.cell import Cell
from fetchmux.compare.export import Document
from fetchmux.compare.row import Row
from fetchmux.compare.stats import Interval
from fetchmux.compare.summary import Summary

# Where no terminal says how wide it is.
_PIPED_WIDTH = 100
# The columns that three tables take; where there are fewer, the same figures stand in five.
_WIDE = 100


def render(document: Document, summaries: list[Summary]) -> str:
    """Everything, as standard output takes it: in colours and as wide as the terminal, if it is one."""
    # Written by the caller in one go: what the console itself cannot write, it takes for a defect.
    page = io.StringIO()
    console = Console(file=page, highlight=False, force_terminal=sys.stdout.isatty() or None)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    cells = document.cells
    for cell, summary in zip(cells, summaries, strict=True):
        _show(console, cell, summary, whole=len(cells) == 1)
    if len(cells) > 1:
        for table in grand.tables(cells, summaries, console.width):
            console.print(table)
            console.print()
        console.print(Text(grand.LEGEND, "dim"))
    for sentence in (*_findings(document, summaries), *_method(document), *_advice(cells, summaries)):
        console.print(sentence, soft_wrap=False)
    return "".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())


def _show(console: Console, cell: Cell, summary: Summary, *, whole: bool) -> None:
    """One cell: all that is known, or with others only who is how fast and why."""
    console.print(Text(_heading(cell), "bold"))
    groups = _AT_ONCE if console.width >= _WIDE else _IN_PIECES
    for rows in filter(None, (summary.rows, summary.peers)):
        if rows is summary.peers:
            console.print()
            console.print(Text("Peers, which bring their own HTTP stack:", "bold"))
        for columns in groups if whole else groups[:1]:
            console.print()
            console.print(_table(columns, rows))
    console.print()
    for sentence in (*_wrong(cell, summary), *_verdict(summary)):
        console.print(sentence, soft_wrap=False)
    if not whole:
        console.print()


Column = tuple[str, Callable[[Row], str]]

_SPEED: list[Column] = [
    ("time", lambda row: wording.seconds(row.wall)),
    ("±", lambda row: "" if math.isinf(row.interval.high) else wording.seconds(row.spread)),
    ("req/s", lambda row: f"{row.requests / row.wall:,.0f}"),
    ("speed", lambda row: _times(row.speed)),
    ("95 % interval", lambda row: _between(row.speed_interval, "–") or "unknown"),
]

_BOUND: list[Column] = [
    ("of ideal", lambda row: "" if row.ideal_share is None else f"{row.ideal_share:.0%}"),
    ("bound by", lambda row: row.bound),
]

_SHARES: list[Column] = [
    ("client", lambda row: f"{row.client_share:.0%}"),
    ("server", lambda row: "" if row.server_share is None else f"{row.server_share:.0%}"),
]

_REST: list[Column] = [
    ("user + system/req", lambda row: f"{row.cpu[0] * 1e6:,.0f} + {row.cpu[1] * 1e6:,.0f} µs"),
    ("peak", lambda row: wording.size(row.memory)),
    ("switches/req", lambda row: f"{row.switches[0]:.2f} + {row.switches[1]:.2f}"),
    ("threads", lambda row: f"{row.threads:,}"),
    ("files", lambda row: f"{row.descriptors:,}"),
]

_LATENCY: list[Column] = [
    ("p50", lambda row: wording.seconds(row.latency.p50)),
    ("p90", lambda row: wording.seconds(row.latency.p90)),
    ("p95", lambda row: wording.seconds(row.latency.p95)),
    ("p99", lambda row: wording.seconds(row.latency.p99)),
    ("max", lambda row: wording.seconds(row.latency.most)),
]

_PARTS: list[Column] = [
    ("connect", lambda row: wording.seconds(row.split.connect)),
    ("wait", lambda row: wording.seconds(row.split.wait)),
    ("receive", lambda row: wording.seconds(row.split.receive)),
    ("queued", lambda row: wording.seconds(row.split.queued)),
]

_AT_ONCE = (_SPEED + _BOUND, _SHARES + _REST, _LATENCY + _PARTS)
_IN_PIECES = (_SPEED, _BOUND + _SHARES, _REST, _LATENCY, _PARTS)


def _table(columns: list[Column], rows: list[Row]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("", justify="right")
    table.add_column("backend", no_wrap=True)
    for heading, _ in columns:
        table.add_column(heading, justify="left" if heading == "bound by" else "right", no_wrap=True)
    before = 0
    for row in rows:
        style = "bold green" if row.rank == 1 else ""
        # A shared rank is written once: those below it cannot be told apart from it.
        rank = f"{row.rank}" if row.rank != before else "="
        before = row.rank
        table.add_row(rank, Text(row.backend, style), *(Text(value(row)) for _, value in columns))
    return table


def _heading(cell: Cell) -> str:
    setting = cell.setting
    rounds = max((report.round for report in cell.reports), default=setting.rounds - 1) + 1
    what = f"{_counted(setting.requests, 'request')}, {setting.concurrency:,} at once, {_counted(rounds, 'round')}"
    if not setting.embedded:
        return f"{what}; {_counted(len(setting.urls), 'URL')}"
    name = "" if cell.scenario == "io" else f"{cell.scenario} ({findings.question(cell.scenario)}): "
    more = f", beside {setting.idle:,} idle connections" if setting.idle else ""
    more += f", {wording.seconds(setting.work)} of work on each" if setting.work else ""
    more += f", {setting.processes:,} processes" if setting.processes > 1 else ""
    more += ", keep-alive" if setting.options.get("keep_alive") else ""
    sends = f"waits {wording.seconds(setting.delay)} and sends {wording.size(setting.size)}"
    return f"{name}{what}; the embedded origin {sends}{more}"


def _findings(document: Document, summaries: list[Summary]) -> list[Text]:
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


def _advice(cells: list[Cell], summaries: list[Summary]) -> list[Text]:
    """The last lines."""
    sentences = findings.advice(cells, summaries)
    return [Text(" ".join(sentences), "bold")] if sentences else []


def _wrong(cell: Cell, summary: Summary) -> list[Text]:
    """Who has no rank, and what failed under those that have one."""
    lines = [Text(f"{backend} is left out: {reason}", "dim") for backend, reason in cell.excluded.items()]
    lines += [Text(f"{backend} is not ranked: {reason}", "bold red") for backend, reason in summary.unranked.items()]
    worst = max(cell.reports, key=lambda report: report.failed, default=None)
    if worst is not None and worst.failed:
        failed = f"{worst.failed:,} of {_counted(cell.setting.requests, 'request')} failed in a trial of"
        codes = ", ".join(f"{count:,} × {code}" for code, count in sorted(worst.codes.items()))
        told = f"{failed} {worst.backend} ({codes}): these times are those of failures too."
        lines.append(Text(told, "yellow"))
    notices = {f"{report.backend}: {notice}" for report in cell.reports for notice in report.notices}
    return lines + [Text(notice, "yellow") for notice in sorted(notices)]


def _verdict(summary: Summary) -> list[Text]:
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
        times = f"{_times(rest[0].wall / first.wall)} as fast as {rest[0].backend}"
        sentences.append(f"{first.backend} takes {wording.seconds(first.wall)}, {times}, which comes next.")
    if summary.reference not in (None, first.backend):
        between = _between(first.speed_interval, " to ")
        sure = f" (95 % interval {between})" if between else ""
        subject = "it" if rest else first.backend
        sentences.append(f"Against {summary.reference} {subject} is {_times(first.speed)} as fast{sure}.")
    return [Text(sentence, "bold" if number == 0 else "") for number, sentence in enumerate(sentences)]


def _method(document: Document) -> list[Text]:
    machine = document.machine
    return [
        Text(f"Seed {document.seed}. {machine.implementation} {machine.python}, {machine.system} {machine.kernel}, "
             f"{machine.affinity} × {machine.cpu}; load {machine.load[0]:.1f}.", "dim"),
        Text("Each trial in a process of its own, rounds interleaved and shuffled; time: median ± median absolute "
             "deviation; = no difference shown; client and server: share of one CPU; latency and its parts without "
             "waiting for a slot, which is queued.", "dim"),
    ]  # fmt: skip


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _between(interval: Interval, to: str) -> str:
    """Both bounds; nothing where there are none."""
    return "" if math.isinf(interval.high) else f"{wording.factor(interval.low)}{to}{wording.factor(interval.high)}"


def _times(value: float) -> str:
    return f"{wording.factor(value)} ×"
