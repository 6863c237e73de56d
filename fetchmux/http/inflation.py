"""The decompressors behind content codings, all with one surface and each with a bound on what one call yields.

Knows which package undoes which coding, and how each is made to stop. Must not know what follows what in a body. The
surface is that of `compression.zstd` in Python 3.14, so zstd needs no adapter. Packages beyond the standard library
are extras and imported when a run first needs them.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple, Protocol

# In the order in which they are offered.
OFFERED = ("gzip", "deflate", "br", "zstd")
# 8 MiB, the largest window that a zstd coding may ask for (RFC 9659, 3).
_ZSTD_WINDOW_LOG = 23
# The framings in zlib's way to name them: gzip's, its own (RFC 1950), none; each with the largest window.
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class Member(Protocol):
    """A decompressor for one gzip member, one zstd frame, one stream.

    Attributes:
        eof: the end of the member has been read, and all that came out of it.
        needs_input: there is nothing more to come out without further input.
        unused_data: what followed the end in the last input.
    """

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take data, which must be b"" unless input is needed; return about `max_length` bytes at most."""
        ...


class Kind(NamedTuple):
    """How a coding is undone.

    Attributes:
        open: makes a decompressor; error: what it raises for data that is damaged.
        several: members may follow one another; padded: zeros may follow the last one.
    """

    open: Callable[[], Member]
    error: type[Exception]
    several: bool = False
    padded: bool = False


def find(name: str) -> Kind | None:
    """The coding of this name; None for one that is unknown, or whose package is not here."""
    if name in ("gzip", "x-gzip"):
        # gzip(1) takes no offence at zeros, which tapes and blocks leave behind (RFC 1952, 2.2 for the members).
        return Kind(lambda: _Inflater(_GZIP), zlib.error, several=True, padded=True)
    if name == "deflate":
        return Kind(lambda: _Inflater(None), zlib.error)
    if name == "br" and (brotli := _import("brotli")) is not None:
        # Before 1.2 one call could yield any amount.
        bounded = hasattr(brotli.Decompressor, "can_accept_more_data")
        return Kind(lambda: _Brotli(brotli), brotli.error) if bounded else None
    if name == "zstd" and (zstd := _import("compression.zstd") or _import("backports.zstd")) is not None:
        limits = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        return Kind(lambda: zstd.ZstdDecompressor(options=limits), zstd.ZstdError, several=True)
    return None


def _import(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


class _Inflater:
    """zlib's decompressor; `wbits` of None tells deflate in zlib's framing from raw deflate by its first two bytes."""

    __slots__ = ("_inflate", "_start", "needs_input")

    def __init__(self, wbits: int | None) -> None:
        self.needs_input = True
        self._start = b""
        self._inflate = None if wbits is None else zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inflate is not None and self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return b"" if self._inflate is None else self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._inflate is None:
            data = self._start = self._start + data
            if len(data) < 2:
                return b""
            self._inflate = zlib.decompressobj(_ZLIB if _is_zlib(data) else _RAW)
        inflate = self._inflate
        tail = inflate.unconsumed_tail
        output = inflate.decompress(tail + data if tail else data, max_length)
        self.needs_input = not inflate.unconsumed_tail and len(output) < max_length
        return output


def _is_zlib(start: bytes) -> bool:
    """RFC 1950, 2.2. Raw data could begin so only with a stored block whose padding holds ones; nobody writes that."""
    return start[0] & 15 == 8 and int.from_bytes(start[:2], "big") % 31 == 0


class _Brotli:
    """brotli's decompressor. It refuses what follows its end by itself, and stops only between buffers of its own."""

    __slots__ = ("_brotli", "eof", "needs_input", "unused_data")

    def __init__(self, module: ModuleType) -> None:
        self._brotli = module.Decompressor()
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        output: bytes = self._brotli.process(data, output_buffer_limit=max_length)
        self.eof = self._brotli.is_finished()
        # It takes more input as soon as it has none, with output still to come.
        self.needs_input = len(output) < max_length and self._brotli.can_accept_more_data()
        return output
