"""The machine and the programs that a comparison ran on: a number without them says nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import sys
from pathlib import Path

import msgspec

_PACKAGES = ("fetchmux", "gevent", "greenlet", "msgspec", "can_ada", "uvloop", "Twisted", "liburing")


class Machine(msgspec.Struct):
    """What was there.

    Attributes:
        load: the average number of runnable processes over 1, 5 and 15 minutes before the first trial.
        affinity: how many CPUs this process may use.
        descriptors: the soft and the hard limit of open descriptors (ulimit -n); -1 is unlimited.
        ports: how many local ports the system gives to outgoing connections; None where that is unknown.
        gil: whether Python threads take turns at one interpreter.
    """

    python: str
    implementation: str
    packages: dict[str, str]
    system: str
    kernel: str
    cpu: str
    cpus: int
    affinity: int
    load: tuple[float, float, float]
    descriptors: tuple[int, int]
    ports: int | None
    gil: bool


def describe() -> Machine:
    """Look around."""
    return Machine(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        packages=_versions(),
        system=platform.system(),
        kernel=platform.release(),
        cpu=_cpu_model(),
        cpus=os.cpu_count() or 1,
        affinity=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        load=os.getloadavg(),
        descriptors=resource.getrlimit(resource.RLIMIT_NOFILE),
        ports=_ports(),
        gil=getattr(sys, "_is_gil_enabled", lambda: True)(),
    )


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _ports() -> int | None:
    try:
        low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    except OSError:
        return None
    return int(high) - int(low) + 1


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
