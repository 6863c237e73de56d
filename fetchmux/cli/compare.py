"""The command `compare`: options to a setting, reports to tables and a verdict.

Knows what a person may ask for and the order in which things are told. Must not know how a trial runs or what a number
means; `fetchmux.compare` does.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fetchmux.backends import registry
from fetchmux.cli import options, outlets
from fetchmux.errors import UsageError

if TYPE_CHECKING:
    from fetchmux.compare.cell import Setting
    from fetchmux.compare.comparison import Comparison
    from fetchmux.compare.export import Document
    from fetchmux.compare.summary import Summary

# So many different pages of the embedded origin: an answer that is handed to another request is noticed.
_PAGES = 16


# Options in the order in which help shows them: who, what, how often, where to.
# fmt: off
@click.command(context_settings={"show_default": True})
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("-b", "--backends", "named", multiple=True, metavar="NAME,...",
              help="The strategies to compare.  [default: all that can run here]")
@click.option("--reference", default="sequential", metavar="NAME", help="Speeds are relative to this one.")
@click.option("-n", "--requests", type=click.IntRange(min=1), metavar="N",
              help="Requests of one trial.  [default: 500, or one for each URL]")
@click.option("-c", "--concurrency", type=click.IntRange(min=1), default=50, metavar="N",
              help="Most requests in flight at once.")
@click.option("--delay", type=options.delay, default="4ms", metavar="TIME",
              help="How long the embedded origin waits before it replies.")
@click.option("--size", type=options.size, default="1K", metavar="SIZE", help="How large its replies are.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, metavar="N", help="Trials of each strategy.")
@click.option("--warm-up", type=click.IntRange(min=0), default=10, metavar="N",
              help="Requests of each trial before the clock runs.")
@click.option("--seed", type=int, metavar="N", help="Gives the order of the trials.  [default: drawn and printed]")
@click.option("--keep-alive/--no-keep-alive", default=False, help="Use a connection for more than one request.")
@click.option("--timeout", type=options.duration, default="60s", metavar="TIME", help="For one request, whole.")
@click.option("--trial-timeout", type=options.duration, default="120s", metavar="TIME", help="For one trial, whole.")
@click.option("--export-json", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Every raw sample and the machine, rewritten after each trial.")
def compare(urls: tuple[str, ...], **given: Any) -> int:
    """Run the strategies against each other and tell which one wins, by how much, and whether that is real.

    Without a URL they fetch from the embedded origin, which is started for this. Exit status 0: all trials were fine;
    1: a strategy failed or fetched something else than the others; 2: wrong usage; 130 or 143: interrupted or
    terminated, what was measured by then is shown and exported.
    """
    from fetchmux.compare.comparison import Comparison

    outlet = outlets.Outlet(outlets.open_file(None))
    names, left_out = _names(given["named"])
    document = _document(urls, names, given)
    comparison = Comparison(document, urls)
    path = given["export_json"]
    if path is not None:
        _save(path, document)
    # Only now, since a wrong use is told in one line.
    for sentence in left_out:
        click.echo(f"fetchmux: {sentence}", err=True)
    status = _run(comparison, document, path)
    return _conclude(outlet, document, status)


def _document(urls: tuple[str, ...], names: tuple[str, ...], given: dict[str, Any]) -> Document:
    """What is compared, where and when, before anything is measured. Raises UsageError."""
    import datetime as dt

    from fetchmux import __version__
    from fetchmux.compare import export, machine
    from fetchmux.compare.cell import Cell

    if given["reference"] != "sequential" and given["reference"] not in names:
        raise UsageError(f"the reference {given['reference']!r} is not among the strategies: {', '.join(names)}")
    return export.Document(
        export.VERSION,
        __version__,
        dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        random.randrange(1 << 31) if given["seed"] is None else given["seed"],
        machine.describe(),
        given["reference"],
        [Cell("urls" if urls else "io", {}, _setting(urls, names, given))],
    )


def _setting(urls: tuple[str, ...], names: tuple[str, ...], given: dict[str, Any]) -> Setting:
    """What the trials have in common. Raises UsageError."""
    from fetchmux.compare.cell import Setting

    shown = _readable(urls)
    return Setting(
        backends=names,
        requests=given["requests"] or len(urls) or 500,
        concurrency=given["concurrency"],
        rounds=given["rounds"],
        warm_up=given["warm_up"],
        urls=shown or tuple(f"/bytes/{given['size']}?delay={given['delay']:g}&seed={page}" for page in range(_PAGES)),
        embedded=not urls,
        delay=0.0 if urls else given["delay"],
        size=0 if urls else given["size"],
        # A request is a whole conversation unless asked otherwise, and what it fetched is compared by hash.
        options={
            "concurrency": given["concurrency"],
            "keep_alive": given["keep_alive"],
            "timeout": given["timeout"],
            "body": "digest",
        },
        limit=given["trial_timeout"],
    )


def _names(named: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The strategies asked for, each once, or all that can run; and who is left out, and why. Raises UsageError."""
    asked = [name.strip() for names in named for name in names.split(",") if name.strip()]
    if named:
        if not asked:
            raise UsageError("--backends names no strategy")
        for name in asked:
            registry.load(registry.find(name))
        return tuple(dict.fromkeys(asked)), []
    able, left_out = [], []
    for spec in registry.specs():
        remedy = registry.missing(spec)
        if remedy is None:
            able.append(spec.name)
        else:
            left_out.append(f"{spec.name} is left out: {remedy}")
    return tuple(able), left_out


