"""Where a run's items come from: arguments, files, standard input.

Knows descriptors and their names. All are opened before anything is fetched, and read as lines come. Must not know what
an item means.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Generator, Iterator

from fetchmux.cli.uses import Identity, identity_of
from fetchmux.errors import UsageError
from fetchmux.inputs.globs import Part, count, expand
from fetchmux.inputs.globs import parts as globs_of
from fetchmux.inputs.lines import read_lines
from fetchmux.inputs.urls import veil

_STDIN = 0
# An object, which has braces of its own; a pattern may begin with one, too: {http,https}://h/.
_JSON = re.compile(r"\s*\{\s*[\"}]")
# A pipe that nobody writes to may stay silent for ever: after so many seconds it holds up nobody behind it.
_PATIENCE = 1.0


class Source:
    """The items of one run: targets in their order, then the lines of the files in theirs; `-` is standard input.
    What is silent for a while lets those behind it go ahead.

    Raises UsageError when there is nothing to read, or when something cannot be read.

    Attributes:
        ended: everything has been read.
        total: how many items there are, where that is known beforehand.
    """

    def __init__(self, targets: tuple[str, ...], inputs: tuple[str, ...], *, globs: bool = False) -> None:
        if not targets and not inputs:
            if os.isatty(_STDIN):
                raise UsageError("nothing to fetch: name a URL or an --input, or pipe a list in")
            targets = ("-",)
        self.ended = False
        self._parts: list[_Pattern | _File] = [
            _File("-") if target == "-" else _Pattern(target, globs=globs) for target in targets
        ]
        self._parts += [_File(name) for name in inputs]
        patterns = [part for part in self._parts if isinstance(part, _Pattern)]
        self.total = sum(pattern.count for pattern in patterns) if len(patterns) == len(self._parts) else None

    def __iter__(self) -> Iterator[str | bytes | None]:
        """Yield items, and None when there is nothing to read yet. Raises OSError with the file's name in it."""
        silent: list[Iterator[bytes | None]] = []
        for part in self._parts:
            if isinstance(part, _Pattern):
                yield from part.lines()
            elif not (yield from _read(lines := part.lines(), _PATIENCE)):
                silent.append(lines)
        while silent:
            for lines in list(silent):
                if (yield from _read(lines, 0.0)):
                    silent.remove(lines)
        self.ended = True

    @property
    def files(self) -> dict[Identity, str]:
        """What the user calls each file that is read."""
        return {identity_of(part.status): part.name for part in self._parts if isinstance(part, _File)}


def _read(lines: Iterator[bytes | None], patience: float) -> Generator[bytes | None, None, bool]:
    """Yield from `lines` until they end, or until there have been none for `patience` seconds; whether they ended."""
    since = None
    for line in lines:
        yield line
        if line is not None:
            since = None
        elif since is None and patience:
            since = time.monotonic()
        elif since is None or time.monotonic() - since >= patience:
            return False
    return True


class _Pattern:
    """A target, or all that it stands for."""

    def __init__(self, text: str, *, globs: bool) -> None:
        plain = not globs or _JSON.match(text)
        try:
            self._parts: list[Part] = [(text,)] if plain else globs_of(text)
        except UsageError as error:
            raise UsageError(f"{veil(text)!r}: {error}") from None
        self.count = count(self._parts)

    def lines(self) -> Iterator[str]:
        return expand(self._parts)


class _File:
    """A file that is open for reading."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            if name == "-" and sys.stdin is None:
                # By now the descriptor may be somebody else's.
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
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
            raise OSError(error.errno, error.strerror, self.name) from error
        finally:
            if self._fd != _STDIN:
                os.close(self._fd)
