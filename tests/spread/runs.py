"""A run in several processes, and those processes, as a test sees them from outside."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from fetchmux.origin.launch import Origin
from tests.cli import shell


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def fetchers(process: subprocess.Popen[bytes], count: int) -> list[int]:
    """The processes that fetch, once there are so many."""
    limit = time.monotonic() + shell.PATIENCE
    while len(found := children_of(process.pid)) < count:
        assert time.monotonic() < limit
        time.sleep(0.01)
    return found


def gone(pid: int) -> bool:
    """Whether a process has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + shell.PATIENCE
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def waiting(origin: Origin) -> int:
    with urllib.request.urlopen(origin.url("/waiting")) as reply:
        return int(json.load(reply)["now"])


def feed(process: subprocess.Popen[bytes], urls: list[str]) -> None:
    """Write a list and close it."""
    assert process.stdin is not None
    process.stdin.write("\n".join(urls).encode())
    process.stdin.close()
