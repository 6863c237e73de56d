"""WARC 1.1 (ISO 28500): whole responses and the requests for them, as web archives keep them, by warcio.

Each record is a gzip member of its own. What the collector undid before the body came here (chunks, codings) is no
longer true of it, so the fields that told of it have other names.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from fetchmux.model import Result
from fetchmux.sinks.archive import ArchiveFile, read_sent

_BLOCK = 256 * 1024
_RENAMED = "X-Archive-Orig-"


class Warc:
    """Writes a pair of records for each whole response; a failed fetch is not in a web archive.

    Args:
        file: where to.
        software: what fetchmux calls itself.
        decoded: content codings were undone.
        calendar: seconds since the epoch.
    """

    def __init__(self, file: ArchiveFile, software: str, calendar: Callable[[], float], *, decoded: bool) -> None:
        self._file = file
        self._calendar = calendar
        self._decoded = decoded
        self._buffer = io.BytesIO()
        self._writer = WARCWriter(self._buffer, gzip=True, warc_version="1.1")
        info = {"software": software, "format": "WARC File Format 1.1"}
        self._writer.write_record(self._writer.create_warcinfo_record(None, info))
        if file.harmless:
            self.flush()

    def write(self, result: Result) -> None:
        if result.error is not None or result.body is None or not isinstance(result.sent, bytes):
            return
        started = datetime.fromtimestamp(self._calendar() - result.timings.total, UTC)
        about = {"WARC-Date": started.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        if result.remote_address is not None and not result.remote_address.startswith("/"):
            about["WARC-IP-Address"] = result.remote_address.rpartition(":")[0].strip("[]")
        sent = read_sent(result.sent)
        asked = _Head(sent.start, sent.fields, is_http_request=True)
        told = _Head(
            f"{result.status} {result.reason}",
            self._fields(result, len(result.body)),
            protocol=f"HTTP/{result.http_version}",
        )
        request = self._record(result, "request", asked, sent.body, about)
        response = self._record(result, "response", told, result.body, about)
        self._writer.write_request_response_pair(request, response)
        if self._buffer.tell() > _BLOCK:
            self.flush()

    def flush(self) -> None:
        if data := self._buffer.getvalue():
            self._buffer.seek(0)
            self._buffer.truncate()
            self._file.put(data)

    def secure(self) -> None:
        self._file.secure()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._file.close()

    def abandon(self) -> None:
        self._file.abandon()

    def _record(self, result: Result, kind: str, head: _Head, body: bytes, about: dict[str, str]) -> object:
        return self._writer.create_warc_record(
            (result.final_url or "").partition("#")[0], kind, payload=io.BytesIO(body), length=len(body),
            http_headers=head, warc_headers_dict=dict(about),
        )  # fmt: skip

    def _fields(self, result: Result, size: int) -> list[tuple[str, str]]:
        """The fields of the head, those renamed that would make a reader undo what is undone."""
        untrue = {"transfer-encoding"}
        if self._decoded:
            untrue.add("content-encoding")
        if size and str(size) != _length(result):
            untrue.add("content-length")
        return [(_RENAMED + name if name.lower() in untrue else name, value) for name, value in result.headers]


class _Head(StatusAndHeaders):  # type: ignore[misc]
    """A head whose characters are the bytes that were on the line; warcio would spell those above 127 otherwise."""

    def compute_headers_buffer(self, header_filter: object = None) -> None:
        self.headers_buff = self.to_bytes(encoding="latin-1")


def _length(result: Result) -> str | None:
    return next((value for name, value in result.headers if name.lower() == "content-length"), None)
