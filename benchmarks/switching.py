"""What switching costs, and what waiting at once brings.

    python benchmarks/switching.py [--steps N] [--tasks N] [--wait SECONDS] [--rounds N]
                                   [--export-markdown]

Two loops that only add run one after the other, and then by turns, with a switch after every step: by generators,
greenlets, gevent, asyncio and threads that hand over, each with what its scheduler does at its least. Then tasks that
only wait do so in turn and at once. All in one process and one run; each way is measured in every round, and the table
shows medians and their ratio to the loops without a switch.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import heapq
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import gevent
import greenlet
from rich.console import Console
from rich.table import Table

Way = Callable[[int], None]


def one_after_the_other(steps: int) -> None:
    """No switch at all: what the others are compared with."""
    for _ in range(2):
        state = 0
        for number in range(steps):
            state += number


def by_generator(steps: int) -> None:
    """A round robin of generators."""

    def loop() -> Generator[None]:
        state = 0
        for number in range(steps):
            state += number
            yield

    ready = collections.deque([loop(), loop()])
    while ready:
        turn = ready.popleft()
        try:
            next(turn)
        except StopIteration:
            continue
        ready.append(turn)


def by_greenlet(steps: int) -> None:
    """Two greenlets that switch straight to each other."""

    def loop(mine: int) -> None:
        state = 0
        for number in range(steps):
            state += number
            pair[1 - mine].switch()

    pair = [greenlet.greenlet(lambda: loop(0)), greenlet.greenlet(lambda: loop(1))]
    pair[0].switch()
    pair[1].switch()


def by_gevent(steps: int) -> None:
    """gevent.sleep(0): to the hub, round its loop, and to the next."""

    def loop() -> None:
        state = 0
        for number in range(steps):
            state += number
            gevent.sleep(0)

    gevent.joinall([gevent.spawn(loop), gevent.spawn(loop)])


def by_asyncio(steps: int) -> None:
    """asyncio.sleep(0): to the loop, round it, and to the next."""

    async def loop() -> None:
        state = 0
        for number in range(steps):
            state += number
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(loop(), loop())

    asyncio.run(both())


def by_thread_hand_over(steps: int) -> None:
    """Two threads, one of which may run: each step ends with the release of the other's lock."""
    locks = [threading.Lock(), threading.Lock()]
    locks[1].acquire()

    def loop(mine: int) -> None:
        state = 0
        for number in range(steps):
            locks[mine].acquire()
            state += number
            locks[1 - mine].release()

    _together([lambda: loop(0), lambda: loop(1)])


def by_threads(steps: int) -> None:
    """Two threads as they are: the interpreter's lock lets each run for a few milliseconds."""

    def loop() -> None:
        state = 0
        for number in range(steps):
            state += number

    _together([loop, loop])


