"""One request as a server reads it: the bytes of a head become a `Request`, or a `Refused` says why they do not.

Knows RFC 9112 and no socket, no page. Strict where leniency would let two readers disagree about where a request ends;
lenient with bare LF line ends, so that a hand-typed request works.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_HEAD = 64 * 1024
MAX_BODY = 16 * 1024 * 1024

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE = re.compile(rb"(" + _TOKEN + rb") ([^\x00-\x20\x7f]+) HTTP/(\d)\.(\d)")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([^\x00\r]*?)[ \t]*")
_AUTHORITY = re.compile(r"https?://[^/?]*", re.IGNORECASE)


class Refused(Exception):
    """A request that has no answer of its own: the status to refuse it with and a sentence for its sender."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Request:
    """A request's head.

    `length` is the body's size in bytes, None when it is chunked; `keeps`: more requests may follow; `expects`: the
    client waits for a 100 before it sends the body.
    """

    method: str
    target: str
    minor: int
    fields: tuple[tuple[str, str], ...]
    keeps: bool
    length: int | None
    expects: bool

    @property
    def has_body(self) -> bool:
        """Whether bytes of a body follow the head."""
        return self.length != 0

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


def parse(head: bytes) -> Request:
    """Read a whole head, with or without its final empty line."""
    first, *rest = head.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")
    method, target, minor = _request_line(first)
    fields = tuple(_field(line) for line in rest)
    if minor and sum(name.lower() == "host" for name, _ in fields) != 1:
        raise Refused(400, "A request in HTTP/1.1 has exactly one Host field (RFC 9112, 3.2).")
    options = {option.strip().lower() for value in _values(fields, "connection") for option in value.split(",")}
    keeps = "close" not in options and (minor > 0 or "keep-alive" in options)
    expects = minor > 0 and any(value.lower() == "100-continue" for value in _values(fields, "expect"))
    return Request(method, target, minor, fields, keeps, _length(fields, minor), expects)


def _request_line(line: bytes) -> tuple[str, str, int]:
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise Refused(400, "The request line is not METHOD TARGET HTTP/1.x.")
    method, target, major, minor = (part.decode("latin-1") for part in parts.groups())
    if major != "1":
        raise Refused(505, "This server speaks HTTP/1.0 and HTTP/1.1.")
    local = _AUTHORITY.sub("", target, count=1) if target[:1] != "/" else target
    if local[:1] not in ("/", "*"):
        local = f"/{local}" if local != target and local[:1] in ("", "?") else ""
    if not local:
        raise Refused(400, "The request's target is neither a path nor an http URL.")
    return method, local, min(int(minor), 1)


def _field(line: bytes) -> tuple[str, str]:
    parts = _FIELD.fullmatch(line)
    if parts is None:
        raise Refused(400, "A line of the head is not NAME: VALUE.")
    return parts[1].decode("latin-1"), parts[2].decode("latin-1")


def _values(fields: tuple[tuple[str, str], ...], name: str) -> list[str]:
    return [value for key, value in fields if key.lower() == name]


def _length(fields: tuple[tuple[str, str], ...], minor: int) -> int | None:
    """Say how long the body is (RFC 9112, 6.3), refusing every head that leaves room for two answers."""
    codings, lengths = _values(fields, "transfer-encoding"), set(_values(fields, "content-length"))
    if codings:
        if lengths or not minor:
            raise Refused(400, "Transfer-Encoding does not go with Content-Length or with HTTP/1.0.")
        if [coding.lower() for coding in codings] != ["chunked"]:
            raise Refused(501, "The only transfer coding known here is chunked.")
        return None
    if not lengths:
        return 0
    text = lengths.pop()
    if lengths or not (text.isascii() and text.isdigit()):
        raise Refused(400, "Content-Length must be one number.")
    # The digits are counted first: int() itself refuses a number of thousands of digits, with another exception.
    if len(text.lstrip("0")) > 12 or int(text) > MAX_BODY:
        raise Refused(413, f"A request's body may have {MAX_BODY} bytes here.")
    return int(text)
