"""The program as a shell runs it: a process with pipes, an exit status, and an end in any case."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

PATIENCE = 60.0
PROGRAM = (sys.executable, "-m", "fetchmux")
# A developer's own wishes must not change what is tested.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES") and not name.startswith("FETCHMUX_GET_")
}


def run(
    *arguments: str, stdin: bytes = b"", program: Sequence[str] = PROGRAM, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run to the end."""
    command = [*program, *arguments]
    more = {"capture_output": True, "env": ENVIRONMENT, **more}
    return subprocess.run(command, input=stdin, timeout=PATIENCE, check=False, **more)


@contextmanager
def running(*arguments: str, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run beside the test, with pipes; killed if it outlives its patience."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([*PROGRAM, *arguments], env=ENVIRONMENT, **{**pipes, **more}) as process:
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def records(output: bytes) -> list[dict[str, Any]]:
    """The records, in input order; every line must be whole."""
    assert output == b"" or output.endswith(b"\n")
    return sorted((json.loads(line) for line in output.splitlines()), key=lambda record: int(record["index"]))
