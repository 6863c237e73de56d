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
from fetchmux.backends.peers import PEERS
from fetchmux.cli import options, outlets, words
from fetchmux.errors import UsageError

if TYPE_CHECKING:
    from fetchmux.compare.cell import Cell
    from fetchmux.compare.comparison import Comparison
    from fetchmux.compare.export import Document
    from fetchmux.compare.scenarios import Scenario
    from fetchmux.compare.summary import Summary

DEFAULT_ROUNDS = 8
# Whoever asks for nothing shall have an answer within a minute, on a slow machine too. In seconds.
_SOON = 46.0
_LATE = 600.0


# Options in the order in which help shows them: who, what load, how often and how sure, what else, where to.
# fmt: off
@click.command(context_settings={"show_default": True})
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("-b", "--backends", "named", multiple=True, metavar="NAME,...",
              help="The strategies to compare.  [default: all that can run here]")
@click.option("--peers", is_flag=True, help="Clients of others too, in a table of their own: requests, aiohttp, ...")
@click.option("--reference", default="sequential", metavar="NAME", help="Speeds are relative to this one.")
@click.option("--scenario", "scenarios", multiple=True, type=words.scenarios, metavar="NAME,...",
              help=f"The load, by name: {words.SCENARIO_NAMES}, or all.  [default: io]")
@click.option("--sweep", "sweeps", multiple=True, type=words.sweep, metavar="NAME=VALUE,...",
              help="Vary concurrency, delay, size, idle, work or processes over these values; several combine.")
@click.option("-n", "--requests", type=click.IntRange(min=1), metavar="N",
              help="Requests of one trial.  [default: 400 or what the scenario needs, or one for each URL]")
@click.option("-c", "--concurrency", type=click.IntRange(min=1), default=50, metavar="N",
              help="Most requests in flight at once.")
@click.option("--delay", type=options.delay, metavar="TIME",
              help="How long the embedded origin waits before it replies.  [default: 4ms or the scenario's]")
@click.option("--size", type=options.size, metavar="SIZE",
              help="How large its replies are.  [default: 1K or the scenario's]")
@click.option("--work", type=options.delay, metavar="TIME",
              help="CPU time that is spent on each response.  [default: the scenario's]")
@click.option("--idle", type=click.IntRange(min=0), metavar="N",
              help="Connections that stand open and silent meanwhile.  [default: the scenario's]")
@click.option("--processes", type=click.IntRange(min=1), metavar="N",
              help="Processes that share each trial.  [default: 1, or the scenario's]")
@click.option("--keep-alive/--no-keep-alive", default=None,
              help="Use a connection for more than one request.  [default: the scenario's]")
@click.option("--rounds", type=click.IntRange(min=1), metavar="N",
              help=f"Trials of each strategy.  [default: {DEFAULT_ROUNDS}, or as many as --max-time leaves time for]")
@click.option("--until", type=words.share, metavar="SHARE",
              help="Add rounds until each median is known so well, such as 2%.")
@click.option("--max-time", type=options.duration, metavar="TIME",
              help=f"No round of a cell begins later.  [default: {_SOON:g}s; 10m with --until; none with --rounds]")
@click.option("--warmup", "--warm-up", "warm_up", type=click.IntRange(min=0), default=10, metavar="N",
              help="Requests of each trial before the clock runs.")
@click.option("--seed", type=int, metavar="N", help="Gives the order of the trials.  [default: drawn and printed]")
@click.option("--timeout", type=options.duration, default="60s", metavar="TIME", help="For one request, whole.")
@click.option("--trial-timeout", type=options.duration, default="120s", metavar="TIME", help="For one trial, whole.")
@click.option("--syscalls", is_flag=True, help="Count system calls too, in a run of their own under strace.")
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
    names, left_out = _names(given["named"], peers=given["peers"])
    document = _document(urls, names, given)
    comparison = Comparison(document, urls, traced=given["syscalls"])
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

    if given["reference"] != "sequential" and given["reference"] not in names:
        raise UsageError(f"the reference {given['reference']!r} is not among the strategies: {', '.join(names)}")
    return export.Document(
        export.VERSION,
        __version__,
        dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        random.randrange(1 << 31) if given["seed"] is None else given["seed"],
        machine.describe(),
        given["reference"],
        _cells(urls, names, given),
    )


def _cells(urls: tuple[str, ...], names: tuple[str, ...], given: dict[str, Any]) -> list[Cell]:
    """The table to be filled. Raises UsageError."""
    from fetchmux.compare import scenarios

    sweeps = dict(given["sweeps"])
    chosen = scenarios.find([name for listed in given["scenarios"] for name in listed] or ["io"])
    _check(urls, [*sweeps], chosen, given)
    longest = _LATE if given["until"] else None if given["rounds"] else _SOON
    wish = scenarios.Wish(
        rounds=given["rounds"] or DEFAULT_ROUNDS,
        timeout=given["timeout"],
        limit=given["trial_timeout"],
        max_time=given["max_time"] or longest,
        **{name: given[name] for name in ("warm_up", "concurrency", "until", "requests", "delay", "size")},
        **{name: given[name] for name in ("work", "idle", "keep_alive", "processes")},
    )
    table = scenarios.cells(chosen, sweeps, wish, names, _readable(urls))
    if not any(cell.setting.backends for cell in table):
        raise UsageError("; ".join(f"{name} cannot take part: {why}" for name, why in table[0].excluded.items()))
    return table


def _check(urls: tuple[str, ...], swept: list[str], chosen: list[Scenario], given: dict[str, Any]) -> None:
    """Refuse what makes no sense together, or cannot be done here. Raises UsageError."""
    from fetchmux.compare import certificate, syscalls

    if len(swept) < len(given["sweeps"]):
        raise UsageError("--sweep names the same thing twice")
    for name in ("delay", "size", "idle"):
        if urls and name in swept:
            raise UsageError(f"only the embedded origin's {name} can be swept: leave out the URLs")
    if urls and (given["scenarios"] or given["idle"]):
        raise UsageError("only the embedded origin plays scenarios and lets connections idle: leave out the URLs")
    if (given["idle"] or "idle" in swept) and (given["processes"] or "processes" in swept):
        raise UsageError("idle connections are for one process: leave out --processes")
    remedies = [certificate.missing()] if any(scenario.tls for scenario in chosen) else []
    for remedy in [*remedies, syscalls.missing() if given["syscalls"] else None]:
        if remedy is not None:
            raise UsageError(remedy)


def _names(named: Sequence[str], *, peers: bool = False) -> tuple[tuple[str, ...], list[str]]:
    """The strategies asked for, each once, or all that can run; and who is left out, and why. Raises UsageError.

    With `peers`, those that can run are asked for, too.
    """
    asked = [name.strip() for names in named for name in names.split(",") if name.strip()]
    if named:
        if not asked:
            raise UsageError("--backends names no strategy")
        for name in asked:
            registry.load(registry.find(name))
    able, left_out = asked, list[str]()
    for spec in (*(() if named else registry.specs()), *(PEERS if peers else ())):
        remedy = registry.missing(spec)
        if remedy is None:
            able.append(spec.name)
        else:
            left_out.append(f"{spec.name} is left out: {remedy}")
    return tuple(dict.fromkeys(able)), left_out


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


def _meant(document: Document) -> int | None:
    """How many trials there will be; None where that depends on what they find."""
    if any(cell.setting.until is not None for cell in document.cells):
        return None
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
