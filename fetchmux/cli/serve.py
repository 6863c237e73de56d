"""The command `serve`: the embedded origin alone, until a signal ends it."""

from __future__ import annotations

import click

from fetchmux.errors import UsageError


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", metavar="HOST", help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    metavar="PORT",
    help="The port to listen on; 0 takes a free one.",
)
def serve(host: str, port: int) -> None:
    """Run the embedded origin until SIGINT or SIGTERM. The first line of output is its base URL."""
    # Imported here, so that `serve --help` need not wait for gevent.
    from fetchmux.origin import server

    try:
        server.serve(host, port, _announce)
    except OSError as error:
        # Python adds the address, which the sentence has already.
        reason = str(error.strerror or error).partition(" (while")[0]
        raise UsageError(f"cannot listen on {host} port {port}: {reason}") from None


def _announce(line: str) -> None:
    """Nobody can use an origin that cannot tell its address."""
    try:
        click.echo(line)
    except OSError as error:
        raise UsageError(f"standard output: {error.strerror}") from None
