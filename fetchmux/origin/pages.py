"""What the good origin answers: a request and its body become a `Page`. Pure; no I/O and no clock.

`Page.lead` is what the body begins with and `Page.size` how long it is; what is missing is the filler of its seed.
"""

from __future__ import annotations

import dataclasses
import html
import http
import json
from collections.abc import Callable
from dataclasses import dataclass

from fetchmux.origin import knobs
from fetchmux.origin.request import Request

TEXT, HTML, JSON = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"
WAITING, SILENT = "/waiting", "/silent"
INDEX = b"""\
/bytes/N     N bytes of text
/delay/S     an answer after S seconds
/status/N    that status, from 200 to 999
/headers     the fields of the request, as JSON
/echo        the body of the request
/s?wd=KEY    a page with the key, also /web?query=KEY and /search?q=KEY
/silent      nothing at all, until the client hangs up
/waiting     how many answers wait for their delay now, and at most so far, and how many are silent, as JSON

On every path: delay=S and jitter=S (seconds to wait, and at most so many more), size=N (bytes of the body), seed=N;
lossy=N (of N such requests one is reset and one refused with 503).
"""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: `size` in bytes (None: the lead alone), `delay` in seconds; of so many `lossy` ones two fail."""

    status: int = 200
    kind: str = TEXT
    lead: bytes = b""
    size: int | None = None
    delay: float = 0.0
    seed: int = 0
    lossy: int = 0

    @property
    def bodiless(self) -> bool:
        """Whether a body is forbidden whatever the request was (RFC 9110, 15.3.5 and 15.4.5)."""
        return self.status in (204, 304)


def answer(request: Request, body: bytes = b"") -> Page:
    """Return the page for a request; a path or a query that makes no sense gets a page that says so."""
    path, _, query = request.target.partition("?")
    try:
        given = knobs.read(query)
        page = _page(path, given, request, body)
    except knobs.BadValue as error:
        return Page(400, lead=f"{error}\n".encode())
    jitter = given.jitter and given.jitter * knobs.chance(given.seed, request.target)
    size = page.size if given.size is None else given.size
    delay = page.delay + given.delay + jitter
    return dataclasses.replace(page, delay=delay, size=size, seed=given.seed, lossy=given.lossy)


def _page(path: str, given: knobs.Knobs, request: Request, body: bytes) -> Page:
    match path.split("/")[1:]:
        case ["bytes", size]:
            return Page(size=knobs.count("The number after /bytes/", size, knobs.MAX_SIZE))
        case ["delay", text]:
            return Page(lead=b"Here I am.\n", delay=knobs.seconds("The number after /delay/", text))
        case ["status", text]:
            return _status(knobs.count("The number after /status/", text, most=999, least=200))
        case [name] if name in _PLAIN:
            return _PLAIN[name](given, request, body)
    return Page(404, lead=b"There is no such path; / lists what there is.\n")


def _status(status: int) -> Page:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    # A 205 may have no content but, unlike a 204, says so with a length (RFC 9110, 15.3.6).
    return Page(status, lead=b"" if status == 205 else f"{status} {phrase}\n".encode())


def _index(given: knobs.Knobs, request: Request, body: bytes) -> Page:
    return Page(lead=INDEX)


def _headers(given: knobs.Knobs, request: Request, body: bytes) -> Page:
    return Page(kind=JSON, lead=json.dumps(request.fields).encode() + b"\n")


def _echo(given: knobs.Knobs, request: Request, body: bytes) -> Page:
    kinds = [value for name, value in request.fields if name.lower() == "content-type"]
    return Page(kind=kinds[0] if kinds else "application/octet-stream", lead=body)


def _results(parameter: str) -> Callable[[knobs.Knobs, Request, bytes], Page]:
    def page(given: knobs.Knobs, request: Request, body: bytes) -> Page:
        key = html.escape(given.others.get(parameter, ""))
        text = f"<!DOCTYPE html>\n<title>{key}</title>\n<h1>Results for {key}</h1>\n"
        return Page(kind=HTML, lead=text.encode())

    return page


_PLAIN: dict[str, Callable[[knobs.Knobs, Request, bytes], Page]] = {
    "": _index,
    "headers": _headers,
    "echo": _echo,
    "s": _results("wd"),
    "web": _results("query"),
    "search": _results("q"),
}
