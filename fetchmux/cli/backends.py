"""The command `backends`: every strategy, for a person or for a script.

Knows the registry's columns. Asking whether a strategy can run imports its module, but must not prepare the process.
"""

from __future__ import annotations

import click

from fetchmux.backends import registry

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
    """List every strategy: how it waits, what limits it, whether it can run here and if not, the remedy."""
    rows = [(spec, registry.missing(spec)) for spec in registry.specs()]
    click.echo(_lines(rows) if chosen == "jsonl" else _table(rows), nl=False)


def _lines(rows: list[tuple[registry.Spec, str | None]]) -> str:
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


def _table(rows: list[tuple[registry.Spec, str | None]]) -> str:
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
