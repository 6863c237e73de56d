"""One trial, performed in this process: `python -m fetchmux.compare.child FD` reads a Trial, reports to descriptor FD.

The order of work is the isolation: the strategy prepares the process first, then everything is imported, warmed up and
frozen, and only then the clock runs.
"""

from __future__ import annotations

import itertools
import math
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from fetchmux.backends import registry
from fetchmux.compare.trial import PASSES, SHORT, Report, Trial

if TYPE_CHECKING:
    from fetchmux.compare.gathering import Gathering
    from fetchmux.compare.measure import Cost


def main() -> None:
    """Read one trial from standard input, perform it, write the report."""
    trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
    # Whoever started this ends it in time; should that process be gone itself, nothing may run on for ever.
    signal.alarm(math.ceil(trial.limit) + 1)
    report = _divided(trial) if trial.processes > 1 else perform(trial)
    with os.fdopen(int(sys.argv[1]), "wb") as pipe:
        pipe.write(msgspec.json.encode(report))
    # All is said. To tear an interpreter down takes as long as many a run, and nobody would learn anything from it.
    os._exit(0)


def perform(trial: Trial) -> Report:
    """Prepare, warm up, run, measure."""
    _get_ready(trial)
    passes = [_measured(trial)]
    if passes[0].failure is None and passes[0].wall < SHORT and not trial.marked:
        passes += [_measured(trial) for _ in range(PASSES - 1)]
    return _middle(passes)


def _divided(trial: Trial) -> Report:
    """The same by several processes."""
    from fetchmux.compare import division, measure

    def share(part: Trial, begin: Callable[[], None]) -> division.Parcel:
        _get_ready(part)
        begin()
        before = measure.children_cost()
        gathered = _fetch(part, part.requests)
        report = _costed(gathered, part, before)
        return division.Parcel(report, gathered.began, gathered.ended, gathered.outcomes)

    return division.conduct(trial, share, lambda: measure.cpu_of(trial.server))


def _get_ready(trial: Trial) -> None:
    """The order of these is the isolation."""
    registry.prepare(registry.find(trial.backend))
    import gc

    _fetch(trial, trial.warm_up)
    gc.collect()
    gc.freeze()


def _measured(trial: Trial) -> Report:
    """One pass."""
    from fetchmux.compare import measure
    from fetchmux.compare.silence import CannotHold

    before = measure.children_cost()
    try:
        gathered = _fetch(trial, trial.requests, trial.idle, marked=trial.marked)
    except CannotHold as refusal:
        return Report(trial.backend, trial.round, window=refusal.most, refused=True, failure=str(refusal))
    return _costed(gathered, trial, before)


def _costed(gathered: Gathering, trial: Trial, before: Cost) -> Report:
    """What was measured, with what it cost; `before` is what children had cost before it."""
    from fetchmux.compare import measure

    report = gathered.report(trial)
    # What children cost is known when they have ended, which is when the clock has stopped.
    spent = gathered.spent.plus(measure.children_cost().since(before))
    report.cpu_user, report.cpu_system, report.voluntary, report.involuntary = spent
    return report


def _middle(passes: list[Report]) -> Report:
    """The pass of the middle time, provided that all have fetched the same; otherwise one that tells of the other."""
    failed = next((report for report in passes if report.failure is not None), None)
    if failed is not None:
        return failed
    odd = next((report for report in passes if report.digest != passes[0].digest), None)
    middle = odd or sorted(passes, key=lambda report: report.wall)[len(passes) // 2]
    middle.passes = [report.wall for report in passes]
    return middle


def _fetch(trial: Trial, requests: int, idle: int = 0, *, marked: bool = False) -> Gathering:
    """Make so many requests with the trial's strategy and options, beside so many connections that are silent."""
    from fetchmux.compare.gathering import Gathering
    from fetchmux.compare.silence import Silence
    from fetchmux.inputs.requests import Recipe, read_requests
    from fetchmux.session import Session
    from fetchmux.settings import Network, Options, TlsOptions

    options = msgspec.convert(trial.options, Options)
    if idle:
        # Whoever is silent is not late.
        concurrency, patience = options.concurrency + idle, max(trial.limit, options.timeout)
        options = msgspec.structs.replace(options, concurrency=concurrency, idle_timeout=patience, timeout=patience)
    silence = Silence(trial.idle_url, idle)
    gathering = Gathering(requests, trial.server, work=trial.work, skip=idle, enough=silence.end, marked=marked)

    def notice(sentence: str) -> None:
        gathering.notices.append(sentence)
        silence.noticed(sentence)

    session = Session(
        read_requests(itertools.chain(silence.items(), gathering.urls_in_turn(trial.urls, requests)), Recipe()),
        options,
        gathering,
        backend=trial.backend,
        network=Network(tls=TlsOptions(cacert=trial.cacert)),
        notice=notice,
    )
    silence.ends = session.cancel
    session.run()
    if silence.failure is not None:
        silence.failure.most = session.frontier.window
        raise silence.failure
    gathering.window = session.frontier.window - idle
    return gathering


if __name__ == "__main__":
    main()
