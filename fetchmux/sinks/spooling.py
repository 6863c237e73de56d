"""Bodies on their way to the output: small ones in memory, large ones in files, whole before they are passed on.

So a window full of large bodies takes little memory, and what a failed attempt has brought is written nowhere.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import BinaryIO

from fetchmux.model import Result
from fetchmux.sinks.descriptors import write_all
from fetchmux.sinks.saving import save_failures

# A body of more bytes goes to a file.
LARGE = 1024 * 1024
_PIECE = 1024 * 1024


class Spooled:
    """The body of one attempt. Raises FetchError `save-failed`: the directory's disk may be full."""

    __slots__ = ("_directory", "_fd", "_path", "_pieces", "_size")

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._pieces: list[bytes] = []
        self._size = 0
        self._fd = -1
        self._path = ""

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= LARGE:
            self._pieces.append(data)
            return
        with save_failures():
            if not self._path:
                self._fd, self._path = tempfile.mkstemp(dir=self._directory)
                write_all(self._fd, b"".join(self._pieces))
                self._pieces.clear()
            write_all(self._fd, data)

    def finish(self, result: Result) -> None:
        if self._path:
            self._close()
            result.spooled = self._path
        else:
            result.body = b"".join(self._pieces)

    def drop(self) -> None:
        self._pieces.clear()
        self._close()
        if self._path:
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def pour(path: str, stream: BinaryIO) -> None:
    """Write a body that was spooled, and remove its file. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        os.unlink(path)
        while piece := file.read(_PIECE):
            stream.write(piece)
    stream.flush()
