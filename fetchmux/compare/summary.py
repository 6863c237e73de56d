"""From reports to a ranking: who fetched the right thing, who is faster than whom, and how sure that is.

Pure. A strategy is ranked only if all its trials fetched the same as the others'; a wrong answer is never a fast one.
"""

from __future__ import annotations

import collections
import heapq
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fetchmux.backends.peers import PEERS
from fetchmux.compare import stats
from fetchmux.compare.cell import Cell
from fetchmux.compare.row import Row, describe
from fetchmux.compare.trial import Report

# How often a difference may be claimed that is none. The intervals are of logarithms that only nearly are as the theory
# wants them, so something is kept back for one case in twenty to be the most that is seen.
_ERROR = 0.02


class Summary(NamedTuple):
    """Rows in the order of rank, and the strategies that have none, each with what is wrong.

    `peers`: the rows of those that bring their own HTTP stack and are ranked among themselves, beside strategies.
    `samples`: the times of those that have a rank, round by round. `changing`: the pages change by themselves, so the
    results were compared by status alone.
    """

    rows: list[Row]
    peers: list[Row]
    reference: str | None
    unranked: dict[str, str]
    changing: bool
    samples: dict[str, list[float]]


def summarise(cell: Cell, reference: str) -> Summary:
    """Rank what can be ranked; speeds are relative to `reference`, or to the slowest one when that has no rank."""
    # Pages that are somebody else's may be others at each fetch.
    may_change = not cell.setting.embedded
    by_backend: dict[str, list[Report]] = collections.defaultdict(list)
    for report in sorted(cell.reports, key=lambda report: report.round):
        by_backend[report.backend].append(report)
    changing = may_change and _changing(by_backend)
    unranked = _wrong(by_backend, reference, _told if changing else _digest)
    ranked = _whole_rounds({backend: ran for backend, ran in by_backend.items() if backend not in unranked})
    samples = {backend: [report.wall for report in ran] for backend, ran in ranked.items()}
    order = sorted(samples, key=lambda backend: statistics.median(samples[backend]))
    if not order:
        return Summary([], [], None, unranked, changing, {})
    against = reference if reference in samples else order[-1]
    apart = _apart(cell.setting.backends)
    rows, peers = (
        [describe(ranked[backend], place, samples[against], cell.ceiling) for backend, place in ranks(group).items()]
        for group in (
            {backend: samples[backend] for backend in order if backend not in apart},
            {backend: samples[backend] for backend in order if backend in apart},
        )
    )
    return Summary(rows, peers, against, unranked, changing, samples)


def _apart(backends: Sequence[str]) -> set[str]:
    """The peers among them. Where there is nobody else, they are not apart."""
    peers = {spec.name for spec in PEERS}.intersection(backends)
    return peers if len(peers) < len(set(backends)) else set()


def _changing(by_backend: dict[str, list[Report]]) -> bool:
    """Whether no strategy fetched the same in all of its trials: then the pages differ, not the strategies."""
    fetched = [[report.digest for report in ran if report.failure is None] for ran in by_backend.values()]
    repeated = [digests for digests in fetched if len(digests) > 1]
    return bool(repeated) and all(len(set(digests)) > 1 for digests in repeated)


def _wrong(by_backend: dict[str, list[Report]], reference: str, content: Callable[[Report], str]) -> dict[str, str]:
    """Who has a failed trial or fetched another content than most, and what."""
    usual = _usual(by_backend, reference, content)
    fetched = {(content(report), _told(report)) for ran in by_backend.values() for report in ran if not report.failure}
    # What is said in the same words of two contents does not say in what they differ.
    alike = collections.Counter(told for _, told in fetched)
    wrong: dict[str, str] = {}
    for backend, ran in by_backend.items():
        odd = next((report for report in ran if report.failure is not None or content(report) != usual), None)
        if odd is not None:
            bodies = "other bodies with " if alike[_told(odd)] > 1 else ""
            wrong[backend] = odd.failure or f"its results differ: {bodies}{_told(odd)}"
    return wrong


def _usual(by_backend: dict[str, list[Report]], reference: str, content: Callable[[Report], str]) -> str | None:
    """What most strategies fetched; where they disagree evenly, the reference is believed, and without it nobody is."""
    votes: collections.Counter[str] = collections.Counter()
    for backend, ran in by_backend.items():
        for fetched in {content(report) for report in ran if report.failure is None}:
            votes[fetched] += 2 + (backend == reference)
    most = [fetched for fetched, count in votes.items() if count == max(votes.values())]
    return most[0] if len(most) == 1 else None


def _digest(report: Report) -> str:
    return report.digest


def _whole_rounds(by_backend: dict[str, list[Report]]) -> dict[str, list[Report]]:
    """The rounds that every strategy has run: an interrupt ends a comparison in the middle of one."""
    rounds = [{report.round for report in ran} for ran in by_backend.values()]
    whole = set.intersection(*rounds) if rounds else set[int]()
    if not whole:
        return {}
    return {backend: [report for report in ran if report.round in whole] for backend, ran in by_backend.items()}


def _told(report: Report) -> str:
    """What a trial fetched, in words."""
    parts = [f"{count:,} × {status}" for status, count in sorted(report.statuses.items())]
    parts += [f"{count:,} × {code}" for code, count in sorted(report.codes.items())]
    return ", ".join(parts) or "nothing"


def ranks(samples: Mapping[str, Sequence[float]]) -> dict[str, int]:
    """Places from 1; a strategy shares the place of the first one that it cannot be told apart from.

    The first of many is the luckiest of many, so each comparison has to be the surer the more there are (Bonferroni).
    """
    order = sorted(samples, key=lambda backend: statistics.median(samples[backend]))
    found: dict[str, int] = {}
    leader = order[0] if order else ""
    confidence = 1 - _ERROR / max(1, len(order) - 1)
    for place, backend in enumerate(order, 1):
        if not same(samples[backend], samples[leader], confidence):
            leader = backend
        found[backend] = found.get(leader, place)
    return found


def same(samples: Sequence[float], others: Sequence[float], confidence: float = 1 - _ERROR) -> bool:
    """Whether no difference is shown: the interval of the paired ratio holds 1."""
    return stats.paired_ratio(samples, others, confidence=confidence)[1].holds(1.0)


def ideal_time(delays: Sequence[float], requests: int, window: int) -> float:
    """The shortest time in which so many replies can be awaited, `window` at a time, if waiting were all there is.

    The delays come in turn, and each begins as soon as a place in the window is free.
    """
    free = [0.0] * min(window, requests)
    for number in range(requests):
        heapq.heapreplace(free, free[0] + delays[number % len(delays)])
    return max(free)
