"""Bytes gathered into blocks: many small records cost one write."""

from __future__ import annotations

from typing import BinaryIO

_BLOCK = 64 * 1024


class Blocks:
    """Joins pieces before it writes them to `stream`, and never splits one across two `flush` calls."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Take a piece. Raises OSError when a full block cannot be written."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= _BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered. Raises OSError; what could not be written is dropped.

        The stream gets the pieces as lines: one that can keeps only whole ones when it breaks off.
        """
        if self._pieces:
            pieces, self._pieces, self._size = self._pieces, [], 0
            self._stream.writelines(pieces)
            self._stream.flush()
