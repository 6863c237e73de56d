"""One trial, performed in this process: `python -m fetchmux.compare.child FD` reads a Trial, reports to descriptor FD.

The order of work is the isolation: the strategy prepares the process first, then everything is imported, warmed up and
frozen, and only then the clock runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

import msgspec

from fetchmux.backends import registry
from fetchmux.compare.trial import Report, Trial


def main() -> None:
    """Read one trial from standard input, perform it, write the report."""
    trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
    registry.prepare(registry.find(trial.backend))
    report = perform(trial)
    with os.fdopen(int(sys.argv[1]), "wb") as pipe:
        pipe.write(msgspec.json.encode(report))


def perform(trial: Trial) -> Report:
    """Warm up, run, measure."""
    import gc

    from fetchmux.compare.measure import cost, peak_memory

    _fetch(trial, trial.warm_up)
    gc.collect()
    gc.freeze()
    before = cost()
    gathered = _fetch(trial, trial.requests)
    spent = cost().since(before)
    report = gathered.report(trial)
    report.wall, report.cpu_user, report.cpu_system, report.voluntary, report.involuntary = spent
    report.peak_memory = peak_memory()
    return report


class _Gathering:
    """A sink that keeps of each result what the report needs."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self._latencies: list[float] = []
        self._outcomes: list[tuple[int, int | None, str | None]] = []
        self._codes: dict[str, int] = {}
        self._ok = 0

    def write(self, result: object) -> None:
        from fetchmux.model import Result

        assert isinstance(result, Result)
        timings = result.timings
        self._latencies.append(timings.connect + timings.tls + timings.send + timings.wait + timings.receive)
        self._outcomes.append((result.index, result.status, result.sha256))
        self._ok += result.ok
        if result.error is not None:
            self._codes[result.error.code] = self._codes.get(result.error.code, 0) + 1

    def flush(self) -> None:
        """Nothing is kept back."""

    def report(self, trial: Trial) -> Report:
        """The part of the report that tells what was fetched."""
        import hashlib

        statuses: dict[int, int] = {}
        for _, status, _ in self._outcomes:
            if status is not None:
                statuses[status] = statuses.get(status, 0) + 1
        digest = hashlib.sha256(repr(sorted(self._outcomes, key=lambda outcome: outcome[0])).encode())
        return Report(
            trial.backend,
            trial.round,
            ok=self._ok,
            failed=len(self._outcomes) - self._ok,
            statuses=statuses,
            codes=self._codes,
            latencies=[round(latency, 7) for latency in self._latencies],
            digest=digest.hexdigest(),
            notices=self.notices,
        )


def _fetch(trial: Trial, requests: int) -> _Gathering:
    """Make so many requests with the trial's strategy and options."""
    from fetchmux.inputs.requests import Recipe, read_requests
    from fetchmux.model import Options
    from fetchmux.session import Session

    gathering = _Gathering()
    options = msgspec.convert(trial.options, Options)
    source = read_requests(_in_turn(trial.urls, requests), Recipe())
    Session(source, options, gathering, backend=trial.backend, notice=gathering.notices.append).run()
    return gathering


def _in_turn(urls: Sequence[str], count: int) -> Iterator[str]:
    return (urls[number % len(urls)] for number in range(count))


if __name__ == "__main__":
    main()
