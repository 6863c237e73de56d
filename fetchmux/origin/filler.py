"""Bytes to fill a body with: text-like, the same for the same seed on every machine, and never all in memory.

The text repeats after `PERIOD` bytes, so a gigabyte costs no more memory than a page. Knows nothing of HTTP.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator

PERIOD = 64 * 1024

# Letters about as often as English has them, and a space or a line end where a word might end.
_LETTERS = b"eeeeeeeeetttttttaaaaaaoooooiiiiinnnnnsssshhhhrrrrdddllluuccmmwfgypbvk"
_ALPHABET = (_LETTERS * 4)[: 256 - 40] + b" " * 36 + b"\n" * 4


@functools.lru_cache(maxsize=64)
def period(seed: int) -> bytes:
    """Return the text of a seed up to where it repeats."""
    return hashlib.shake_128(str(seed).encode()).digest(PERIOD).translate(_ALPHABET)


def pieces(seed: int, start: int, size: int) -> Iterator[memoryview]:
    """Yield `size` bytes of the text from position `start` on, in pieces of at most a period."""
    text = memoryview(period(seed))
    while size > 0:
        offset = start % PERIOD
        piece = text[offset : offset + size]
        yield piece
        start += len(piece)
        size -= len(piece)


def text(seed: int, size: int) -> bytes:
    """Return the first `size` bytes of a seed's text at once."""
    return b"".join(pieces(seed, 0, size))
