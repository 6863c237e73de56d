"""What a run costs this process: CPU, memory, switches; and what it costs the server's in CPU."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """Counters at one moment, or their difference between two. Times in seconds."""

    user: float
    system: float
    voluntary: int
    involuntary: int

    def since(self, before: Cost) -> Cost:
        """What was spent between two moments."""
        return Cost(
            self.user - before.user,
            self.system - before.system,
            self.voluntary - before.voluntary,
            self.involuntary - before.involuntary,
        )

    def plus(self, other: Cost) -> Cost:
        """What two have spent together."""
        return Cost(
            self.user + other.user,
            self.system + other.system,
            self.voluntary + other.voluntary,
            self.involuntary + other.involuntary,
        )


NOTHING = Cost(0.0, 0.0, 0, 0)


def own_cost() -> Cost:
    """The counters of this process now."""
    return _counters(resource.RUSAGE_SELF)


def children_cost() -> Cost:
    """The counters of its ended children now."""
    return _counters(resource.RUSAGE_CHILDREN)


def _counters(whose: int) -> Cost:
    usage = resource.getrusage(whose)
    return Cost(usage.ru_utime, usage.ru_stime, usage.ru_nvcsw, usage.ru_nivcsw)


def peak_memory() -> int:
    """The most physical memory that this process and those it has running have ever held, in bytes.

    The sum of each one's VmHWM, so what several share counts for each. VmHWM belongs to this program alone; `ru_maxrss`
    carries the parent's peak across exec on Linux, so it serves only where there is no /proc.
    """
    if not Path("/proc/self/status").exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return sum(_high_water(pid) for pid in _family("self"))


def held() -> tuple[int, int]:
    """Threads and open descriptors of this process now; nought where there is no /proc."""
    return _held("self")


def children_held() -> tuple[int, int]:
    """Threads and open descriptors of the processes that this one has running, and of theirs."""
    family = _family("self")
    next(family)
    threads = descriptors = 0
    for pid in family:
        one = _held(pid)
        threads, descriptors = threads + one[0], descriptors + one[1]
    return threads, descriptors


def _held(pid: str) -> tuple[int, int]:
    # It may end while it is looked at.
    with contextlib.suppress(OSError):
        # The name of the program, in brackets, may hold blanks.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[17]), len(os.listdir(f"/proc/{pid}/fd"))
    return 0, 0


def _family(pid: str) -> Iterator[str]:
    """A process and all that it has started, and they in turn."""
    yield pid
    # One may end while it is looked at.
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(child)


def _high_water(pid: str) -> int:
    """The peak of one process in bytes; nought when it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def cpu_of(pid: int | None) -> float | None:
    """Seconds of CPU that another process has used, or None where there is none or that cannot be told."""
    if pid is None:
        return None
    # In nanoseconds, where the kernel keeps them: a short trial is a handful of the ticks that `stat` counts in.
    with contextlib.suppress(OSError, ValueError, IndexError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        if nanoseconds := sum(int((task / "schedstat").read_text().split()[0]) for task in tasks):
            return nanoseconds / 1e9
    try:
        # The name of the program, in brackets, may hold blanks.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def time_wait() -> int | None:
    """How many connections of this machine, closed a moment ago, still keep their ports; None where that is unknown."""
    with contextlib.suppress(OSError, ValueError):
        fields = Path("/proc/net/sockstat").read_text().partition("TCP:")[2].split()
        return int(fields[fields.index("tw") + 1])
    return None
