"""Where a body ends: four readers, the function that chooses among them, and whether the connection lives on.

A reader is fed the bytes after the head. `read` returns the body bytes among them; `complete` tells that the body is
whole, `rest` then holds what came after it. `end` says what the end of the stream means. RFC 9112, section 6.3.
"""

from __future__ import annotations

import re
from typing import Protocol

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.http.head import malformed

# A chunk-size line, extensions included, or the whole trailer section may be no longer than this.
MAX_LINE = 16 * 1024
MAX_TRAILERS = 64 * 1024
_LENGTH = re.compile(r"[0-9]{1,18}")
_TELLING = frozenset(map(len, ("connection", "content-length", "transfer-encoding")))
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")


class BodyReader(Protocol):
    """One way for a body to end."""

    complete: bool
    rest: bytes

    def read(self, data: bytes) -> bytes:
        """Take bytes of the stream, return the body's bytes among them. Raises FetchError."""
        ...

    def end(self) -> None:
        """The stream has ended: become complete or raise FetchError."""
        ...


class NoBody:
    """The head was all: HEAD, 204, 304, or a length of nought."""

    __slots__ = ("complete", "rest")

    def __init__(self) -> None:
        self.complete = True
        self.rest = b""

    def read(self, data: bytes) -> bytes:
        self.rest += data
        return b""

    def end(self) -> None:
        """Nothing was promised."""


class LengthBody:
    """Content-Length bytes."""

    __slots__ = ("complete", "length", "missing", "rest")

    def __init__(self, length: int) -> None:
        self.length = length
        self.missing = length
        self.complete = False
        self.rest = b""

    def read(self, data: bytes) -> bytes:
        missing = self.missing - len(data)
        if missing > 0:
            self.missing = missing
            return data
        self.complete = True
        if missing:
            data, self.rest = data[:missing], data[missing:]
        self.missing = 0
        return data

    def end(self) -> None:
        arrived = self.length - self.missing
        raise truncated(f"the body ended after {arrived:,} of {self.length:,} bytes")


class StreamBody:
    """All that comes until the server closes: HTTP/1.0's own way, which cannot tell an end from a loss."""

    __slots__ = ("complete", "rest")

    def __init__(self) -> None:
        self.complete = False
        self.rest = b""

    def read(self, data: bytes) -> bytes:
        return data

    def end(self) -> None:
        self.complete = True


class ChunkedBody:
    """The chunked transfer coding (RFC 9112, 7.1); extensions and trailer fields are read and dropped."""

    __slots__ = ("_at", "_buffer", "_missing", "_state", "_trailers", "complete", "rest")

    def __init__(self) -> None:
        self.complete = False
        self.rest = b""
        self._buffer = b""
        self._at = 0
        self._missing = 0
        self._trailers = 0
        self._state = self._read_size

    def read(self, data: bytes) -> bytes:
        self._buffer = self._buffer + data if self._buffer else data
        pieces: list[bytes] = []
        while not self.complete and self._state(pieces):
            pass
        unread, self._buffer, self._at = self._buffer[self._at :], b"", 0
        if self.complete:
            self.rest += unread
        else:
            self._buffer = unread
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def end(self) -> None:
        raise truncated("the stream ended before the last chunk")

    # A state takes one step from the buffer and returns True, or returns False when it needs more bytes.

    def _read_size(self, pieces: list[bytes]) -> bool:
        line = self._take_line(MAX_LINE)
        if line is None:
            return False
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            raise bad_body("a chunk's size is no hexadecimal number")
        self._missing = int(match[1], 16)
        self._state = self._read_data if self._missing else self._read_trailer
        return True

    def _read_data(self, pieces: list[bytes]) -> bool:
        piece = self._buffer[self._at : self._at + self._missing]
        if not piece:
            return False
        self._at += len(piece)
        self._missing -= len(piece)
        pieces.append(piece)
        if not self._missing:
            self._state = self._read_data_end
        return True

    def _read_data_end(self, pieces: list[bytes]) -> bool:
        line = self._take_line(2)
        if line is None:
            return False
        if line not in (b"\r\n", b"\n"):
            raise bad_body("a chunk is longer than its size says")
        self._state = self._read_size
        return True

    def _read_trailer(self, pieces: list[bytes]) -> bool:
        line = self._take_line(MAX_LINE)
        if line is None:
            return False
        self._trailers += len(line)
        if self._trailers > MAX_TRAILERS:
            raise bad_body("the trailer section is too long")
        self.complete = line in (b"\r\n", b"\n")
        return True

    def _take_line(self, longest: int) -> bytes | None:
        """The next line with its end, or None while it is not whole. Raises FetchError when it is longer."""
        start = self._at
        end = self._buffer.find(b"\n", start, start + longest) + 1
        if end:
            self._at = end
            return self._buffer[start:end]
        if len(self._buffer) - start >= longest:
            raise bad_body("a chunk does not end where its size says, or a line of its framing has no end")
        return None


