"""What a run costs this process: time, CPU, memory, switches."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import NamedTuple

_STATUS = Path("/proc/self/status")


class Cost(NamedTuple):
    """Counters at one moment, or their difference between two. Times in seconds."""

    wall: float
    user: float
    system: float
    voluntary: int
    involuntary: int

    def since(self, before: Cost) -> Cost:
        """What was spent between two moments."""
        return Cost(
            self.wall - before.wall,
            self.user - before.user,
            self.system - before.system,
            self.voluntary - before.voluntary,
            self.involuntary - before.involuntary,
        )


def cost() -> Cost:
    """The counters now, those of ended children included."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(
        time.perf_counter(),
        own.ru_utime + children.ru_utime,
        own.ru_stime + children.ru_stime,
        own.ru_nvcsw + children.ru_nvcsw,
        own.ru_nivcsw + children.ru_nivcsw,
    )


def peak_memory() -> int:
    """The most physical memory this process has ever held, in bytes.

    VmHWM belongs to this program alone; `ru_maxrss` carries the parent's peak across exec on Linux, so it serves only
    where there is no /proc.
    """
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def cpu_of(pid: int) -> float | None:
    """Seconds of CPU that another process has used, or None where that cannot be told."""
    try:
        # The name of the program, in brackets, may hold blanks.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
