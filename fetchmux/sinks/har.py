"""HAR 1.2: a run as the network panels of browsers open it.

One entry for each input: what was sent last and what came of it; hops before it are told in `_redirects`. Knows the
format of http://www.softwareishard.com/blog/har-12-spec/, whose times are in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from fetchmux.model import Result, Timings
from fetchmux.sinks.archive import ArchiveFile, read_sent
from fetchmux.sinks.charset import decode_body
from fetchmux.sinks.cookies import given_cookies, set_cookies

_BLOCK = 64 * 1024
_UNKNOWN = _NOT_AT_ALL = -1
# HAR wants an absolute URL, and its validators refuse a whole file for one that is none.
_NO_URL = "about:invalid?"


class Har:
    """Writes entries as they come; the file is valid from the first flush on, so also when the run is cut short.

    Args:
        file: where to, its tail being `Har.TAIL`; with entries of an earlier run or none.
        version: of fetchmux.
        calendar: seconds since the epoch.
    """

    TAIL = b"\n]}}\n"

    def __init__(self, file: ArchiveFile, version: str, calendar: Callable[[], float]) -> None:
        self._file = file
        self._calendar = calendar
        self._encode = msgspec.json.Encoder().encode
        creator = self._encode({"name": "fetchmux", "version": version})
        heading = b'{"log":{"version":"1.2","creator":' + creator + b',"entries":['
        # The tail is written again also where there is nothing before it.
        self._pieces = [b"" if file.end else heading]
        self._size = 0
        self._between = b",\n" if file.end else b"\n"
        if file.harmless:
            self.flush()

    def write(self, result: Result) -> None:
        started = datetime.fromtimestamp(self._calendar() - result.timings.total, UTC)
        piece = self._between + self._encode(entry(result, started))
        self._between = b",\n"
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > _BLOCK:
            self.flush()

    def flush(self) -> None:
        if self._pieces:
            pieces, self._pieces, self._size = self._pieces, [], 0
            self._file.put(b"".join(pieces))

    def secure(self) -> None:
        self._file.secure()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._file.close()

    def abandon(self) -> None:
        self._file.abandon()


def entry(result: Result, started: datetime) -> dict[str, Any]:
    """One entry. What failed before a head has status 0 and says why in `_error`."""
    timings = _timings(result.timings)
    found: dict[str, Any] = {
        "startedDateTime": started.isoformat(timespec="milliseconds"),
        # Time in TLS is part of that for connecting.
        "time": round(sum(value for name, value in timings.items() if name != "ssl" and value > 0), 3),
        "request": _request(result),
        "response": _response(result),
        "cache": {},
        "timings": timings,
        "comment": result.input,
    }
    if result.remote_address is not None and not result.remote_address.startswith("/"):
        host, _, port = result.remote_address.rpartition(":")
        # Chromium takes the name of a connection for the server's port, as the specification allows.
        found["serverIPAddress"], found["connection"] = host.strip("[]"), port
    if result.redirects:
        found["_redirects"] = result.redirects
    if result.error is not None:
        found["_error"] = result.error
    return found


def _request(result: Result) -> dict[str, Any]:
    url = result.final_url or result.url or _NO_URL + quote(result.input, safe="/:", errors="replace")
    sent = read_sent(result.sent) if isinstance(result.sent, bytes) else None
    method, _, version = (result.method, "", "") if sent is None else (sent.start.split(" ", 2))
    fields = [] if sent is None else [(name, _utf8(value)) for name, value in sent.fields]
    found = {
        "method": method,
        "url": url,
        "httpVersion": version,
        "cookies": given_cookies(fields),
        "headers": _pairs(fields),
        "queryString": _pairs(parse_qsl(_query(url), keep_blank_values=True, errors="replace")),
        "headersSize": _UNKNOWN if sent is None else len(result.sent) - len(sent.body),  # type: ignore[arg-type]
        "bodySize": 0 if sent is None else len(sent.body),
    }
    if sent is not None and sent.body:
        text = sent.body.decode("utf-8", "replace")
        found["postData"] = {"mimeType": _value(fields, "content-type"), "params": [], "text": text}
    return found


def _response(result: Result) -> dict[str, Any]:
    fields = result.headers
    return {
        "status": result.status or 0,
        "statusText": result.reason or "",
        "httpVersion": f"HTTP/{result.http_version}" if result.http_version else "",
        "cookies": set_cookies(fields),
        "headers": _pairs(fields),
        "content": _content(result),
        "redirectURL": _value(fields, "location"),
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN,
        "_transferSize": result.wire_size,
    }


def _content(result: Result) -> dict[str, Any]:
    content: dict[str, Any] = {"size": result.body_size, "mimeType": _value(result.headers, "content-type")}
    if result.body:
        text = decode_body(result.body, result.headers)
        if text is None:
            # Bytes are encoded as base64 by msgspec.
            content["text"], content["encoding"] = result.body, "base64"
        else:
            content["text"] = text[0]
    return content


def _timings(timings: Timings) -> dict[str, float]:
    return {
        "blocked": _milliseconds(timings.queued),
        # On a connection that was open already there is none of these, and TLS only where it was asked for.
        "dns": _milliseconds(timings.resolve) or _NOT_AT_ALL,
        "connect": _milliseconds(timings.connect + timings.tls) or _NOT_AT_ALL,
        "ssl": _milliseconds(timings.tls) or _NOT_AT_ALL,
        "send": _milliseconds(timings.send),
        "wait": _milliseconds(timings.wait),
        "receive": _milliseconds(timings.receive),
    }


def _milliseconds(seconds: float) -> float:
    return round(max(0.0, seconds) * 1000, 3)


def _pairs(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _value(fields: list[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in fields if name.lower() == wanted), "")


def _query(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:
        # An input that is no URL.
        return ""


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")
