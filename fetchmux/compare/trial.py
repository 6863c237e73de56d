"""What a trial is asked to do and what it reports: the values that cross the pipe, and that are kept as raw samples."""

from __future__ import annotations

from typing import Any

import msgspec


class Trial(msgspec.Struct, frozen=True):
    """One run of one strategy in a process of its own.

    Attributes:
        backend: the strategy's name.
        round: which round it belongs to, from 0; rounds are compared pair by pair.
        urls: fetched in turn until `requests` have been made.
        warm_up: requests made before the clock runs.
        options: fields of `settings.Options`.
        limit: seconds that the whole trial may take, its interpreter's start included.
        server: the embedded origin's process; None when the server is somebody else's.
    """

    backend: str
    round: int
    urls: tuple[str, ...]
    requests: int
    warm_up: int
    options: dict[str, Any]
    limit: float
    server: int | None = None


class Report(msgspec.Struct):
    """What one trial measured. Times in seconds, sizes in bytes.

    Attributes:
        wall: from the first request's being taken to the last record; imports, warm-up and winding up are outside.
        cpu_user, cpu_system: of the process meanwhile, and of its children until they have ended.
        cpu_server: of the embedded origin meanwhile; None when the server is somebody else's.
        peak_memory: the most physical memory the process has ever held (VmHWM), or the sum over its processes.
        voluntary, involuntary: context switches, counted as CPU is.
        latencies: for each request, from connecting to the last byte; waiting for a slot is not in it.
        digest: of all (index, status, body hash), sorted: two trials with the same digest fetched the same.
        failure: why there is no measurement; all else is nought then.
    """

    backend: str
    round: int
    wall: float = 0.0
    cpu_user: float = 0.0
    cpu_system: float = 0.0
    cpu_server: float | None = None
    peak_memory: int = 0
    voluntary: int = 0
    involuntary: int = 0
    ok: int = 0
    failed: int = 0
    statuses: dict[int, int] = {}
    codes: dict[str, int] = {}
    latencies: list[float] = []
    digest: str = ""
    notices: list[str] = []
    failure: str | None = None
