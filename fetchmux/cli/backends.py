"""The command `backends`: every strategy, for a person or for a script.

Knows the registry's columns. Asking whether a strategy can run imports its module, but must not prepare the process.
"""

from __future__ import annotations

import click

from fetchmux.backends import registry
from fetchmux.backends.peers import PEERS
from fetchmux.backends.spec import Spec

# One of the table, and the remedy that it needs here.
Row = tuple[Spec, str | None]

# More columns than any row has, where no terminal sets a limit.
_ENDLESS = 10_000


@click.command(context_settings={"show_default": True})
@click.option(
    "--format",
    "chosen",
    type=click.Choice(["table", "jsonl"]),
    default="table",
    help="jsonl: an object a line with name, family, summary, limit, available and remedy.",
)
def backends(chosen: str) -> None:
    """List every strategy, and the peers: how each waits, what limits it, and what it needs to run here."""
    strategies = _rows(registry.specs())
    peers = _rows(PEERS)
    if chosen == "jsonl":
        click.echo(_lines(strategies + peers), nl=False)
    else:
        title = "Peers: clients of others with an HTTP stack of their own, for `compare --peers` and `get -b`."
        click.echo(f"{_table(strategies)}\n{title}\n\n{_table(peers)}", nl=False)


def _rows(specs: tuple[Spec, ...]) -> list[Row]:
    return [(spec, registry.missing(spec)) for spec in specs]


def _lines(rows: list[Row]) -> str:
    import msgspec

    objects = (
        {
            "name": spec.name,
            "family": spec.family,
            "summary": spec.summary,
            "limit": spec.limit,
            "available": remedy is None,
            "remedy": remedy,
        }
        for spec, remedy in rows
    )
    return "".join(msgspec.json.encode(item).decode() + "\n" for item in objects)


def _table(rows: list[Row]) -> str:
    """A Rich table: as wide as the terminal, or in a pipe as wide as it needs to be."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("name", "family", "how it waits", "what limits it", "runs here"):
        table.add_column(heading, no_wrap=heading == "name")
    for spec, remedy in rows:
        here = Text("yes", "green") if remedy is None else Text(f"no: {remedy}", "yellow")
        table.add_row(Text(spec.name, "bold"), *map(Text, (spec.family, spec.summary, spec.limit)), here)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _ENDLESS
    with console.capture() as capture:
        console.print(table)
    return "".join(line.rstrip() + "\n" for line in capture.get().splitlines())
