"""A trial in several processes: each has its share of the requests and of the window, all begin at once.

Work that a response takes is what one process cannot do faster by waiting better; this shows what more of them can. The
processes are forked before anything is imported, so each is as fresh as the process of any other trial.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Sequence

import msgspec

from fetchmux.compare.trial import Outcome, Report, Spans, Trace, Trial

# How one process does its share: it calls what it is given when it is ready, and then the clock may run.
Perform = Callable[[Trial, Callable[[], None]], "Parcel"]


class Parcel(msgspec.Struct):
    """What one process measured: `began` and `ended` on the clock that all processes of a machine share."""

    report: Report
    began: float = 0.0
    ended: float = 0.0
    outcomes: list[Outcome] = []


def shares(trial: Trial) -> list[Trial]:
    """One trial for each process: every so many-th request, and the window divided as evenly as it goes."""
    count = min(trial.processes, trial.requests)
    parts = []
    for place in range(count):
        requests = len(range(place, trial.requests, count))
        urls = tuple(trial.urls[(place + turn * count) % len(trial.urls)] for turn in range(requests))
        window = len(range(place, trial.options["concurrency"], count)) or 1
        options = {**trial.options, "concurrency": window}
        parts.append(msgspec.structs.replace(trial, urls=urls, requests=requests, options=options))
    return parts


def conduct(trial: Trial, perform: Perform, served: Callable[[], float | None]) -> Report:
    """Perform a trial by its shares; `served` tells the CPU that the server has used so far."""
    ready, tell_ready = os.pipe()
    go, tell_go = os.pipe()
    children: list[tuple[int, int]] = []
    for share in shares(trial):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            _work(share, perform, tell_ready, go, writer)
        os.close(writer)
        children.append((pid, reader))
    os.close(tell_ready)
    # Those that die before they are ready close their end, too.
    waiting = len(children)
    while waiting and os.read(ready, 1):
        waiting -= 1
    before = served()
    os.write(tell_go, b"g" * len(children))
    parcels = [_receive(trial, reader) for _, reader in children]
    after = served()
    for pid, _ in children:
        os.waitpid(pid, 0)
    report = merge(trial, parcels)
    report.cpu_server = None if before is None or after is None else after - before
    return report


def _work(share: Trial, perform: Perform, tell_ready: int, go: int, writer: int) -> None:
    """One process, from its birth to its end."""
    status = 1
    try:
        # An alarm is nobody's heritage.
        signal.alarm(int(share.limit) + 2)

        def begin() -> None:
            os.write(tell_ready, b"r")
            os.close(tell_ready)
            os.read(go, 1)

        parcel = perform(share, begin)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(msgspec.json.encode(parcel))
        status = 0
    except Exception as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


def _receive(trial: Trial, reader: int) -> Parcel:
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    try:
        return msgspec.json.decode(data, type=Parcel)
    except msgspec.MsgspecError:
        return Parcel(Report(trial.backend, trial.round, failure="one of its processes ended without a report"))


def merge(trial: Trial, parcels: Sequence[Parcel]) -> Report:
    """One report of all shares: times on the clock of the first that began, costs together."""
    reports = [parcel.report for parcel in parcels]
    failed = next((report for report in reports if report.failure is not None), None)
    if failed is not None:
        return Report(trial.backend, trial.round, failure=failed.failure)
    began, count = min(parcel.began for parcel in parcels), len(parcels)
    whole = Report(trial.backend, trial.round, wall=max(parcel.ended for parcel in parcels) - began)
    whole.passes = [whole.wall]
    for name in ("cpu_user", "cpu_system", "peak_memory", "voluntary", "involuntary", "threads", "descriptors",
                 "window", "ok", "failed"):  # fmt: skip
        setattr(whole, name, sum(getattr(report, name) for report in reports))
    outcomes = []
    for place, parcel in enumerate(parcels):
        late = parcel.began - began
        _add(whole, parcel.report, late)
        for trace in parcel.report.traces:
            whole.traces.append(_moved(trace, place + trace.number * count, late))
        outcomes += [(place + number * count, status, body) for number, status, body in parcel.outcomes]
    whole.digest = digest(outcomes)
    return whole


def _moved(trace: Trace, number: int, late: float) -> Trace:
    """A trace on the clock of the whole."""
    times = (trace.started, trace.connected, trace.first_byte, trace.ended)
    started, connected, first_byte, ended = (round(time + late, 6) for time in times)
    return Trace(number, started, connected, first_byte, ended, trace.ok)


def _add(whole: Report, part: Report, late: float) -> None:
    """Take over what is counted by name, and the times of each request."""
    for status, number in part.statuses.items():
        whole.statuses[status] = whole.statuses.get(status, 0) + number
    for code, number in part.codes.items():
        whole.codes[code] = whole.codes.get(code, 0) + number
    whole.notices += part.notices
    whole.spans.queued += [round(value + late, 6) for value in part.spans.queued]
    for column in Spans.__struct_fields__[1:]:
        getattr(whole.spans, column).extend(getattr(part.spans, column))


def digest(outcomes: Sequence[Outcome]) -> str:
    """The same for the same outcomes, whatever their order."""
    return hashlib.sha256(repr(sorted(outcomes, key=lambda outcome: outcome[0])).encode()).hexdigest()
