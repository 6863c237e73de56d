"""The journal's file: a heading, then a line for each input that has ended.

Knows its lines, and how to repair the end of a file whose writer has died. Must not know inputs or results. The heading
holds the terms of the run: what must not change from one run to the next.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Mapping

import msgspec

from fetchmux.errors import UsageError
from fetchmux.journal.past import Past
from fetchmux.sinks.descriptors import open_or_make, write_all

Terms = Mapping[str, str | int | bool | None]

_VERSION = 1
_BEGINNING = b'{"fetchmux_journal":'
# No line is longer; a heading holds a path or two.
_LONGEST = 64 * 1024
# No input can have ended so far beyond all others: a number that says so is a damaged one.
_FARTHEST = 1 << 24


class _Heading(msgspec.Struct):
    fetchmux_journal: int
    terms: dict[str, str | int | bool | None]


class Line(msgspec.Struct):
    """One input that has ended. `check` is a number of 32 bits in hexadecimal."""

    index: int
    check: str
    ok: bool
    status: int | None
    error: str | None


class Book:
    """A journal, open and locked: nobody else goes on with the same one meanwhile.

    Raises UsageError for a file that cannot be one, and OSError with its name where it cannot be written.

    Attributes:
        past: what it tells of earlier runs.
        terms: theirs; None when it is new.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd, self._new = _open(path)
        self.past = Past()
        self.terms: dict[str, str | int | bool | None] | None = None
        self._encode = msgspec.json.Encoder().encode
        try:
            self._lock()
            self._read()
        except BaseException:
            os.close(self._fd)
            raise

    def begin(self, terms: Terms) -> None:
        """Write the heading of a new one."""
        self._write(self._encode(_Heading(_VERSION, dict(terms))) + b"\n")

    def add(self, lines: list[Line]) -> None:
        """Append lines. They are safe from the end of the process now, and after `sync` from that of the machine."""
        self._write(b"".join([self._encode(line) + b"\n" for line in lines]))

    def sync(self) -> None:
        """Wait until all is on the disk."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._path) from error

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)

    def abandon(self) -> None:
        """Nothing was added: leave the file as it was, and let go of it."""
        with contextlib.suppress(OSError):
            if self._new:
                os.unlink(self._path)
            elif self.terms is None:
                os.ftruncate(self._fd, 0)
        os.close(self._fd)

    def _write(self, data: bytes) -> None:
        try:
            write_all(self._fd, data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._path) from error

    def _lock(self) -> None:
        # Not flock: that lock would live on in the processes that a strategy forks.
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise UsageError(f"another run is keeping the journal {self._path!r}") from None
            # Some file systems have no locks.

    def _read(self) -> None:
        """Learn what it holds, and cut off a line that was never finished, or that the disk has never got."""
        whole = 0
        decode = msgspec.json.Decoder(Line).decode
        with open(self._fd, "rb", closefd=False) as file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST), b""), 1):
                if self.terms is None and not _may_begin(line):
                    raise self._refusal("it does not begin like one")
                if line.startswith(b"\0") or not (line.endswith(b"\n") or len(line) == _LONGEST):
                    break
                try:
                    if self.terms is None:
                        self._read_heading(line)
                    else:
                        self._learn(decode(line))
                except (msgspec.MsgspecError, ValueError, OverflowError):
                    raise self._refusal(f"line {number:,} is damaged") from None
                whole += len(line)
        if os.fstat(self._fd).st_size > whole:
            os.ftruncate(self._fd, whole)

    def _read_heading(self, line: bytes) -> None:
        heading = msgspec.json.decode(line, type=_Heading)
        if heading.fetchmux_journal != _VERSION:
            raise self._refusal("another version of fetchmux has written it")
        self.terms = heading.terms

    def _learn(self, said: Line) -> None:
        if not 0 <= said.index < len(self.past) + _FARTHEST:
            raise ValueError
        self.past.note(said.index, int(said.check, 16), ok=said.ok)

    def _refusal(self, reason: str) -> UsageError:
        return UsageError(f"{self._path!r} is no journal to go on with: {reason}")


def _may_begin(line: bytes) -> bool:
    """Whether a file that begins so is a journal, even if no more than this was written of it."""
    return line.startswith(_BEGINNING) or _BEGINNING.startswith(line) or not line.strip(b"\0")


def _open(path: str) -> tuple[int, bool]:
    """A descriptor, and whether there was no such file before. Raises UsageError."""
    try:
        fd, new = open_or_make(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot keep the journal {path!r}: {getattr(error, 'strerror', None) or error}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UsageError(f"cannot keep the journal {path!r}: it is no regular file")
    return fd, new