def _readable(urls: tuple[str, ...]) -> tuple[str, ...]:
    """The URLs as they may be shown. Here one that cannot be fetched is a mistake, not a record: raises UsageError."""
    from fetchmux.inputs.requests import Recipe, read_requests

    requests = [request for request in read_requests(urls, Recipe()) if request is not None]
    for request in requests:
        if request.fault is not None:
            raise UsageError(f"{request.input!r}: {request.fault.message}")
    if len(requests) < len(urls):
        raise UsageError("a URL is blank")
    return tuple(request.input for request in requests)


def _run(comparison: Comparison, document: Document, path: Path | None) -> int | None:
    """Perform the trials, keep what they report; the exit status when a signal or a full disk ended them early."""
    from fetchmux.cli.trials import Watch
    from fetchmux.origin.launch import OriginFailed

    signal.signal(signal.SIGTERM, _terminated)
    with Watch(_meant(document)) as watch:
        try:
            for _, backend, report in comparison.trials():
                if report is None:
                    watch.begins(backend)
                    continue
                watch.ends()
                if path is not None:
                    _save(path, document)
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


def _meant(document: Document) -> int:
    """How many trials there will be."""
    return sum(len(cell.setting.backends) * cell.setting.rounds for cell in document.cells)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """Let SIGTERM end a trial and its processes as Ctrl-C does."""
    raise KeyboardInterrupt(number)


def _save(path: Path, document: Document) -> None:
    from fetchmux.compare import export

    try:
        export.save(path, document)
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}") from None


def _conclude(outlet: outlets.Outlet, document: Document, ended: int | None) -> int:
    """Show what was measured, and return the exit status; `ended` is that of an early end."""
    from fetchmux.cli.verdict import render
    from fetchmux.compare.summary import summarise

    summaries = [summarise(cell, document.reference) for cell in document.cells]
    reports = [report for cell in document.cells for report in cell.reports]
    status = 1 if any(summary.unranked for summary in summaries) or any(report.failed for report in reports) else 0
    try:
        outlet.write(render(document, summaries).encode(sys.stdout.encoding, "replace"))
    except BrokenPipeError:
        # The reader has what it wanted, as in `fetchmux compare | head -1`.
        return status if ended is None else ended
    except OSError as error:
        click.echo(f"fetchmux: {error.filename}: {error.strerror}", err=True)
        status = 1
    _warn(document, summaries)
    if ended is not None:
        done = f"{len(reports)} of {_meant(document)} trials"
        click.echo(f"fetchmux: interrupted after {done}", err=True)
        return ended
    return status


def _warn(document: Document, summaries: list[Summary]) -> None:
    """What a reader of the tables has to know."""
    if any(summary.changing for summary in summaries):
        click.echo("fetchmux: the pages change from one fetch to the next: only statuses were compared", err=True)
    if document.machine.system != "Linux":
        click.echo("fetchmux: peak memory is ru_maxrss here, in which other programs may have a part", err=True)
