"""A cell: one place of the table that a comparison fills, with its setting and all that was measured in it.

Values only: they are written to files and read again, so a field that changes its meaning changes `export.VERSION`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fetchmux.compare.trial import Report


class Setting(msgspec.Struct, frozen=True):
    """What all trials of a cell had in common. Times in seconds, sizes in bytes.

    Attributes:
        rounds: so many were meant; with `until`, the fewest.
        until: rounds are added until the interval of each median is so narrow, as a share of the median; or None.
        max_time: no round begins later than so many seconds after the cell's first, or None.
        urls: what was fetched, in turn, without passwords; paths of the embedded origin when `embedded`.
        delay, size: of the embedded origin's replies; where they differ, the usual ones.
        work: of CPU for each response.
        idle: so many connections stood open and silent.
        processes: so many shared each trial, its requests and its window.
        tls: the embedded origin spoke TLS.
        options: fields of `settings.Options` that all trials had.
        limit: seconds that one trial might take.
    """

    backends: tuple[str, ...]
    requests: int
    concurrency: int
    rounds: int
    warm_up: int
    urls: tuple[str, ...]
    embedded: bool
    delay: float
    size: int
    options: dict[str, Any]
    limit: float
    until: float | None = None
    max_time: float | None = None
    work: float = 0.0
    idle: int = 0
    processes: int = 1
    tls: bool = False


class Ceiling(msgspec.Struct, frozen=True):
    """What the server can do: a bare epoll loop that parses nothing asked it for the same pages, with the same window.

    Attributes:
        rate: requests a second that it answered when it need not delay them; no strategy can have more.
        floor: seconds that the bare loop took for the cell's requests, delay included.
        client_share, server_share: of one CPU that the two used meanwhile, without delay.
    """

    rate: float
    floor: float
    client_share: float
    server_share: float | None


class Cell(msgspec.Struct):
    """One setting and what came of it.

    Attributes:
        scenario: its name: "io" and so on, or "urls" for the user's own.
        swept: the values that distinguish it from its neighbours, such as {"concurrency": 64.0}; empty without a sweep.
        reports: of all trials, as they ended.
        ceiling: what the embedded origin can do; None when the server is somebody else's, or unknown.
        excluded: strategies that do not take part in this cell, each with the reason.
        limits: by strategy, the most connections it could have, where that was fewer than it was asked to have.
        time_wait: connections of this machine that were closed a moment ago and keep their ports, after the last trial.
        syscalls: by strategy, how often each system call was made in a run of its own, which is in no report.
    """

    scenario: str
    swept: dict[str, float]
    setting: Setting
    reports: list[Report] = []
    ceiling: Ceiling | None = None
    excluded: dict[str, str] = {}
    limits: dict[str, int] = {}
    time_wait: int | None = None
    syscalls: dict[str, dict[str, int]] = {}
