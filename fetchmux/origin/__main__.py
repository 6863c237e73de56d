"""The door of the child process: `python -m fetchmux.origin` serves and prints its base URL as the first line."""

from __future__ import annotations

import argparse
import sys

from fetchmux.origin import server
from fetchmux.origin.bad import server as bad_server


def main() -> None:
    """Serve as the arguments say, until a signal or, with --lifeline, the end of standard input."""
    parser = argparse.ArgumentParser(prog="python -m fetchmux.origin", description=__doc__)
    parser.add_argument("--kind", choices=("good", "bad"), default="good")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--lifeline", action="store_true", help="end when standard input does")
    parser.add_argument("--certificate", nargs=2, metavar=("FILE", "KEY"), help="speak TLS; not with --kind bad")
    options = parser.parse_args()
    lifeline = sys.stdin.fileno() if options.lifeline else None
    try:
        if options.kind == "bad":
            bad_server.serve(options.host, options.port, _announce, lifeline)
        else:
            certificate = options.certificate and tuple(options.certificate)
            server.serve(options.host, options.port, _announce, lifeline, certificate)
    except (OSError, OverflowError) as error:
        sys.exit(f"fetchmux.origin: {error}")


def _announce(url: str) -> None:
    print(url, flush=True)


if __name__ == "__main__":
    main()
