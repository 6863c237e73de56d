"""A comparison as one tidy table: a row for each trial, with all that its cell had in common, for spreadsheets.

The latencies of single requests are in the JSON; here are their percentiles.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from fetchmux.compare import stats
from fetchmux.compare.cell import Cell
from fetchmux.compare.export import Document
from fetchmux.compare.trial import Report

_SETTING = ("requests", "concurrency", "delay", "size", "work", "idle", "processes", "tls", "warm_up")
_REPORT = (
    "backend", "round", "wall", "ideal", "ok", "failed", "cpu_user", "cpu_system", "cpu_server", "peak_memory",
    "voluntary", "involuntary", "threads", "descriptors", "window",
)  # fmt: skip
_SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}
_PARTS = ("queued", "resolve", "connect", "wait", "receive")
COLUMNS = ("scenario", *_SETTING, "keep_alive", *_REPORT, *_SHARES, *_PARTS, "digest", "failure")


def table(document: Document) -> str:
    """The whole table. Seconds and bytes; `p50` to `max` are of the latencies, the parts are medians."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(cell, report) for cell in document.cells for report in cell.reports)
    return text.getvalue()


def _row(cell: Cell, report: Report) -> list[str]:
    values = [
        cell.scenario,
        *(getattr(cell.setting, name) for name in _SETTING),
        cell.setting.options.get("keep_alive"),
        *(getattr(report, name) for name in _REPORT),
        *_measured(report),
        report.digest,
        report.failure,
    ]
    return [_plain(value) for value in values]


def _measured(report: Report) -> Iterator[float | None]:
    latencies = sorted(report.spans.latencies())
    for share in _SHARES.values():
        yield stats.percentile(latencies, share) if latencies else None
    for part in _PARTS:
        column = getattr(report.spans, part)
        yield stats.percentile(column, 0.5) if column else None


def _plain(value: object) -> str:
    """As the records of `get` have it: truth as true and false, nothing as an empty field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.9g}" if isinstance(value, float) else str(value)
