"""Where a run's items come from: arguments, files, standard input.

Knows descriptors and their names. All are opened before anything is fetched, and read as lines come. Must not know what
an item means.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from fetchmux.errors import UsageError
from fetchmux.inputs.lines import read_lines

_STDIN = 0


class Source:
    """The items of one run: targets in their order, then the lines of the files in theirs; `-` is standard input.

    Raises UsageError when there is nothing to read, or when something cannot be read.

    Attributes:
        ended: everything has been read.
        total: how many items there are, where that is known beforehand.
    """

    def __init__(self, targets: tuple[str, ...], inputs: tuple[str, ...]) -> None:
        if not targets and not inputs:
            if os.isatty(_STDIN):
                raise UsageError("nothing to fetch: name a URL or an --input, or pipe a list in")
            targets = ("-",)
        self.ended = False
        self._parts: list[str | _File] = [_File("-") if target == "-" else target for target in targets]
        self._parts += [_File(name) for name in inputs]
        self.total = len(targets) if all(isinstance(part, str) for part in self._parts) else None

    def __iter__(self) -> Iterator[str | bytes | None]:
        """Yield items, and None when there is nothing to read yet. Raises OSError with the file's name in it."""
        for part in self._parts:
            if isinstance(part, str):
                yield part
            else:
                yield from part.lines()
        self.ended = True

    def includes(self, path: str) -> bool:
        """Whether the regular file at `path` is one of those that are read."""
        try:
            there = os.stat(path)
        except OSError:
            return False
        files = [part.status for part in self._parts if isinstance(part, _File)]
        return stat.S_ISREG(there.st_mode) and any(os.path.samestat(there, status) for status in files)


class _File:
    """A file that is open for reading."""

    def __init__(self, name: str) -> None:
        self._name = name
        try:
            # To open a named pipe would wait for somebody who writes.
            self._fd = _STDIN if name == "-" else os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            self.status = os.fstat(self._fd)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(f"cannot read the input {name!r}: {reason}") from None
        if stat.S_ISDIR(self.status.st_mode):
            raise UsageError(f"cannot read the input {name!r}: {os.strerror(errno.EISDIR)}")

    def lines(self) -> Iterator[bytes | None]:
        try:
            yield from read_lines(self._fd)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._name) from error
        finally:
            if self._fd != _STDIN:
                os.close(self._fd)