def telling(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields that tell where the reply ends and whether its connection lives on, their names in lower case.

    Others of the same length may be among them: looking at lengths spares lower() for nearly all fields.
    """
    return [(name.lower(), value) for name, value in fields if len(name) in _TELLING]


def choose_reader(method: str, status: int, told: list[tuple[str, str]]) -> BodyReader:
    """Tell how the body of this reply ends; `told` is what `telling` has found in its head.

    Raises FetchError `malformed-head` where its length cannot be trusted.
    """
    length, chunked = _declared(told)
    if method == "HEAD" or status in (204, 304) or (length == 0 and not chunked):
        return NoBody()
    if chunked:
        return ChunkedBody()
    return StreamBody() if length is None else LengthBody(length)


def persists(version: str, told: list[tuple[str, str]]) -> bool:
    """Whether the server lets the connection live on.

    RFC 9112, 9.3: HTTP/1.1 persists unless told otherwise, HTTP/1.0 only when told so; 6.1: and HTTP/1.0 never after
    chunks, which it does not have, so that something on the way may not have understood where they end.
    """
    tokens: list[str] = []
    for name, value in told:
        if name == "connection":
            tokens += _items(value)
    if version != "1.0":
        return "close" not in tokens
    return "keep-alive" in tokens and "close" not in tokens and not _declared(told)[1]


def _declared(told: list[tuple[str, str]]) -> tuple[int | None, bool]:
    """Content-Length, and whether the body is chunked, which beats a length whatever version the reply claims."""
    lengths: list[str] = []
    codings: list[str] = []
    for name, value in told:
        if name == "content-length":
            lengths.append(value)
        elif name == "transfer-encoding":
            codings.append(value)
    if codings and _chunked(codings):
        return None, True
    return (_length(lengths) if lengths else None), False


def _chunked(values: list[str]) -> bool:
    codings = [coding for value in values for coding in _items(value) if coding not in ("", "identity")]
    # Nothing but chunked was offered: fetchmux sends no TE field (RFC 9110, 10.1.4).
    if codings not in ([], ["chunked"]):
        raise malformed("the reply uses a transfer coding that was not offered")
    return bool(codings)


def _length(values: list[str]) -> int:
    """The one length that all values name."""
    if len(values) > 1 or "," in values[0]:
        values = [item for value in values for item in _items(value)]
    if not all(map(_LENGTH.fullmatch, values)):
        raise malformed("Content-Length is no number")
    if len(values) > 1 and len(set(map(int, values))) > 1:
        raise malformed("the head holds two different lengths")
    return int(values[0])


def _items(value: str) -> list[str]:
    """The items of a comma-separated value, in lower case."""
    if "," not in value:
        return [value.lower()]
    return [item.strip(" \t").lower() for item in value.split(",")]


def truncated(message: str) -> FetchError:
    """The failure of a body that ended before its promised end."""
    return FetchError(Code.TRUNCATED_BODY, message, Phase.BODY)


def bad_body(message: str) -> FetchError:
    """The failure of a body whose framing cannot be read."""
    return FetchError(Code.MALFORMED_BODY, message, Phase.BODY)
