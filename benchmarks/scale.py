"""What grows, and what must not: many waits at once, a million URLs, one large body, and the start of the program.

python -m benchmarks.scale [--only floor,waits,million,body,processes,start] [--rounds 3] [--export-markdown FILE]
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from benchmarks import report, runs
from benchmarks.nginx import SERVER_CORE, Nginx, pinned
from benchmarks.runs import Contender, fetchmux, interleave, middle, module, ratio

WAITS, DELAY = 10_000, 1
MILLION = 1_000_000
URLS, WINDOW = 20_000, 64


def floor(table: report.Table, rounds: int) -> None:
    """CPU a request, beside a loop that makes the same system calls and parses nothing."""
    with Nginx() as server:
        urls = server.list_of(URLS)
        ours = fetchmux("get", "-q", "-b", "epoll", "-c", str(WINDOW), "-i", str(urls))
        bare = module("floor", server.url("1k"), str(URLS), str(WINDOW))
        for kind, us, it in (
            ("keep-alive", ours, [*bare, "--keep-alive"]),
            ("close", [*ours, "--no-keep-alive"], bare),
        ):
            measured = interleave([Contender("bare", it), Contender("fetchmux", us)], rounds)
            cpus = {name: middle(found).cpu / URLS * 1e6 for name, found in measured.items()}
            share = cpus["fetchmux"] / cpus["bare"]
            target = report.verdict(share, 1.4)[1] if kind == "close" else ""
            table.add(f"CPU a request, {kind}", f"{cpus['fetchmux']:.0f} µs", f"{cpus['bare']:.0f} µs bare",
                      f"{share:.2f}", target)  # fmt: skip


def waits(table: report.Table, rounds: int) -> None:
    """10,000 URLs of a second each, all at once."""
    with origin() as address:
        urls = Path(f"/tmp/fetchmux-waits-{os.getpid()}")
        urls.write_text("".join(f"{address}/delay/{DELAY}?{number}\n" for number in range(WAITS)))
        try:
            measured = interleave(
                [
                    Contender("bare", module("floor", f"{address}/delay/{DELAY}", str(WAITS), str(WAITS))),
                    Contender("fetchmux", fetchmux("get", "-q", "-b", "epoll", "-c", str(WAITS), "-i", str(urls))),
                ],
                rounds,
            )
        finally:
            urls.unlink()
    ours, bare = middle(measured["fetchmux"]), middle(measured["bare"])
    share = ratio(measured["fetchmux"], measured["bare"])
    table.add(f"{WAITS:,} waits of {DELAY} s at once", f"{ours.wall:.2f} s", f"{bare.wall:.2f} s bare",
              *report.verdict(share, 1.15))  # fmt: skip
    table.add("its memory", f"{ours.peak / report.MIB:.0f} MiB", f"{bare.peak / report.MIB:.0f} MiB bare", "",
              limit(ours.peak / report.MIB, 64))  # fmt: skip


def million(table: report.Table, rounds: int) -> None:
    """A million URLs from a pipe: the rate of the last tenth beside that of the first, and memory."""
    with Nginx() as server:
        command = fetchmux("get", "-q", "-b", "epoll", "-c", str(WINDOW), "-")
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=runs.ROOT)
        assert process.stdin is not None
        assert process.stdout is not None
        with runs.Watch(process.pid) as watch:
            feeder = subprocess.Popen(["awk", f"BEGIN{{for(i=0;i<{MILLION};i++)print \"{server.url('')}\" i}}"],
                                      stdout=process.stdin)  # fmt: skip
            process.stdin.close()
            stamps = list(tenths(process.stdout))
            feeder.wait()
            process.wait()
    first, last = stamps[1] - stamps[0], stamps[-1] - stamps[-2]
    rate = first / last
    reached = f"{'✓' if rate >= 0.95 else '✗'} 0.95"
    at_first = f"{MILLION / 10 / first:,.0f}/s at first"
    table.add("1,000,000 URLs from a pipe", f"{stamps[-1] - stamps[0]:.0f} s", at_first, f"{rate:.2f}", reached)
    peak = watch.peak / report.MIB
    table.add("its memory", f"{peak:.0f} MiB", "", "", limit(peak, 80))


def tenths(lines: IO[bytes]) -> Iterator[float]:
    """When each tenth of the records had come, and the moment of the start."""
    yield time.monotonic()
    for _ in range(10):
        for _ in itertools.islice(lines, MILLION // 10):
            pass
        yield time.monotonic()


def body(table: report.Table, rounds: int) -> None:
    """A GiB to a file."""
    with Nginx() as server:
        saved = server.root / "saved"
        curl = ["curl", "-s", "-o", str(server.root / "big"), server.url("big")]
        ours = [
            "sh",
            "-c",
            f"rm -rf {saved}; exec {' '.join(fetchmux('get', '-q', server.url('big')))} --save-dir {saved}",
        ]
        measured = interleave([Contender("curl", curl), Contender("fetchmux", ours)], rounds)
    us, it = middle(measured["fetchmux"]), middle(measured["curl"])
    share = ratio(measured["fetchmux"], measured["curl"])
    table.add("a body of 1 GiB to a file", f"{us.wall:.2f} s", f"{it.wall:.2f} s curl", *report.verdict(share, 1.2))
    table.add("its memory", f"{us.peak / report.MIB:.0f} MiB", f"{it.peak / report.MIB:.0f} MiB curl", "",
              limit(us.peak / report.MIB, 60))  # fmt: skip


def processes(table: report.Table, rounds: int) -> None:
    """Two processes beside one, where each response takes a millisecond of work: to decode it."""
    count = 5_000
    with Nginx() as server:
        urls = server.root / "coded-urls"
        urls.write_text("".join(server.url(f"work/{number}\n") for number in range(count)))
        command = fetchmux("get", "-q", "-b", "epoll", "-c", str(WINDOW), "--compressed", "-i", str(urls))
        contenders = [Contender("one", command), Contender("two", [*command, "--processes", "2"])]
        measured = interleave(contenders, rounds, pin=False)
    one, two = middle(measured["one"]), middle(measured["two"])
    gain = ratio(measured["one"], measured["two"])
    table.add("1 ms of work a response, two processes", f"{two.wall:.2f} s", f"{one.wall:.2f} s one", f"{gain:.2f}",
              f"{'✓' if gain >= 1.8 else '✗'} 1.80")  # fmt: skip


def start(table: report.Table, rounds: int) -> None:
    """From nothing to the end of the shortest runs."""
    with Nginx() as server:
        for what, most, arguments in (
            ("--version", 60, ["--version"]),
            ("get of one URL", 120, ["get", "-q", server.url("1k")]),
        ):
            bare = Contender("bare", [sys.executable, "-c", "pass"])
            measured = interleave([bare, Contender("fetchmux", fetchmux(*arguments))], 5 * rounds)
            ours, nothing = (middle(measured[name]).wall * 1000 for name in ("fetchmux", "bare"))
            table.add(what, f"{ours:.0f} ms", f"{nothing:.0f} ms python -c pass", "", limit(ours, most))


def limit(value: float, most: float) -> str:
    """Whether a figure is as low as it was to be."""
    return f"{'✓' if value <= most else '✗'} {most:.0f}"


class origin:
    """The embedded origin on the server's core; its address inside a `with` block."""

    def __enter__(self) -> str:
        command = fetchmux("serve", "--port", "0")
        if pinned():
            command = ["taskset", "-c", str(SERVER_CORE), *command]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=runs.ROOT)
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()


PARTS: dict[str, Callable[[report.Table, int], None]] = {
    "floor": floor,
    "waits": waits,
    "million": million,
    "body": body,
    "processes": processes,
    "start": start,
}


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--export-markdown", type=Path)
    given = parser.parse_args()
    table = report.Table("What grows, and what must not", ["", "fetchmux", "beside", "ratio", "to reach"])
    for name in given.only.split(","):
        PARTS[name](table, given.rounds)
    table.show(given.export_markdown)


if __name__ == "__main__":
    main()
