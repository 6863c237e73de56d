"""The bytes of an answer: a page in the form that a request asked for. Pure; no socket.

The same head always gets the same bytes, so they are made once and remembered. For that reason there is no Date field.
"""

from __future__ import annotations

import functools
import http
from collections.abc import Iterator
from dataclasses import dataclass

from fetchmux.origin import filler, pages
from fetchmux.origin.request import Refused, Request, parse

# A body up to this size goes out with the head in one packet train and one system call.
_TOGETHER = 16 * 1024
_MEMORABLE = 2048
_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer ready to be sent: `start` first, then `pieces()`, after `delay` seconds.

    `keeps`: the connection stays. `whole`: the head alone decided, neither a body nor the server's state has a say.
    """

    request: Request
    start: bytes
    filler: tuple[int, int, int]
    delay: float
    keeps: bool
    whole: bool

    def pieces(self) -> Iterator[memoryview]:
        """Yield the part of the body that `start` does not hold."""
        return filler.pieces(*self.filler)


def compose(request: Request, page: pages.Page) -> Reply:
    """Turn a page into the bytes that answer a request."""
    size = len(page.lead) if page.size is None else page.size
    start = _head(request, page, size)
    whole = not (request.has_body or page.lossy or request.path in (pages.WAITING, pages.SILENT))
    if page.bodiless or request.method == "HEAD":
        return Reply(request, start, (page.seed, 0, 0), page.delay, request.keeps, whole)
    lead, missing = page.lead[:size], max(0, size - len(page.lead))
    if size <= _TOGETHER:
        lead, missing = lead + filler.text(page.seed, missing), 0
    return Reply(request, start + lead, (page.seed, 0, missing), page.delay, request.keeps, whole)


def to_head(head: bytes) -> Reply:
    """Return the reply to a head as if no body followed it."""
    return _remembered(head) if len(head) <= _MEMORABLE else _fresh(head)


def _fresh(head: bytes) -> Reply:
    request = parse(head)
    return compose(request, pages.answer(request))


_remembered = functools.lru_cache(maxsize=1024)(_fresh)


def refusal(refused: Refused) -> bytes:
    """Return the bytes that refuse a request and announce the end of the connection."""
    body = f"{refused.sentence}\n".encode()
    return (
        f"HTTP/1.1 {refused.status} {_PHRASES[refused.status]}\r\nContent-Type: {pages.TEXT}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


def _head(request: Request, page: pages.Page, size: int) -> bytes:
    lines = [
        # A client of HTTP/1.0 is answered in HTTP/1.0, so that Connection: keep-alive has one meaning for both.
        f"HTTP/1.{request.minor} {page.status} {_PHRASES.get(page.status, 'Unknown')}",
        "Server: fetchmux-origin",
        f"Content-Type: {page.kind}",
    ]
    if page.status != 204:
        lines.append(f"Content-Length: {size}")
    if not request.keeps:
        lines.append("Connection: close")
    elif not request.minor:
        lines.append("Connection: keep-alive")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
