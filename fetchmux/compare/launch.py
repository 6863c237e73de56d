"""Start a trial's process, feed it, read it, bound its time. Whatever befalls it becomes a report."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import IO

import msgspec

from fetchmux import offspring
from fetchmux.compare.trial import Report, Trial

# How often a silent child is looked at, in seconds.
_GLANCE = 0.2
# How long a child that has closed its pipe may take to end, in seconds.
_PARTING = 5.0
# All that a trial sees of the environment, so that two machines' trials differ in no setting that nobody looks at.
_PASSED = frozenset(
    {"HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ", "VIRTUAL_ENV"}
)


def conduct(trial: Trial, watched: Sequence[str] = ()) -> Report:
    """Perform a trial in a fresh interpreter and report; `watched` is a command that watches it, such as strace.

    A trial that crashes, hangs or says nothing is a report with a `failure`; an interrupt ends the process and passes.
    """
    answer, complaint = _converse([*watched, *_python("child")], msgspec.json.encode(trial), trial.limit)
    if answer is None:
        return Report(trial.backend, trial.round, failure=complaint)
    try:
        return msgspec.json.decode(answer, type=Report)
    except msgspec.MsgspecError:
        unreadable = "its report cannot be read" if answer else "its process ended without a report"
        return Report(trial.backend, trial.round, failure=complaint or unreadable)


def ask(module: str, order: bytes, limit: float) -> bytes:
    """What a module of this package answers to an order in a fresh interpreter; nothing when it fails."""
    return _converse(_python(module), order, limit)[0] or b""


def _python(module: str) -> list[str]:
    return offspring.command(f"fetchmux.compare.{module}")


def _converse(command: Sequence[str], order: bytes, limit: float) -> tuple[bytes | None, str]:
    """What the child reported, or None when it had to be killed; and its last words."""
    end = time.monotonic() + limit
    reader, writer = os.pipe()
    # Complaints go to a file: nobody has to read them for the child to go on.
    with os.fdopen(reader, "rb", 0) as pipe, tempfile.TemporaryFile() as complaints:
        try:
            child = _start(command, writer, complaints)
        except OSError as error:
            return b"", f"it gets no process: {error.strerror}"
        with child:
            try:
                answer = _ask(child, pipe, order, end)
                if answer is not None:
                    # Let it say its last words.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(_PARTING)
            finally:
                # Its children too; where it has left none and is gone itself, there is no such group.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
        complaints.seek(0)
        if answer is None:
            return None, f"it took longer than {limit:g} s"
        return answer, _last_words(child.returncode, complaints.read())


def _start(command: Sequence[str], writer: int, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the child with its end of the pipe, which this process gives up."""
    try:
        return subprocess.Popen(
            [*command, str(writer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            pass_fds=(writer,),
            env=_environment(),
            # A group of its own: Ctrl-C is for this process, which ends the whole group.
            process_group=0,
        )
    finally:
        os.close(writer)


def _ask(child: subprocess.Popen[bytes], pipe: IO[bytes], order: bytes, end: float) -> bytes | None:
    """Send the order and read the answer up to its end; None when that is not there in time."""
    assert child.stdin is not None
    # A child that dies at once is told from its last words.
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
        stdin.write(order)
    pieces: list[bytes] = []
    while time.monotonic() < end:
        if select.select([pipe], [], [], _GLANCE)[0]:
            piece = pipe.read(1 << 20)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
        elif child.poll() is not None:
            # It has left processes behind that hold the pipe open.
            return b"".join(pieces)
    return None


def _last_words(status: int, complaint: bytes) -> str:
    """Why a child ended, in one line."""
    lines = complaint.decode(errors="replace").split("\n")
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")
    if status < 0:
        return f"its process was ended by signal {-status}"
    return words or (f"its process ended with status {status}" if status else "")


def _environment() -> dict[str, str]:
    passed = {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("LC_")}
    return {**offspring.environment(passed), "PYTHONHASHSEED": "0"}
