"""Whole processes, from start to exit, measured in interleaved rounds: wall time, CPU and peak memory.

Ratios are of the two runs of one round, so that what the machine did meanwhile is in both.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from benchmarks.nginx import CLIENT_CORE, pinned

ROOT = Path(__file__).parent.parent
# A process that compiles its modules each time, or writes each line by itself, is not what is measured.
_DISTURBING = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


class Run(NamedTuple):
    """What one process took: seconds, seconds of CPU, bytes."""

    wall: float
    cpu: float
    peak: int


class Contender(NamedTuple):
    """A command under a name; `stdin` is a file that it reads."""

    name: str
    command: Sequence[str]
    stdin: Path | None = None


def measure(contender: Contender, *, pin: bool = True) -> Run:
    """Run it once, on the client's core if it is pinned. Raises RuntimeError when it fails."""
    command = _alone(contender.command) if pin else contender.command
    environment = {name: value for name, value in os.environ.items() if name not in _DISTURBING}
    with open(contender.stdin or os.devnull, "rb") as stdin:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment, cwd=ROOT,
        )  # fmt: skip
        with Watch(process.pid) as watch:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{contender.name} ended with {process.returncode}: {' '.join(contender.command)}")
    return Run(wall, usage.ru_utime + usage.ru_stime, watch.peak)


class Watch:
    """Looks at a process's VmHWM every now and then: `ru_maxrss` carries the parent's peak across exec on Linux."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._status = Path(f"/proc/{pid}/status")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            with contextlib.suppress(OSError):
                for line in self._status.read_text().splitlines():
                    if line.startswith("VmHWM:"):
                        self.peak = max(self.peak, int(line.split()[1]) * 1024)


def interleave(contenders: list[Contender], rounds: int, *, pin: bool = True) -> dict[str, list[Run]]:
    """Run all of them in each round; their runs by name."""
    for contender in contenders:
        measure(contender, pin=pin)
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders[number % len(contenders) :] + contenders[: number % len(contenders)]:
            runs[contender.name].append(measure(contender, pin=pin))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return runs


def middle(runs: Sequence[Run]) -> Run:
    """The median of each figure."""
    walls, cpus, peaks = zip(*runs, strict=True)
    return Run(statistics.median(walls), statistics.median(cpus), int(statistics.median(peaks)))


def ratio(runs: Sequence[Run], others: Sequence[Run]) -> float:
    """The median of `runs` to `others` in wall time, round by round."""
    return statistics.median(run.wall / other.wall for run, other in zip(runs, others, strict=True))


def fetchmux(*arguments: str) -> list[str]:
    """The command line of fetchmux in this interpreter."""
    return [sys.executable, "-m", "fetchmux", *arguments]


def module(name: str, *arguments: str) -> list[str]:
    """The command line of a script beside this one."""
    return [sys.executable, "-m", f"benchmarks.{name}", *arguments]


def _alone(command: Sequence[str]) -> list[str]:
    return ["taskset", "-c", str(CLIENT_CORE), *command] if pinned() else list(command)
