"""Lines from a descriptor, as they come: a pipe that is silent for now does not hold up the run.

A gzip stream is noticed by its first two bytes and read as what it holds.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import zlib
from collections.abc import Iterator

_BLOCK = 64 * 1024
# No URL is longer, so a longer line is cut rather than gathered without end.
MAX_LINE = 1024 * 1024
_GZIP = b"\x1f\x8b"


def read_lines(fd: int) -> Iterator[bytes | None]:
    """Yield each line without its line end, or None when nothing can be read yet. Leaves `fd` open.

    A line longer than MAX_LINE is yielded cut, one byte longer than MAX_LINE, and its rest is dropped. Raises OSError,
    also for a gzip stream that is damaged or has no end; what it held before has been yielded.
    """
    pending = b""
    cut = False
    for block in _blocks(fd):
        if block is None:
            yield None
            continue
        *lines, pending = (pending + block).split(b"\n")
        for line in lines:
            if not cut:
                yield line[: MAX_LINE + 1].removesuffix(b"\r")
            cut = False
        if cut:
            pending = b""
        elif len(pending) > MAX_LINE:
            yield pending[: MAX_LINE + 1]
            pending, cut = b"", True
    if pending and not cut:
        yield pending.removesuffix(b"\r")


def _blocks(fd: int) -> Iterator[bytes | None]:
    """What `fd` holds, in pieces of bounded size."""
    start = b""
    for block in _read(fd):
        if block is None:
            yield None
        elif len(start) + len(block) < len(_GZIP) and _GZIP.startswith(start + block):
            start += block
        elif (start + block).startswith(_GZIP):
            yield from _inflate(start + block, fd)
            return
        else:
            yield start + block
            yield from _read(fd)
            return
    if start:
        yield start


def _read(fd: int) -> Iterator[bytes | None]:
    """Blocks as they come. Asking does not wait: a zero timeout passes through gevent's patched select as well."""
    while True:
        if not select.select([fd], [], [], 0)[0]:
            yield None
            continue
        block = os.read(fd, _BLOCK)
        if not block:
            return
        yield block


def _salvage(decoder: zlib._Decompress, damaged: bytes) -> Iterator[bytes]:
    """What can be read before the damage: a decoder that stumbles keeps what it has found on the way."""
    with contextlib.suppress(zlib.error):
        for at in range(len(damaged)):
            yield decoder.decompress(damaged[at : at + 1])


def _inflate(start: bytes, fd: int) -> Iterator[bytes | None]:
    """The content of gzip members, one after another."""
    decoder = zlib.decompressobj(31)
    rest = start
    blocks = _read(fd)
    while True:
        try:
            while rest:
                if decoder.eof:
                    decoder = zlib.decompressobj(31)
                before = decoder.copy()
                # Bounded: few bytes may stand for a thousand times as many.
                piece = decoder.decompress(rest, _BLOCK)
                rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                if piece:
                    yield piece
        except zlib.error as error:
            yield from _salvage(before, rest)
            raise OSError(errno.EIO, f"the gzip stream is damaged ({error})") from None
        more = next(blocks, b"")
        if more == b"":
            if not decoder.eof:
                raise OSError(errno.EIO, "the gzip stream ends before its end")
            return
        if more is None:
            yield None
        else:
            rest = more
