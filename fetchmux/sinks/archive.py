"""What archives of a run need beside its records: the request as it was sent, and where whole entries go.

Knows how to read a request's bytes again, without the credentials in them. Must not know a format.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import NamedTuple, Protocol

from msgspec import UNSET

from fetchmux.errors import UsageError
from fetchmux.model import Result
from fetchmux.sinks import Sink

_SECRET = frozenset({"authorization", "proxy-authorization"})
_MASK = "***"


class Archive(Sink, Protocol):
    """Takes results with what was sent for them."""

    def close(self) -> None:
        """Nothing more will come. Raises OSError."""
        ...


class Archived:
    """A sink before another one: shows each result to the archives, which alone see what was sent."""

    def __init__(self, sink: Sink, archives: list[Archive]) -> None:
        self._sink = sink
        self._archives = archives

    def write(self, result: Result) -> None:
        try:
            for archive in self._archives:
                archive.write(result)
        except OSError:
            # What its disk has no room for is no reason to lose a record.
            self._pass_on(result)
            self._sink.flush()
            raise
        self._pass_on(result)

    def flush(self) -> None:
        try:
            for archive in self._archives:
                archive.flush()
        finally:
            self._sink.flush()

    def _pass_on(self, result: Result) -> None:
        result.sent = UNSET
        self._sink.write(result)


class Sent(NamedTuple):
    """A request as it went out; every character of `start` and `fields` is one byte."""

    start: str
    fields: list[tuple[str, str]]
    body: bytes


def read_sent(data: bytes) -> Sent:
    """The parts of a request's bytes. What names a user and a password is masked."""
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return Sent(start, [(name, _MASK if name.lower() in _SECRET else value) for name, value in pairs], body)


class ArchiveFile:
    """A file that is whole after each `put`: what ends it is written with what comes before, and over it the next time.

    Args:
        path: the file, emptied, or with `fresh` one that must not exist yet.
        tail: what ends the file.

    Raises:
        UsageError: it cannot be written, or is no file that could be written over.
    """

    def __init__(self, path: str, tail: bytes = b"", *, fresh: bool = False) -> None:
        self._path = path
        self._tail = tail
        self._end = 0
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if fresh else 0)
            self._fd = os.open(path, flags, 0o666)
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot write to {path!r}: {getattr(error, 'strerror', None) or error}") from None
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            os.close(self._fd)
            raise UsageError(f"an archive needs a file of its own, and {path!r} is none")
        os.ftruncate(self._fd, 0)

    def put(self, data: bytes) -> None:
        """Write `data` before the tail. Raises OSError with the file's name in it."""
        rest, at = memoryview(data + self._tail), self._end
        try:
            while rest:
                count = os.pwrite(self._fd, rest, at)
                rest, at = rest[count:], at + count
        except OSError as error:
            error.filename = self._path
            with contextlib.suppress(OSError):
                self._take_back()
            raise
        self._end += len(data)

    def _take_back(self) -> None:
        """Let the file end as it did before; there was room for that."""
        os.pwrite(self._fd, self._tail if self._end else b"", self._end)
        os.ftruncate(self._fd, self._end + len(self._tail if self._end else b""))

    def close(self) -> None:
        """Close the file. Raises OSError."""
        os.close(self._fd)
