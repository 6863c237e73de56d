"""The door: `fetchmux`, and `python -m fetchmux`."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line."""
    # A Ctrl-C in the middle of an import would end in a traceback; until a command begins, just end.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from fetchmux.cli import cli

    cli()


if __name__ == "__main__":
    main()
