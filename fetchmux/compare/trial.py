"""What a trial is asked to do and what it reports: the values that cross the pipe, and that are kept as raw samples."""

from __future__ import annotations

from typing import Any

import msgspec

# So many requests are told of in full, for pictures of who waited and who ran.
TRACED = 60
# Asked for as the clock starts and as it stops, by a trial that is watched; it is nowhere.
MARK = "/fetchmux/clock"
# A run of less than so many seconds is repeated in its process, since starting an interpreter takes longer and the
# accidents of a moment are a tenth of it; of so many passes the one in the middle counts.
SHORT = 0.2
PASSES = 3


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
        work: seconds of CPU spent on each response.
        idle: so many connections stand open and silent meanwhile; idle_url: where nothing is ever answered.
        cacert: a file of certificates to trust instead of the system's.
        processes: so many share the work, each with the strategy.
        marked: the clock's beginning and end can be seen in the list of system calls.
    """

    backend: str
    round: int
    urls: tuple[str, ...]
    requests: int
    warm_up: int
    options: dict[str, Any]
    limit: float
    server: int | None = None
    work: float = 0.0
    idle: int = 0
    idle_url: str = ""
    cacert: str | None = None
    processes: int = 1
    marked: bool = False


# Index, status and hash of the body.
Outcome = tuple[int, int | None, str | None]


class Spans(msgspec.Struct):
    """Where the time of each request went, in seconds: one column for each part, requests in the order of their ends.

    Attributes:
        queued: from the trial's beginning until its turn came: waiting for a slot, which is nobody's latency.
        resolve: waiting for the name's addresses; not in `queued`.
        connect: until the connection stood, its handshakes included.
        wait: from there to the first byte, sending included.
        receive: from there to the last byte.
    """

    queued: list[float] = []
    resolve: list[float] = []
    connect: list[float] = []
    wait: list[float] = []
    receive: list[float] = []

    def latencies(self) -> list[float]:
        """What each request took once it had its slot and its address: `connect`, `wait` and `receive` together."""
        return [sum(parts) for parts in zip(self.connect, self.wait, self.receive, strict=True)]


class Trace(msgspec.Struct, frozen=True, array_like=True):
    """One request on the trial's clock: seconds from the trial's beginning. Parts that never came begin at the end.

    Attributes:
        number: of the request in the input, from 0.
    """

    number: int
    started: float
    connected: float
    first_byte: float
    ended: float
    ok: bool


class Report(msgspec.Struct):
    """What one trial measured. Times in seconds, sizes in bytes.

    Attributes:
        wall: from the first request's being taken to the last record; imports, warm-up and winding up are outside.
        passes: the same of each pass, in their order; all else is told of the one that took the middle time.
        ideal: the shortest possible time, where the server's delay is known; else None.
        cpu_user, cpu_system: of the process meanwhile, and of its children until they have ended.
        cpu_server: of the embedded origin meanwhile; None when the server is somebody else's.
        peak_memory: the most physical memory the process has ever held (VmHWM), or the sum over its processes.
        voluntary, involuntary: context switches, counted as CPU is.
        threads, descriptors: the most that were seen at once when it was looked, three times on the way.
        window: how many exchanges it could have in flight: fewer than asked for where descriptors ran out.
        spans: of all requests; traces: of the first ones of the input, in the order of their ends.
        digest: of all (index, status, body hash), sorted: two trials with the same digest fetched the same.
        refused: it cannot have as many connections as the trial demands, only `window`; then there is a `failure`, too.
        failure: why there is no measurement; all else is nought then.
    """

    backend: str
    round: int
    wall: float = 0.0
    passes: list[float] = []
    ideal: float | None = None
    cpu_user: float = 0.0
    cpu_system: float = 0.0
    cpu_server: float | None = None
    peak_memory: int = 0
    voluntary: int = 0
    involuntary: int = 0
    threads: int = 0
    descriptors: int = 0
    window: int = 0
    ok: int = 0
    failed: int = 0
    statuses: dict[int, int] = {}
    codes: dict[str, int] = {}
    spans: Spans = msgspec.field(default_factory=Spans)
    traces: list[Trace] = []
    digest: str = ""
    notices: list[str] = []
    refused: bool = False
    failure: str | None = None
