"""The figures of a strategy in one cell, worded: the same on a terminal, on a page and in Markdown.

Knows how numbers are rounded and which belong together. Every number comes from `compare.row`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from fetchmux.cli import wording
from fetchmux.compare.row import Row
from fetchmux.compare.stats import Interval

Column = tuple[str, Callable[[Row], str]]

_SPEED: list[Column] = [
    ("time", lambda row: wording.seconds(row.wall)),
    ("±", lambda row: "" if math.isinf(row.interval.high) else wording.seconds(row.spread)),
    ("req/s", lambda row: f"{row.requests / row.wall:,.0f}"),
    ("speed", lambda row: times(row.speed)),
    ("95 % interval", lambda row: between(row.speed_interval, "–") or "unknown"),
]

_BOUND: list[Column] = [
    ("of ideal", lambda row: "" if row.ideal_share is None else f"{row.ideal_share:.0%}"),
    ("bound by", lambda row: row.bound),
]

_SHARES: list[Column] = [
    ("client", lambda row: f"{row.client_share:.0%}"),
    ("server", lambda row: "" if row.server_share is None else f"{row.server_share:.0%}"),
]

_REST: list[Column] = [
    ("user + system/req", lambda row: f"{row.cpu[0] * 1e6:,.0f} + {row.cpu[1] * 1e6:,.0f} µs"),
    ("peak", lambda row: wording.size(row.memory)),
    ("switches/req", lambda row: f"{row.switches[0]:.2f} + {row.switches[1]:.2f}"),
    ("threads", lambda row: f"{row.threads:,}"),
    ("files", lambda row: f"{row.descriptors:,}"),
]

_LATENCY: list[Column] = [
    ("p50", lambda row: wording.seconds(row.latency.p50)),
    ("p90", lambda row: wording.seconds(row.latency.p90)),
    ("p95", lambda row: wording.seconds(row.latency.p95)),
    ("p99", lambda row: wording.seconds(row.latency.p99)),
    ("max", lambda row: wording.seconds(row.latency.most)),
]

_PARTS: list[Column] = [
    ("connect", lambda row: wording.seconds(row.split.connect)),
    ("wait", lambda row: wording.seconds(row.split.wait)),
    ("receive", lambda row: wording.seconds(row.split.receive)),
    ("queued", lambda row: wording.seconds(row.split.queued)),
]

AT_ONCE = (_SPEED + _BOUND, _SHARES + _REST, _LATENCY + _PARTS)
IN_PIECES = (_SPEED, _BOUND + _SHARES, _REST, _LATENCY, _PARTS)

# All of them in two tables, where width is no matter.
TOGETHER = (
    ("Speed and latency", _SPEED + _BOUND + _LATENCY),
    ("Cost, and the parts of a request", _SHARES + _REST + _PARTS),
)
# Those with the speed.
DRAWN = (_SPEED, _SPEED + _BOUND)
# Those that hold no figures.
WORDS = frozenset({"backend", "bound by"})


def places(rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    """Each row with its rank; a shared one is written once: those below it cannot be told apart from it."""
    before = 0
    for row in rows:
        yield f"{row.rank}" if row.rank != before else "=", row
        before = row.rank


def between(interval: Interval, to: str) -> str:
    """Both bounds; nothing where there are none."""
    return "" if math.isinf(interval.high) else f"{wording.factor(interval.low)}{to}{wording.factor(interval.high)}"


def times(value: float) -> str:
    """A factor, as one speaks of it."""
    return f"{wording.factor(value)} ×"
