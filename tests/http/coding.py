"""Coding bodies as servers do, and undoing it in one word."""

from __future__ import annotations

import gzip
import importlib
import os
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.http.codings import Decoder
from fetchmux.http.inflation import find


def zlib_deflate(data: bytes) -> bytes:
    return zlib.compress(data)


def raw_deflate(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(data) + deflate.flush()


def brotli(data: bytes) -> bytes:
    # Quality 1 is quick, and its streams hold what those of other qualities do.
    return bytes(importlib.import_module("brotli").compress(data, quality=1))


def zstd(data: bytes, **parameters: int) -> bytes:
    """With a checksum, which is the coder's choice."""
    module = zstd_module()
    chosen = {"checksum_flag": 1, **parameters}
    options = {getattr(module.CompressionParameter, name): value for name, value in chosen.items()}
    return bytes(module.compress(data, options=options))


def zstd_module() -> Any:
    try:
        return importlib.import_module("compression.zstd")
    except ImportError:
        return importlib.import_module("backports.zstd")


# By the name in the field and, where one name has two meanings, a word more.
CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "x-gzip": lambda data: gzip.compress(data, 1),
    "deflate": zlib_deflate,
    "deflate raw": raw_deflate,
    "br": brotli,
    "zstd": zstd,
}


def coder(name: str) -> Any:
    """The coding as a parameter; skipped where its package is missing, unless FETCHMUX_REQUIRE_SYSTEM=1 demands it."""
    missing = find(name.split()[0]) is None
    if missing and os.environ.get("FETCHMUX_REQUIRE_SYSTEM") == "1":
        pytest.fail(f"the package for {name} is not installed, and FETCHMUX_REQUIRE_SYSTEM=1 demands it", pytrace=False)
    return pytest.param(name, marks=pytest.mark.skipif(missing, reason=f"no package for {name}"))


ALL = [coder(name) for name in CODERS]
HERE = [name for name in CODERS if find(name.split()[0]) is not None]
UNDECODABLE = "undecodable-body"


def encode(names: Iterable[str], data: bytes) -> bytes:
    for name in names:
        data = CODERS[name](data)
    return data


def decode(names: Iterable[str], parts: Iterable[bytes]) -> bytes | str:
    """The body, or the code of the failure."""
    decoder = Decoder([name.split()[0] for name in names])
    try:
        body = b"".join([piece for part in parts for piece in decoder.decode(part)])
        decoder.end()
    except FetchError as error:
        return _code(error)
    return body


def _code(error: FetchError) -> str:
    assert error.phase is Phase.BODY
    assert error.code is Code.UNDECODABLE_BODY
    return error.code
