"""The door: `fetchmux`, and `python -m fetchmux`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from fetchmux.cli import cli

        cli()
    except KeyboardInterrupt:
        # So early that no command had begun: nothing is to be said but that it ended.
        sys.exit(130)


if __name__ == "__main__":
    main()