def _together(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


LOOPS: dict[str, Way] = {
    "one after the other": one_after_the_other,
    "two threads, unguided": by_threads,
    "generator": by_generator,
    "greenlet": by_greenlet,
    "asyncio.sleep(0)": by_asyncio,
    "gevent.sleep(0)": by_gevent,
    "threads that hand over": by_thread_hand_over,
}


def in_turn(tasks: int, wait: float) -> None:
    """One wait after another."""
    for _ in range(tasks):
        time.sleep(wait)


def at_once_threads(tasks: int, wait: float) -> None:
    """A thread for each."""
    _together([lambda: time.sleep(wait)] * tasks)


def at_once_gevent(tasks: int, wait: float) -> None:
    """A greenlet for each, and gevent's hub."""
    gevent.joinall([gevent.spawn(gevent.sleep, wait) for _ in range(tasks)])


def at_once_asyncio(tasks: int, wait: float) -> None:
    """A coroutine for each, and asyncio's loop."""

    async def everyone() -> None:
        await asyncio.gather(*(asyncio.sleep(wait) for _ in range(tasks)))

    asyncio.run(everyone())


def at_once_generators(tasks: int, wait: float) -> None:
    """A generator for each that yields when it wants to go on, and a heap for a scheduler."""

    def sleeper() -> Generator[float]:
        yield time.monotonic() + wait

    sleeping = [(next(task), number, task) for number, task in enumerate([sleeper() for _ in range(tasks)])]
    heapq.heapify(sleeping)
    while sleeping:
        until, _, task = heapq.heappop(sleeping)
        time.sleep(max(0.0, until - time.monotonic()))
        next(task, None)


WAITS: dict[str, Callable[[int, float], None]] = {
    "in turn": in_turn,
    "at once, generators": at_once_generators,
    "at once, asyncio": at_once_asyncio,
    "at once, gevent": at_once_gevent,
    "at once, threads": at_once_threads,
}


class Measured(NamedTuple):
    """One way: the median of its seconds, those of the way that is the measure, and how many switches it made."""

    way: str
    seconds: float
    measure: float
    switches: int

    @property
    def ratio(self) -> float:
        """How many times as long as the measure."""
        return self.seconds / self.measure

    @property
    def per_switch(self) -> str:
        """What a switch cost beyond the step itself, in nanoseconds."""
        return f"{(self.seconds - self.measure) / self.switches * 1e9:,.0f} ns" if self.switches else ""


def timed(work: Callable[[], None]) -> float:
    """Seconds that it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_loops(steps: int, rounds: int) -> list[Measured]:
    """Every way in every round, so that a machine's whims hit all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in LOOPS}
    for _ in range(rounds):
        for name, way in LOOPS.items():
            seconds[name].append(timed(lambda way=way: way(steps)))  # type: ignore[misc]
    measure = statistics.median(seconds["one after the other"])
    unswitched = ("one after the other", "two threads, unguided")
    return [
        Measured(name, statistics.median(taken), measure, 0 if name in unswitched else 2 * steps)
        for name, taken in seconds.items()
    ]


def measure_waits(tasks: int, wait: float) -> list[Measured]:
    """Once each: what only waits takes as long as it is told to."""
    seconds = {name: timed(lambda way=way: way(tasks, wait)) for name, way in WAITS.items()}  # type: ignore[misc]
    return [Measured(name, taken, seconds["in turn"], 0) for name, taken in seconds.items()]


def tables(loops: list[Measured], waits: list[Measured], steps: int, tasks: int, wait: float) -> list[list[list[str]]]:
    """Both as rows of cells, headings first."""
    return [
        [
            [f"two loops of {steps:,} steps", "time", "ratio", "a switch costs"],
            *([row.way, f"{row.seconds:.3f} s", f"{row.ratio:.2f} ×", row.per_switch] for row in loops),
        ],
        [
            [f"{tasks} waits of {wait:g} s", "time", "ratio"],
            *([row.way, f"{row.seconds:.3f} s", f"{row.ratio:.2f} ×"] for row in waits),
        ],
    ]


def why(loops: list[Measured], waits: list[Measured]) -> str:
    """What it means, in two sentences."""
    ratio = {row.way: row.ratio for row in loops}
    return (
        f"A switch only moves the computing about: every step still has to be made by the one core that holds the "
        f"interpreter's lock, and a switch after each step makes that {ratio['generator']:.1f} times as long by "
        f"generators and {ratio['threads that hand over']:.0f} times by threads that hand over. "
        f"A wait needs no core, so all can be waited for at once, in {min(row.ratio for row in waits):.2f} of the "
        f"time, and whoever switches only where there is something to wait for pays for few switches and saves all "
        f"the waits but one."
    )


def markdown(rows: list[list[str]]) -> str:
    """A table for a page."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    rule = "|---" + "|---:" * (len(rows[0]) - 1) + "|"
    return "\n".join([head, rule, *body])


def show(rows: list[list[str]]) -> Table:
    """A table for a terminal."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for number, heading in enumerate(rows[0]):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in rows[1:]:
        table.add_row(*row)
    return table


def machine() -> str:
    """Where and when this was measured."""
    model = next((line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), "")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    what = f"{python}, greenlet {greenlet.__version__}, gevent {gevent.__version__}"
    cores = f"{os.cpu_count()} × {model or platform.machine()}"
    return f"{datetime.now(UTC):%Y-%m-%d}: {what}, {platform.system()} {platform.release()}, {cores}"


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200_000, help="of each loop")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--wait", type=float, default=0.5, help="of each task, in seconds")
    parser.add_argument("--export-markdown", action="store_true", help="print tables for a page")
    given = parser.parse_args()
    loops, waits = measure_loops(given.steps, given.rounds), measure_waits(given.tasks, given.wait)
    both = tables(loops, waits, given.steps, given.tasks, given.wait)
    if given.export_markdown:
        print(*(markdown(rows) for rows in both), why(loops, waits), machine(), sep="\n\n")
        return
    console = Console(highlight=False)
    for rows in both:
        console.print(show(rows))
        console.print()
    console.print(why(loops, waits))
    console.print(machine(), style="dim")


if __name__ == "__main__":
    main()
