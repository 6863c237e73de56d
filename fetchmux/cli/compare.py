"""The command `compare`: its options, and the order in which they take effect.

Must not know what makes sense together (`question` does), how trials are watched (`measuring`), nor what a number means
(`fetchmux.compare`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fetchmux.cli import candidates, measuring, options, outlets, question, words
from fetchmux.errors import UsageError

if TYPE_CHECKING:
    from fetchmux.cli.earlier import Earlier
    from fetchmux.compare.export import Document

_FILE = click.Path(dir_okay=False, path_type=Path)
_EXPORTS = ("json", "csv", "markdown", "html")
# Beside the exports, what may be said of a comparison that is there already.
_SHOWING = frozenset({"saved", "against", "fail_if_slower", "timeline"})


def _schema(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    """Print it and end."""
    if wanted:
        import json

        from fetchmux.compare import export

        click.echo(json.dumps(export.schema(), indent=2))
        context.exit()


# Options in the order in which help shows them: who, what load, how often and how sure, what else, where to.
# fmt: off
@click.command(context_settings={"show_default": True})
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option("-b", "--backends", "named", multiple=True, metavar="NAME,...",
              shell_complete=candidates.several_backends,
              help="The strategies to compare.  [default: all that can run here]")
@click.option("--peers", is_flag=True, help="Clients of others too, in a table of their own: requests, aiohttp, ...")
@click.option("--reference", default="sequential", metavar="NAME", shell_complete=candidates.backends,
              help="Speeds are relative to this one.")
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
              help="Trials of each strategy."
              f"  [default: {question.DEFAULT_ROUNDS}, or as many as --max-time leaves time for]")
@click.option("--until", type=words.share, metavar="SHARE",
              help="Add rounds until each median is known so well, such as 2%.")
@click.option("--max-time", type=options.duration, metavar="TIME",
              help="No round of a cell begins later."
              f"  [default: {question.SOON:g}s; 10m with --until; none with --rounds]")
@click.option("--warmup", "--warm-up", "warm_up", type=click.IntRange(min=0), default=10, metavar="N",
              help="Requests of each trial before the clock runs.")
@click.option("--seed", type=int, metavar="N", help="Gives the order of the trials.  [default: drawn and printed]")
@click.option("--timeout", type=options.duration, default="60s", metavar="TIME", help="For one request, whole.")
@click.option("--trial-timeout", type=options.duration, default="120s", metavar="TIME", help="For one trial, whole.")
@click.option("--syscalls", is_flag=True, help="Count system calls too, in a run of their own under strace.")
@click.option("--timeline", is_flag=True, help="Draw when each of the first 60 requests waited and ran.")
@click.option("--export-json", type=_FILE, metavar="FILE",
              help="Every raw sample and the machine, rewritten after each trial; --schema tells what is in it.")
@click.option("--export-csv", type=_FILE, metavar="FILE", help="A row for each trial, rewritten after each.")
@click.option("--export-markdown", type=_FILE, metavar="FILE", help="The tables, rewritten after each load.")
@click.option("--export-html", type=_FILE, metavar="FILE",
              help="A page with tables and pictures that needs no network, rewritten after each load.")
@click.option("--against", type=_FILE, metavar="FILE", help="Tell what has changed since this --export-json.")
@click.option("--fail-if-slower", type=words.share, metavar="SHARE",
              help="With --against: exit with 1 if a strategy is slower by more, its whole interval.")
@click.option("--from", "saved", type=_FILE, metavar="FILE",
              help="Measure nothing: show, draw and export what this --export-json holds.")
@click.option("--schema", is_flag=True, is_eager=True, expose_value=False, callback=_schema,
              help="Print the JSON Schema of --export-json.")
def compare(urls: tuple[str, ...], **given: Any) -> int:
    """Run the strategies against each other and tell which one wins, by how much, and whether that is real.

    Without a URL they fetch from the embedded origin, which is started for this. Exit status 0: all trials were fine;
    1: a strategy failed or fetched something else than the others, or is slower than --fail-if-slower allows; 2: wrong
    usage; 130 or 143: interrupted or terminated, what was measured by then is shown and exported.
    """
    from fetchmux.cli.exports import Exports

    outlet = outlets.Outlet(outlets.open_file(None))
    left_out = list[str]()
    if given["saved"] is not None:
        document = _saved(given["saved"])
    else:
        names, left_out = question.strategies(given["named"], peers=given["peers"])
        document = question.document(urls, names, given)
    earlier = _earlier(document, given)
    exports = Exports(document, {name: given[f"export_{name}"] for name in _EXPORTS})
    exports.all()
    # Only now, since a wrong use is told in one line.
    for sentence in [*left_out, *([] if earlier is None else earlier.warnings())]:
        click.echo(f"fetchmux: {sentence}", err=True)
    status = None
    if given["saved"] is None:
        from fetchmux.compare.comparison import Comparison

        status = measuring.run(Comparison(document, urls, traced=given["syscalls"]), document, exports)
    return measuring.conclude(outlet, document, status, earlier, timelines=given["timeline"])


def _saved(path: Path) -> Document:
    """What an earlier run has exported. What asks for a measurement makes no sense beside it: raises UsageError."""
    from fetchmux.cli import earlier

    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
        if given and name not in _SHOWING and not name.startswith("export_"):
            what = option.opts[0] if isinstance(option, click.Option) else "the URLs"
            raise UsageError(f"--from measures nothing: leave out {what}")
    return earlier.read(path)


def _earlier(document: Document, given: dict[str, Any]) -> Earlier | None:
    """The comparison to hold against, if there is one. Raises UsageError."""
    if given["against"] is None:
        if given["fail_if_slower"] is not None:
            raise UsageError("--fail-if-slower needs --against: slower than what?")
        return None
    from fetchmux.cli.earlier import Earlier

    return Earlier(given["against"], given["fail_if_slower"], document)
