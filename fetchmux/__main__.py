"""The door: `fetchmux`, and `python -m fetchmux`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from fetchmux.cli import cli

    cli()


if __name__ == "__main__":
    main()
