"""One trial, performed in this process: `python -m fetchmux.compare.child FD` reads a Trial, reports to descriptor FD.

The order of work is the isolation: the strategy prepares the process first, then everything is imported, warmed up and
frozen, and only then the clock runs.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from fetchmux.backends import registry
from fetchmux.compare.trial import TRACED, Report, Spans, Trace, Trial

if TYPE_CHECKING:
    from fetchmux.model import Result, Timings


def main() -> None:
    """Read one trial from standard input, perform it, write the report."""
    trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
    # Whoever started this ends it in time; should that process be gone itself, nothing may run on for ever.
    signal.alarm(math.ceil(trial.limit) + 1)
    registry.prepare(registry.find(trial.backend))
    report = perform(trial)
    with os.fdopen(int(sys.argv[1]), "wb") as pipe:
        pipe.write(msgspec.json.encode(report))


def perform(trial: Trial) -> Report:
    """Warm up, run, measure."""
    import gc

    from fetchmux.compare import measure

    _fetch(trial, trial.warm_up)
    gc.collect()
    gc.freeze()
    before = measure.children_cost()
    gathered = _fetch(trial, trial.requests)
    report = gathered.report(trial)
    # What children cost is known when they have ended, which is when the clock has stopped.
    spent = gathered.spent.plus(measure.children_cost().since(before))
    report.cpu_user, report.cpu_system, report.voluntary, report.involuntary = spent
    return report


class _Gathering:
    """A sink that keeps of each result what the report needs; its clock runs from the first request to the last.

    Args:
        requests: so many results end the run.
        server: the process that serves, where it may be looked at.

    Attributes:
        spent: what this process cost while the clock ran.
        notices: sentences for the user.
        window: how many exchanges could be in flight in the end.
    """

    def __init__(self, requests: int, server: int | None = None) -> None:
        from fetchmux.compare import measure

        self._requests = requests
        self._server = server
        self._peak = 0
        self._served: float | None = None
        self.spent = measure.NOTHING
        self._began = self._ended = 0.0
        self.notices: list[str] = []
        self.window = 0
        # Looking around takes a moment of the trial's own time, so it is done seldom, and in its midst.
        self._glances = frozenset(requests * share // 4 for share in (1, 2, 3))
        self._threads = self._descriptors = 0
        self._ends: list[float] = []
        self._timings: list[Timings] = []
        self._outcomes: list[tuple[int, int | None, str | None]] = []
        self._codes: dict[str, int] = {}
        self._oks: list[bool] = []

    def urls_in_turn(self, urls: Sequence[str], count: int) -> Iterator[str]:
        """So many URLs for a run to take; the clock starts as it takes the first."""
        from fetchmux.compare import measure

        self.spent, self._served = measure.own_cost(), measure.cpu_of(self._server)
        self._began = self._ended = time.perf_counter()
        for number in range(count):
            yield urls[number % len(urls)]

    def write(self, result: Result) -> None:
        """Take a result; the clock has run up to the last one."""
        self._ended = time.perf_counter()
        self._ends.append(self._ended)
        self._timings.append(result.timings)
        self._outcomes.append((result.index, result.status, result.sha256))
        self._oks.append(result.ok)
        if result.error is not None:
            self._codes[result.error.code] = self._codes.get(result.error.code, 0) + 1
        done = len(self._outcomes)
        if done == self._requests:
            self._stop()
        elif done in self._glances:
            self._glance()

    def flush(self) -> None:
        """Nothing is kept back."""

    def _stop(self) -> None:
        """The clock has stopped, and processes that did the work are still there."""
        from fetchmux.compare import measure

        self.spent = measure.own_cost().since(self.spent)
        served = measure.cpu_of(self._server)
        self._served = None if served is None or self._served is None else served - self._served
        self._peak = measure.peak_memory()
        threads, descriptors = measure.children_held()
        self._threads += threads
        self._descriptors += descriptors

    def _glance(self) -> None:
        from fetchmux.compare import measure

        threads, descriptors = measure.held()
        self._threads = max(self._threads, threads)
        self._descriptors = max(self._descriptors, descriptors)

    def report(self, trial: Trial) -> Report:
        """The part of the report that tells what was fetched."""
        import hashlib

        done = len(self._outcomes)
        if done != self._requests:
            failure = f"its run returned with {done:,} results for {self._requests:,} requests"
            return Report(trial.backend, trial.round, failure=failure)
        statuses: dict[int, int] = {}
        for _, status, _ in self._outcomes:
            if status is not None:
                statuses[status] = statuses.get(status, 0) + 1
        digest = hashlib.sha256(repr(sorted(self._outcomes, key=lambda outcome: outcome[0])).encode())
        return Report(
            trial.backend,
            trial.round,
            wall=self._ended - self._began,
            cpu_server=self._served,
            peak_memory=self._peak,
            threads=self._threads,
            descriptors=self._descriptors,
            window=self.window,
            ok=sum(self._oks),
            failed=done - sum(self._oks),
            statuses=statuses,
            codes=self._codes,
            spans=self._spans(),
            traces=self._traces(),
            digest=digest.hexdigest(),
            notices=self.notices,
        )

    def _spans(self) -> Spans:
        """Where each request's time went."""
        spans = Spans()
        for ended, timings in zip(self._ends, self._timings, strict=True):
            queued = ended - self._began - _attempt(timings) - timings.resolve
            spans.queued.append(_micro(max(0.0, queued)))
            spans.resolve.append(_micro(timings.resolve))
            spans.connect.append(_micro(timings.connect + timings.tls))
            spans.wait.append(_micro(timings.send + timings.wait))
            spans.receive.append(_micro(timings.receive))
        return spans

    def _traces(self) -> list[Trace]:
        """The way of the first requests of the input."""
        traces = []
        for ended, timings, outcome, ok in zip(self._ends, self._timings, self._outcomes, self._oks, strict=True):
            if outcome[0] < TRACED:
                end = ended - self._began
                first = end - timings.receive
                connected = first - timings.wait - timings.send
                started = connected - timings.tls - timings.connect
                traces.append(Trace(outcome[0], _micro(started), _micro(connected), _micro(first), _micro(end), ok))
        return traces


def _attempt(timings: Timings) -> float:
    """Seconds that the attempt itself took."""
    return timings.connect + timings.tls + timings.send + timings.wait + timings.receive


def _micro(seconds: float) -> float:
    """No clock here is finer, and more digits would be most of a file."""
    return round(seconds, 6)


def _fetch(trial: Trial, requests: int) -> _Gathering:
    """Make so many requests with the trial's strategy and options."""
    from fetchmux.inputs.requests import Recipe, read_requests
    from fetchmux.session import Session
    from fetchmux.settings import Options

    gathering = _Gathering(requests, trial.server)
    options = msgspec.convert(trial.options, Options)
    source = read_requests(gathering.urls_in_turn(trial.urls, requests), Recipe())
    session = Session(source, options, gathering, backend=trial.backend, notice=gathering.notices.append)
    session.run()
    gathering.window = session.frontier.window
    return gathering


if __name__ == "__main__":
    main()
