"""Saved bodies that may still be right: asked about with what their server said of them, and fetched only if not.

Knows validators (RFC 9110, 8.8) and an index of them in the directory of the saved bodies. In memory is a line of it
for each body, some 300 bytes. Must not know how a result came about.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

from fetchmux.errors import UsageError
from fetchmux.model import Headers, Request, Result
from fetchmux.sinks import Sink

INDEX = ".fetchmux-etags"


class _Saved(msgspec.Struct, array_like=True):
    """A body that was saved, relative to the directory, and what its server said of it."""

    url: str
    file: str
    etag: str | None
    modified: str | None


class Revalidation:
    """A source of requests and a sink of their results, used together. Raises UsageError when it cannot keep its index.

    Args:
        directory: where bodies are saved.
        requests: the list, with None where there is nothing to read yet.
        sink: takes the results; that of an unchanged page tells where its body is.
    """

    def __init__(self, directory: str, requests: Iterator[Request | None], sink: Sink) -> None:
        self._directory = directory
        self._requests = requests
        self._sink = sink
        self._saved: dict[str, _Saved] = {}
        self._new: list[_Saved] = []
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(_Saved).decode
        path = os.path.join(directory, INDEX)
        try:
            os.makedirs(directory, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise UsageError(f"cannot use {path!r}: {error.strerror}") from None
        self._load()

    def requests(self) -> Iterator[Request | None]:
        """The list; a GET of what is there asks whether it has changed, unless the user asks that otherwise."""
        for request in self._requests:
            if request is not None and request.method == "GET" and request.url is not None:
                saved = self._saved.get(request.url.text)
                if saved is not None and os.path.exists(os.path.join(self._directory, saved.file)):
                    request.headers = _conditional(request.headers, saved)
            yield request

    def write(self, result: Result) -> None:
        if result.ok and result.method == "GET" and result.url is not None:
            self._note(result, result.url)
        self._sink.write(result)

    def flush(self) -> None:
        self._sink.flush()
        if self._new:
            lines = b"".join(self._encode(saved) + b"\n" for saved in self._new)
            self._new.clear()
            os.write(self._fd, lines)

    def close(self) -> None:
        """Let go of the index."""
        os.close(self._fd)

    def _note(self, result: Result, url: str) -> None:
        if result.status == 304:
            saved = self._saved.get(url)
            result.saved_to = None if saved is None else os.path.join(self._directory, saved.file)
        elif result.saved_to is not None:
            told = {name.lower(): value for name, value in result.headers}
            etag, modified = told.get("etag"), told.get("last-modified")
            if etag or modified:
                file = os.path.relpath(result.saved_to, self._directory)
                saved = self._saved[url] = _Saved(url, file, etag, modified)
                self._new.append(saved)

    def _load(self) -> None:
        """The latest line of each URL counts. One that cannot be read, such as a torn one, costs a fetch."""
        with open(self._fd, "rb", closefd=False) as index:
            for line in index:
                try:
                    saved = self._decode(line)
                except msgspec.MsgspecError:
                    continue
                self._saved[saved.url] = saved


def _conditional(headers: Headers, saved: _Saved) -> Headers:
    """The user's fields, and those that make the request a question."""
    own = {name.lower() for name, _ in headers}
    fields = (("If-None-Match", saved.etag), ("If-Modified-Since", saved.modified))
    return headers + tuple((name, value) for name, value in fields if value and name.lower() not in own)
