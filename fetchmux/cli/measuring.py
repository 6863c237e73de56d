"""A comparison under way: its trials with their progress, what is kept of them, what is told in the end.

Knows signals and exit statuses. How a trial runs, what a number means and how it is shown, others know.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from fetchmux.errors import UsageError

if TYPE_CHECKING:
    from fetchmux.cli.earlier import Earlier
    from fetchmux.cli.exports import Exports
    from fetchmux.cli.outlets import Outlet
    from fetchmux.cli.trials import Watch
    from fetchmux.compare.cell import Cell
    from fetchmux.compare.comparison import Comparison
    from fetchmux.compare.export import Document
    from fetchmux.compare.summary import Summary


def run(comparison: Comparison, document: Document, exports: Exports) -> int | None:
    """Perform the trials, keep what they report; the exit status when a signal or a full disk ended them early."""
    from fetchmux.cli.trials import Watch
    from fetchmux.origin.launch import OriginFailed

    signal.signal(signal.SIGTERM, _terminated)
    with Watch(_meant(document)) as watch:
        try:
            _perform(comparison, watch, exports)
        except KeyboardInterrupt as interrupt:
            # Ctrl-C brings no number.
            return 128 + int(interrupt.args[0] if interrupt.args else signal.SIGINT)
        except OriginFailed as failure:
            raise UsageError(f"the embedded origin does not start: {str(failure).splitlines()[-1]}") from None
        except UsageError as failure:
            # What can no longer be kept can still be shown.
            click.echo(f"fetchmux: {failure}", err=True)
            return 1
    return None


def _perform(comparison: Comparison, watch: Watch, exports: Exports) -> None:
    """All trials, with what is to be kept written as soon as it is known, and all of it in any case at the end."""
    try:
        before = None
        for cell, backend, report in comparison.trials():
            if report is None:
                # Where time ran out there are fewer rounds than were meant.
                if before is not None and cell is not before and not _complete(before):
                    exports.all()
                before = cell
                watch.begins(backend)
                continue
            watch.ends()
            exports.samples()
            if _complete(cell):
                exports.all()
    finally:
        exports.all()


def _complete(cell: Cell) -> bool:
    """Whether a load has all the rounds that were meant, or one more of those that are added."""
    rounds, more = divmod(len(cell.reports), len(cell.setting.backends))
    return rounds >= cell.setting.rounds and not more


def _meant(document: Document) -> int | None:
    """How many trials there will be; None where that depends on what they find."""
    if any(cell.setting.until is not None for cell in document.cells):
        return None
    return sum(len(cell.setting.backends) * cell.setting.rounds for cell in document.cells)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """Let SIGTERM end a trial and its processes as Ctrl-C does."""
    raise KeyboardInterrupt(number)


def conclude(outlet: Outlet, document: Document, ended: int | None, earlier: Earlier | None, *, timelines: bool) -> int:
    """Show what was measured, and return the exit status; `ended` is that of an early end."""
    from fetchmux.cli.verdict import render
    from fetchmux.compare.summary import summarise

    summaries = [summarise(cell, document.reference) for cell in document.cells]
    reports = [report for cell in document.cells for report in cell.reports]
    status = 1 if any(summary.unranked for summary in summaries) or any(report.failed for report in reports) else 0
    judgement = None if earlier is None else earlier.judge(document.cells, summaries)
    if judgement is not None and judgement.failed:
        status = 1
    text = render(document, summaries, judgement, timelines=timelines)
    try:
        outlet.write(text.encode(sys.stdout.encoding, "replace"))
    except BrokenPipeError:
        # The reader has what it wanted, as in `fetchmux compare | head -1`.
        return status if ended is None else ended
    except OSError as error:
        click.echo(f"fetchmux: {error.filename}: {error.strerror}", err=True)
        status = 1
    _warn(document, summaries)
    if ended is not None:
        meant = _meant(document)
        done = f"{len(reports)} trials" if meant is None else f"{len(reports)} of {meant} trials"
        click.echo(f"fetchmux: interrupted after {done}", err=True)
        return ended
    return status


def _warn(document: Document, summaries: list[Summary]) -> None:
    """What a reader of the tables has to know."""
    if any(summary.changing for summary in summaries):
        click.echo("fetchmux: the pages change from one fetch to the next: only statuses were compared", err=True)
    if document.machine.system != "Linux":
        click.echo("fetchmux: peak memory is ru_maxrss here, in which other programs may have a part", err=True)
