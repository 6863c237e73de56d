"""Saved bodies that may still be right: asked about with what their server said of them, and fetched only if not.

Knows which requests may be asked so, and which results are worth noting. What becomes of a question on its way is the
frontier's, and where the body of an unchanged page is the store's.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fetchmux.model import Headers, Request, Result
from fetchmux.sinks import Sink
from fetchmux.sinks.etags import Etags


class Revalidation:
    """A source of requests and a sink of their results, used together.

    Args:
        etags: what is known of the bodies.
        requests: the list, with None where there is nothing to read yet.
        sink: takes the results.
    """

    def __init__(self, etags: Etags, requests: Iterator[Request | None], sink: Sink) -> None:
        self._etags = etags
        self._requests = requests
        self._sink = sink
        # The keys of what is out, by index.
        self._out: dict[int, int] = {}

    def requests(self) -> Iterator[Request | None]:
        """The list; a GET of what is there asks whether it has changed, unless the user asks that otherwise."""
        for request in self._requests:
            if request is not None:
                request, key = asking(request, self._etags)
                if key is not None:
                    self._out[request.index] = key
            yield request

    def write(self, result: Result) -> None:
        key = self._out.pop(result.index, None)
        # Of another status the body is no page, or a part of one.
        if key is not None and result.ok and result.status == 200:
            self._etags.note(key, result)
        self._sink.write(result)

    def flush(self) -> None:
        # First: what a journal calls done must not be fetched twice by the run after it.
        self._etags.flush()
        self._sink.flush()


def asking(request: Request, etags: Etags) -> tuple[Request, int | None]:
    """A request as it is sent, and its key in the index; None where what comes of it is not to be noted."""
    if request.url is None or request.method != "GET" or _conditional(request.headers):
        return request, None
    key = etags.key(request)
    known = etags.known(key)
    if known is None or request.sha256 not in (None, known.sha256):
        return request, key
    headers = request.headers if request.url.text != known.url else request.headers + known.fields
    # A copy: whoever gave it may compare it with something.
    return msgspec.structs.replace(request, headers=headers, known=known), key


def _conditional(headers: Headers) -> bool:
    """Whether the user has conditions, or wants a part only."""
    return any(name.lower().startswith("if-") or name.lower() == "range" for name, _ in headers)
