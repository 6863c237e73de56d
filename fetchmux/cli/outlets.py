"""Where the bytes of results go: standard output, a file, a terminal that the progress line shares.

Knows descriptors, and what must not reach a terminal. Must not know formats. Nothing is buffered here, so that nothing
is left to be flushed when the interpreter ends and the reader has gone.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import select
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from fetchmux.errors import UsageError
from fetchmux.sinks.descriptors import open_or_make

if TYPE_CHECKING:
    from typing_extensions import Buffer

# C0 but for tab and line feed, DEL, and C1 as UTF-8 spells it: what a terminal may take for a command.
_COMMANDS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


class Target(NamedTuple):
    """Where to write.

    Attributes:
        title: what the user calls it; None is standard output, which stays open.
        new: the file was not there before.
        replaces: what it holds gives way to the first thing that is written, and not before.
    """

    fd: int
    title: str | None = None
    new: bool = False
    replaces: bool = False


class Outlet(io.FileIO):
    """An unbuffered stream that writes everything or raises OSError with its title in it.

    In a file that is full nothing stays of what was written in part: of one `write`, or of one of several lines.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target.fd, "wb", closefd=target.title is not None)
        self._title = target.title or "standard output"
        self._new, self._replaces = target.new, target.replaces

    def begin(self) -> None:
        """Let go of what the file held before. Raises OSError."""
        if self._replaces:
            self._replaces = False
            if stat.S_ISREG(os.fstat(self.fileno()).st_mode):
                self.truncate(0)

    def abandon(self) -> None:
        """Nothing was written: leave everything as it was, and close."""
        if self._new:
            with contextlib.suppress(OSError):
                os.unlink(self._title)
        self.close()

    def write(self, data: Buffer, /) -> int:
        whole = memoryview(data).cast("B")
        self._write_all(whole, [len(whole)])
        return len(whole)

    def writelines(self, lines: Iterable[Buffer], /) -> None:
        pieces = list(lines)
        self._write_all(memoryview(b"".join(pieces)), accumulate(len(memoryview(piece)) for piece in pieces))

    def secure(self) -> None:
        """Wait until what was written is on the disk, where there is one. Raises OSError."""
        if stat.S_ISREG(os.fstat(self.fileno()).st_mode):
            try:
                os.fsync(self.fileno())
            except OSError as error:
                error.filename = self._title
                raise

    def _write_all(self, data: memoryview, ends: Iterable[int]) -> None:
        """Write everything; `ends` are the places at which it may break off."""
        self.begin()
        rest = data
        try:
            while rest:
                rest = rest[self._write_some(rest) :]
        except OSError as error:
            error.filename = self._title
            with contextlib.suppress(OSError):
                self._take_back(len(data) - len(rest), ends)
            raise

    def _take_back(self, written: int, ends: Iterable[int]) -> None:
        """Cut what lies behind the last of the `ends` off a file."""
        torn = written - max((end for end in ends if end <= written), default=0)
        status, here = os.fstat(self.fileno()), self.tell() if torn else 0
        # Standard output may be a file into which others write, too: only what is the last in it is ours to take back.
        if torn and stat.S_ISREG(status.st_mode) and status.st_size == here:
            self.truncate(here - torn)
            self.seek(here - torn)

    def _write_some(self, data: memoryview) -> int:
        # Typed as always a number, it is None where somebody has made the descriptor non-blocking.
        count: int | None = super().write(data)
        if count is None:
            select.select([], [self], [])
        return count or 0


class SharedTerminal(Outlet):
    """A terminal on which something else may stand below: it is lifted while this writes.

    Args:
        lifted: a context in which that is so.
        foreign: what is written comes from servers and inputs, so it may not steer the terminal.

    Attributes:
        ragged: the last line is not at its end.
    """

    def __init__(self, target: Target, lifted: Callable[[], AbstractContextManager[None]], *, foreign: bool) -> None:
        super().__init__(target)
        self._lifted = lifted
        self._foreign = foreign
        self.ragged = False

    def _write_all(self, data: memoryview, ends: Iterable[int]) -> None:
        shown = _COMMANDS.sub(_spell, bytes(data)) if self._foreign else bytes(data)
        self.ragged = not shown.endswith(b"\n")
        with self._lifted():
            super()._write_all(memoryview(shown), ends)


def open_file(path: str | None, *, append: bool = False) -> Target:
    """A file that is new, written anew or gone on with, or standard output. Raises UsageError."""
    try:
        if path is None:
            return Target(sys.stdout.fileno())
        fd, new = open_or_make(path, os.O_WRONLY | os.O_CLOEXEC | (os.O_APPEND if append else 0))
        return Target(fd, path, new, replaces=not (new or append))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write to {path!r}: {getattr(error, 'strerror', None) or error}") from None
    except AttributeError:
        # Python has no object for a descriptor that was closed before it began.
        raise UsageError("standard output is closed") from None


def _spell(command: re.Match[bytes]) -> bytes:
    return command[0].decode().encode("unicode_escape")
