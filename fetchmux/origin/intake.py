"""What arrives on one connection, cut into heads and bodies in the order of arrival.

Knows where a head and a body end, not what they mean and not what kind of socket the bytes come from: `receive(n)`
returns at most n bytes and `b""` at the end of the stream.
"""

from __future__ import annotations

from collections.abc import Callable

from fetchmux.origin.request import MAX_BODY, MAX_HEAD, Refused, Request

_CHUNK = 64 * 1024
_MAX_LINE = 4096


class Intake:
    """The bytes of one connection; what was received beyond the present request waits for the next one."""

    __slots__ = ("_receive", "_waiting")

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._waiting = b""

    @property
    def idle(self) -> bool:
        """Whether nothing has arrived beyond what was taken."""
        return not self._waiting

    def head(self) -> bytes:
        """Take the next head with its empty line, or b"" when the stream ends before one begins."""
        data = self._waiting
        while True:
            # A server ignores empty lines before a request (RFC 9112, 2.2): some clients end a body with one too many.
            data = data.lstrip(b"\r\n")
            end = _end_of_head(data)
            if end > MAX_HEAD or (not end and len(data) > MAX_HEAD):
                raise Refused(431, f"A request's head may have {MAX_HEAD} bytes here.")
            if end:
                self._waiting = data[end:]
                return data[:end]
            more = self._receive(_CHUNK)
            if not more:
                self._waiting = b""
                if data:
                    raise Refused(400, "The request's head ends in the middle.")
                return b""
            data += more

    def body(self, request: Request) -> bytes:
        """Take the body that the request's head announces; of a chunked one, the decoded bytes."""
        if request.length is not None:
            return self._exactly(request.length)
        parts: list[bytes] = []
        room = MAX_BODY
        while size := self._chunk_size():
            room -= size
            if room < 0:
                raise Refused(413, f"A request's body may have {MAX_BODY} bytes here.")
            parts.append(self._exactly(size))
            if self._line():
                raise Refused(400, "A chunk is longer than its size says.")
        self._skip_trailer()
        return b"".join(parts)

    def _chunk_size(self) -> int:
        digits = self._line().partition(b";")[0].strip(b" \t")
        if not digits or len(digits) > 15 or digits.strip(b"0123456789abcdefABCDEF"):
            raise Refused(400, "The size of a chunk is no hexadecimal number.")
        return int(digits, 16)

    def _skip_trailer(self) -> None:
        room = MAX_HEAD
        while line := self._line():
            room -= len(line) + 2
            if room < 0:
                raise Refused(431, f"A request's trailer may have {MAX_HEAD} bytes here.")

    def _line(self) -> bytes:
        while b"\n" not in self._waiting:
            if len(self._waiting) > _MAX_LINE:
                raise Refused(400, "A line of a chunked body is too long.")
            self._more()
        line, _, self._waiting = self._waiting.partition(b"\n")
        return line.removesuffix(b"\r")

    def _exactly(self, size: int) -> bytes:
        parts, missing = [self._waiting], size - len(self._waiting)
        while missing > 0:
            self._waiting = b""
            self._more()
            parts.append(self._waiting)
            missing -= len(self._waiting)
        data = b"".join(parts)
        self._waiting = data[size:]
        return data[:size]

    def _more(self) -> None:
        data = self._receive(_CHUNK)
        if not data:
            raise Refused(400, "The request's body ends in the middle.")
        self._waiting += data


def _end_of_head(data: bytes) -> int:
    """Say where the first empty line ends, 0 when there is none; CRLF and bare LF both end a line."""
    strict, bare = data.find(b"\n\r\n"), data.find(b"\n\n")
    if strict >= 0 and (bare < 0 or strict < bare):
        return strict + 3
    return bare + 2 if bare >= 0 else 0
