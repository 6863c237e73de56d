"""Files for writing: opened so that one that was made can be taken away again, and written to the last byte."""

from __future__ import annotations

import os


def open_or_make(path: str, flags: int) -> tuple[int, bool]:
    """A descriptor, and whether there was no such file before. Raises OSError, ValueError."""
    try:
        return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666), True
    except FileExistsError:
        # Not without O_CREAT: a link that leads nowhere makes the file that it names.
        return os.open(path, flags | os.O_CREAT, 0o666), False


def write_all(fd: int, data: bytes) -> None:
    """Write every byte. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
