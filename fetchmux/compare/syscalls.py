"""System calls by name: a trial under strace, apart from those that are timed, since strace slows each call down."""

from __future__ import annotations

import collections
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from fetchmux.compare import launch
from fetchmux.compare.trial import MARK, Trial

_CALL = re.compile(r"\d+ +(\w+)\(")


def missing() -> str | None:
    """Why they cannot be counted here, with the remedy."""
    return None if shutil.which("strace") else "counting system calls needs strace: apt-get install strace"


def count(trial: Trial) -> dict[str, int]:
    """How often each system call was made, the most frequent first; nothing where the trial fails under strace."""
    with tempfile.NamedTemporaryFile("r", prefix="fetchmux-", errors="replace") as told:
        watched = ("strace", "-f", "-qq", "-o", told.name)
        report = launch.conduct(msgspec.structs.replace(trial, marked=True, warm_up=0, processes=1), watched)
        return {} if report.failure is not None else tally(Path(told.name).read_text(errors="replace").splitlines())


def tally(lines: Iterable[str]) -> dict[str, int]:
    """Count the calls between the two marks. A call that another thread interrupts has two lines, and one beginning."""
    calls: collections.Counter[str] = collections.Counter()
    running = False
    for line in lines:
        if MARK in line:
            running = not running
        elif running and (match := _CALL.match(line)):
            calls[match[1]] += 1
    return dict(calls.most_common())
