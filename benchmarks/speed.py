"""Fetchmux beside other fetchers: 20,000 URLs of 1 KiB from nginx at a window of 64, whole processes.

    python -m benchmarks.speed [--rounds 5] [--urls 20000] [--only curl,wget2] [--export-markdown FILE]

One worker of nginx has one core, the client another. What is not installed is left out with a word. A ratio is
fetchmux's wall time to the other's, the median over the rounds; below 1 fetchmux is faster.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import report, runs
from benchmarks.nginx import Nginx
from benchmarks.rivals import LIBRARIES

WINDOW = 64
# What issue 7 of the project asks for: the most that fetchmux may take, as a share of the other's time.
TARGETS = {"curl": 1.0, "wget2": 1.0, "pycurl": 1.5, "aiohttp": 1 / 4, "geventhttpclient": 1 / 2}
OTHERS = 1 / 10


class Rival(NamedTuple):
    """Another fetcher; `package` is the library that it needs, if it is no program."""

    name: str
    kinds: dict[str, list[str]]
    package: str | None = None

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        if self.package is None:
            return shutil.which(self.name) is not None
        return importlib.util.find_spec(self.package) is not None


def rivals(urls: Path) -> Iterator[Rival]:
    """All fetchers that are measured, with their commands with keep-alive and without."""
    config = urls.with_suffix(".curl")
    config.write_text("".join(f'url = "{url}"\noutput = "/dev/null"\n' for url in urls.read_text().split()))
    curl = ["curl", "-s", "-Z", "--parallel-immediate", "--parallel-max", str(WINDOW), "-K", str(config)]
    yield Rival("curl", {"keep-alive": curl, "close": [*curl, "-0", "-H", "Connection: close"]})
    # Told not to, wget2 (1.99.1) keeps its connections alive all the same, as the server's log shows.
    yield Rival("wget2", {"keep-alive": ["wget2", "-q", f"--max-threads={WINDOW}", "-O", "/dev/null", "-i", str(urls)]})
    for library in LIBRARIES:
        command = runs.module("rivals", library, str(urls), str(WINDOW))
        yield Rival(library, {"keep-alive": command, "close": [*command, "--close"]}, library)


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--urls", type=int, default=20_000)
    parser.add_argument("--only", help="names of rivals, separated by commas")
    parser.add_argument("--export-markdown", type=Path)
    given = parser.parse_args()
    table = report.Table(
        f"{given.urls:,} URLs of 1 KiB, window {WINDOW}, medians of {given.rounds} rounds",
        ["", "connections", "wall", "CPU", "peak", "fetchmux / it", "to reach"],
    )
    with Nginx() as server:
        urls = server.list_of(given.urls)
        wanted = [rival for rival in rivals(urls) if given.only is None or rival.name in given.only.split(",")]
        for rival in wanted:
            if not rival.installed:
                print(f"{rival.name} is left out: it is not installed", file=sys.stderr)
        contend([rival for rival in wanted if rival.installed], urls, given.rounds, table)
    table.show(given.export_markdown)


def contend(rivals: list[Rival], urls: Path, rounds: int, table: report.Table) -> None:
    """Run everybody in each round, once with keep-alive and once without."""
    ours = runs.fetchmux("get", "-q", "-b", "epoll", "-c", str(WINDOW), "-i", str(urls))
    for kind, command in {"keep-alive": ours, "close": [*ours, "--no-keep-alive"]}.items():
        present = [rival for rival in rivals if kind in rival.kinds]
        contenders = [runs.Contender("fetchmux", command)]
        contenders += [runs.Contender(rival.name, rival.kinds[kind]) for rival in present]
        measured = runs.interleave(contenders, rounds)
        table.add("fetchmux -b epoll", kind, *report.figures(runs.middle(measured["fetchmux"])), "", "")
        for rival in present:
            ratio = runs.ratio(measured["fetchmux"], measured[rival.name])
            target = TARGETS.get(rival.name, OTHERS)
            figures = report.figures(runs.middle(measured[rival.name]))
            table.add(rival.name, kind, *figures, *report.verdict(ratio, target))


if __name__ == "__main__":
    main()
