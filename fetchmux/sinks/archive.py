"""What archives of a run need beside its records: the request as it was sent, and where whole entries go.

Knows how to read a request's bytes again, without the credentials in them. Must not know a format.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple, Protocol

from msgspec import UNSET

from fetchmux.errors import UsageError
from fetchmux.model import Result
from fetchmux.sinks import Sink
from fetchmux.sinks.descriptors import open_or_make

_SECRET = frozenset({"authorization", "proxy-authorization"})
_MASK = "***"


class Archive(Sink, Protocol):
    """Takes results with what was sent for them."""

    def secure(self) -> None:
        """Wait until what was flushed is on the disk. Raises OSError."""
        ...

    def close(self) -> None:
        """Nothing more will come. Raises OSError."""
        ...

    def abandon(self) -> None:
        """Nothing has come: leave the file as it was."""
        ...


class Archived:
    """A sink before another one: shows each result to the archives, which alone see what was sent."""

    def __init__(self, sink: Sink, archives: list[Archive]) -> None:
        self._sink = sink
        self._archives = archives
        self._begun = False

    def write(self, result: Result) -> None:
        self._begun = True
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
            # Before there is anything to write, the list may yet turn out to be none, and the files stay as they were.
            for archive in self._archives if self._begun else ():
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
        path: the file. What it holds goes when the first `put` comes, so that a run that is refused destroys nothing.
        tail: what ends the file.
        whole: how much of what it holds stays and is gone on with.

    Attributes:
        end: where the next thing is put.
        harmless: to put something there destroys nothing.

    Raises:
        UsageError: it cannot be written, or is no file that could be written over or gone on with.
    """

    def __init__(self, path: str, tail: bytes = b"", whole: Callable[[IO[bytes]], int] | None = None) -> None:
        self._path = path
        self._tail = tail
        self._begun = False
        try:
            self._fd, self._new = open_or_make(path, os.O_RDWR | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot write to {path!r}: {getattr(error, 'strerror', None) or error}") from None
        try:
            self.end = self._settled(whole)
            self.harmless = self._new or whole is not None
        except BaseException:
            self.abandon()
            raise

    def _settled(self, whole: Callable[[IO[bytes]], int] | None) -> int:
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            raise UsageError(f"an archive needs a file of its own, and {self._path!r} is none")
        if whole is None:
            return 0
        try:
            with open(self._path, "rb") as file:
                return whole(file)
        except OSError as error:
            raise UsageError(f"cannot go on with {self._path!r}: {error.strerror}") from None

    def put(self, data: bytes) -> None:
        """Write `data` before the tail. Raises OSError with the file's name in it."""
        with self._named():
            if not self._begun:
                os.ftruncate(self._fd, self.end)
                self._begun = True
            try:
                self._write(data + self._tail)
            except OSError:
                with contextlib.suppress(OSError):
                    self._take_back()
                raise
        self.end += len(data)

    def secure(self) -> None:
        """Wait until what was put is on the disk. Raises OSError with the file's name in it."""
        with self._named():
            os.fsync(self._fd)

    def _write(self, data: bytes) -> None:
        rest, at = memoryview(data), self.end
        while rest:
            count = os.pwrite(self._fd, rest, at)
            rest, at = rest[count:], at + count

    def _take_back(self) -> None:
        """Let the file end as it did before; there was room for that."""
        os.pwrite(self._fd, self._tail if self.end else b"", self.end)
        os.ftruncate(self._fd, self.end + len(self._tail if self.end else b""))

    def close(self) -> None:
        """Close the file. Raises OSError."""
        os.close(self._fd)

    def abandon(self) -> None:
        """Leave everything as it was, and close."""
        if self._new:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        os.close(self._fd)

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = self._path
            raise
