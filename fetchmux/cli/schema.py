"""The command `schema`: what a record looks like, for programs."""

from __future__ import annotations

import click


@click.command
def schema() -> None:
    """Print the JSON Schema of the record, draft 2020-12."""
    import msgspec

    from fetchmux.sinks.schema import record_schema

    click.echo(msgspec.json.format(msgspec.json.encode(record_schema()), indent=2).decode())
