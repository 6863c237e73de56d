"""The files of one run, each with one use: what is read is not written, and nothing is written by two.

Knows which options name files that are written. Opens none: what is refused stays as it is.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fetchmux.errors import UsageError

if TYPE_CHECKING:
    from fetchmux.cli.given import Given
    from fetchmux.cli.sources import Source

# A file by its place on a disk, one that is not there yet by its name; nothing for a pipe or a device, which has
# neither beginning nor end.
Identity = tuple[int, int] | str | None


def refuse_double_use(given: Given, source: Source) -> None:
    """Raise UsageError where a list would be read that grows with each result, or a file written by two at once."""
    known: dict[Identity, str] = {}
    for use, name, identity in _written(given):
        if identity is None:
            continue
        read = source.files.get(identity)
        if read is not None:
            raise UsageError(f"{_shown(name or read)} is both input and {use}")
        if identity in known:
            raise UsageError(f"{_shown(name)} is both {known[identity]} and {use}")
        known[identity] = use


def identity_of(status: os.stat_result) -> tuple[int, int] | None:
    """The place of a regular file."""
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _written(given: Given) -> Iterator[tuple[str, str | None, Identity]]:
    """What each file is for, and its name; standard output, which comes before those behind it, has none."""
    if given.dry_run:
        yield "output", None, _standard_output()
        return
    yield from _named("journal", given.journal)
    if given.output in (None, "-"):
        yield "output", None, _standard_output()
    else:
        yield from _named("output", given.output)
    for use in ("summary", "har", "warc"):
        yield from _named(use, getattr(given, use))


def _named(use: str, path: str | None) -> Iterator[tuple[str, str | None, Identity]]:
    if path is not None:
        try:
            yield use, path, identity_of(os.stat(path))
        except (OSError, ValueError):
            yield use, path, os.path.realpath(path) if "\0" not in path else None


def _standard_output() -> Identity:
    try:
        return identity_of(os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError, AttributeError):
        # It is closed, which is told where it is opened, or no file.
        return None


def _shown(name: str | None) -> str:
    return "standard output" if name is None else "standard input" if name == "-" else repr(name)
