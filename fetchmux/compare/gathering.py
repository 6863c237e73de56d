"""The sink of a trial: keeps of each result what the report needs, and the clock.

Knows results and what a run costs. Must not be imported before a strategy has prepared its process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence

from fetchmux.compare import measure
from fetchmux.compare.division import digest
from fetchmux.compare.trial import MARK, TRACED, Outcome, Report, Spans, Trace, Trial
from fetchmux.model import Result, Timings


class Gathering:
    """A sink that keeps of each result what the report needs; its clock runs from the first request to the last.

    Args:
        requests: so many results end the run.
        server: the process that serves, where it may be looked at.
        work: seconds of CPU to spend on each result.
        skip: results of the first inputs, so many, are not the run's.
        enough: called when the clock has stopped.
        marked: call the system as the clock starts and as it stops, for whoever counts its calls.

    Attributes:
        spent: what this process cost while the clock ran.
        notices: sentences for the user.
        began, ended: on the clock of `time.perf_counter`.
        outcomes: index, status and hash of the body of each.
        window: how many exchanges could be in flight in the end.
    """

    def __init__(
        self,
        requests: int,
        server: int | None = None,
        *,
        work: float = 0.0,
        skip: int = 0,
        enough: Callable[[], None] = lambda: None,
        marked: bool = False,
    ) -> None:
        self._requests = requests
        self._work = work
        self._skip = skip
        self._enough = enough
        self._marked = marked
        self._server = server
        self._peak = 0
        self._served: float | None = None
        self.spent = measure.NOTHING
        self.began = self.ended = 0.0
        self.notices: list[str] = []
        self.window = 0
        # Looking around takes a moment of the trial's own time, so it is done seldom, and in its midst.
        self._glances = frozenset() if marked else frozenset(requests * share // 4 for share in (1, 2, 3))
        self._threads = self._descriptors = 0
        self._ends: list[float] = []
        self._timings: list[Timings] = []
        self.outcomes: list[Outcome] = []
        self._codes: dict[str, int] = {}
        self._oks: list[bool] = []

    def urls_in_turn(self, urls: Sequence[str], count: int) -> Iterator[str]:
        """So many URLs for a run to take; the clock starts as it takes the first."""
        self.spent, self._served = measure.own_cost(), measure.cpu_of(self._server)
        if self._marked:
            os.access(MARK, os.F_OK)
        self.began = self.ended = time.perf_counter()
        for number in range(count):
            yield urls[number % len(urls)]

    def write(self, result: Result) -> None:
        """Take a result; the clock has run up to the last one."""
        if result.index < self._skip:
            return
        if self._work:
            _work(self._work)
        self.ended = time.perf_counter()
        self._ends.append(self.ended)
        self._timings.append(result.timings)
        self.outcomes.append((result.index - self._skip, result.status, result.sha256))
        self._oks.append(result.ok)
        if result.error is not None:
            self._codes[result.error.code] = self._codes.get(result.error.code, 0) + 1
        done = len(self.outcomes)
        if done == self._requests:
            self._stop()
            self._enough()
        elif done in self._glances:
            self._glance()

    def flush(self) -> None:
        """Nothing is kept back."""

    def _stop(self) -> None:
        """The clock has stopped, and processes that did the work are still there."""
        if self._marked:
            os.access(MARK, os.F_OK)
        self.spent = measure.own_cost().since(self.spent)
        served = measure.cpu_of(self._server)
        self._served = None if served is None or self._served is None else served - self._served
        self._peak = measure.peak_memory()
        threads, descriptors = measure.children_held()
        self._threads += threads
        self._descriptors += descriptors

    def _glance(self) -> None:
        threads, descriptors = measure.held()
        self._threads = max(self._threads, threads)
        self._descriptors = max(self._descriptors, descriptors)

    def report(self, trial: Trial) -> Report:
        """The part of the report that tells what was fetched."""
        done = len(self.outcomes)
        if done != self._requests:
            failure = f"its run returned with {done:,} results for {self._requests:,} requests"
            return Report(trial.backend, trial.round, failure=failure)
        statuses: dict[int, int] = {}
        for _, status, _ in self.outcomes:
            if status is not None:
                statuses[status] = statuses.get(status, 0) + 1
        return Report(
            trial.backend,
            trial.round,
            wall=self.ended - self.began,
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
            digest=digest(self.outcomes),
            notices=self.notices,
        )

    def _spans(self) -> Spans:
        """Where each request's time went."""
        spans = Spans()
        for ended, timings in zip(self._ends, self._timings, strict=True):
            queued = ended - self.began - _attempt(timings) - timings.resolve
            spans.queued.append(_micro(max(0.0, queued)))
            spans.resolve.append(_micro(timings.resolve))
            spans.connect.append(_micro(timings.connect + timings.tls))
            spans.wait.append(_micro(timings.send + timings.wait))
            spans.receive.append(_micro(timings.receive))
        return spans

    def _traces(self) -> list[Trace]:
        """The way of the first requests of the input."""
        traces = []
        for ended, timings, outcome, ok in zip(self._ends, self._timings, self.outcomes, self._oks, strict=True):
            if outcome[0] < TRACED:
                end = ended - self.began
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


def _work(seconds: float) -> None:
    """Be busy for so many seconds of CPU, as a parser in Python is."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(200))
