"""What fetchmux adds to a strategy: each beside a straight script that waits in the same way (`benchmarks/bare/`).

    python -m benchmarks.strategies [--rounds 5] [--urls 20000] [--only threads,select] [--export-markdown FILE]

Both fetch the same list from nginx, a connection for each URL, and write a JSON object for each; the script knows
neither deadlines nor retries nor errors. The ratio is fetchmux's wall time to the script's, the median over the rounds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import report, runs
from benchmarks.nginx import Nginx

WINDOW = 64
MOST = 1.1
SCRIPTS = {
    "sequential": ["sequential"],
    "threads": ["threads"],
    "thread-pool": ["thread_pool"],
    "select": ["readiness", "select"],
    "poll": ["readiness", "poll"],
    "epoll": ["readiness", "epoll"],
    "gevent": ["gevent_patched"],
    "asyncio": ["asyncio_streams"],
    "twisted": ["twisted_reactor"],
    "io_uring": ["io_uring_ring"],
}


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--urls", type=int, default=20_000)
    parser.add_argument("--only", help="names of strategies, separated by commas")
    parser.add_argument("--export-markdown", type=Path)
    given = parser.parse_args()
    table = report.Table(
        f"{given.urls:,} URLs of 1 KiB, a connection each, window {WINDOW}, medians of {given.rounds} rounds",
        ["strategy", "", "wall", "CPU", "peak", "fetchmux / script", "to reach"],
    )
    with Nginx() as server:
        urls = server.list_of(given.urls)
        for name, (script, *how) in SCRIPTS.items():
            if given.only is None or name in given.only.split(","):
                compare(name, runs.module(f"bare.{script}", str(urls), str(WINDOW), *how), urls, given.rounds, table)
    table.show(given.export_markdown)


def compare(name: str, script: list[str], urls: Path, rounds: int, table: report.Table) -> None:
    """Measure one strategy."""
    ours = runs.fetchmux("get", "-q", "-b", name, "-c", str(WINDOW), "--no-keep-alive", "-i", str(urls))
    measured = runs.interleave([runs.Contender("script", script), runs.Contender("fetchmux", ours)], rounds)
    ratio = runs.ratio(measured["fetchmux"], measured["script"])
    table.add(name, "script", *report.figures(runs.middle(measured["script"])), "", "")
    figures = report.figures(runs.middle(measured["fetchmux"]))
    table.add("", "fetchmux", *figures, *report.verdict(ratio, MOST))


if __name__ == "__main__":
    main()
