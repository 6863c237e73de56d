"""From reports to a ranking: what each strategy took, how sure its place is, what bound it.

Pure. A strategy is ranked only if all its trials fetched the same as the others'; a wrong answer is never a fast one.
"""

from __future__ import annotations

import collections
import math
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fetchmux.compare import stats
from fetchmux.compare.cell import Cell
from fetchmux.compare.trial import Report

# From this share of the ideal time or of a CPU on, that is what set the time.
_BOUND = 0.8
# How often a difference may be claimed that is none.
_ERROR = 0.05


class Row(NamedTuple):
    """What is known of one strategy after all rounds.

    Attributes:
        rank: 1 for the fastest; strategies that cannot be told apart share one.
        wall: median seconds; spread: the median absolute deviation; interval: of the median.
        speed: how many times as fast as the reference, with the interval of the paired ratio.
        ideal_share: the shortest possible time by the median one, where it is known.
        client_share, server_share: how much of a CPU each used, 1.0 being one core.
        cpu: seconds of CPU a request; memory: bytes; switches: a request, voluntary and involuntary.
        latency: p50, p95, p99 of all requests of all rounds, in seconds.
    """

    backend: str
    rank: int
    requests: int
    wall: float
    spread: float
    interval: stats.Interval
    speed: float
    speed_interval: stats.Interval
    ideal_share: float | None
    client_share: float
    server_share: float | None
    cpu: float
    memory: int
    switches: tuple[float, float]
    latency: tuple[float, float, float]

    @property
    def bound(self) -> str:
        """What set the time."""
        if self.ideal_share is not None and self.ideal_share >= _BOUND:
            return "waiting"
        if self.server_share is not None and self.server_share >= _BOUND and self.server_share > self.client_share:
            return "the server"
        if self.client_share >= _BOUND:
            return "client CPU"
        if self.server_share is not None and self.client_share + self.server_share >= _BOUND:
            return "client + server"
        return "nothing alone"


class Summary(NamedTuple):
    """Rows in the order of rank, and the strategies that have none, each with what is wrong.

    `changing`: the pages change by themselves, so the results were compared by status alone.
    """

    rows: list[Row]
    reference: str | None
    unranked: dict[str, str]
    changing: bool


def summarise(cell: Cell, reference: str) -> Summary:
    """Rank what can be ranked; speeds are relative to `reference`, or to the slowest one when that has no rank."""
    # Pages that are somebody else's may be others at each fetch.
    return _summarise(cell.reports, reference, may_change=not cell.setting.embedded)


def _summarise(reports: Sequence[Report], reference: str, *, may_change: bool) -> Summary:
    by_backend: dict[str, list[Report]] = collections.defaultdict(list)
    for report in sorted(reports, key=lambda report: report.round):
        by_backend[report.backend].append(report)
    changing = may_change and _changing(by_backend)
    unranked = _wrong(by_backend, reference, _told if changing else _digest)
    ranked = _whole_rounds({backend: ran for backend, ran in by_backend.items() if backend not in unranked})
    samples = {backend: [report.wall for report in ran] for backend, ran in ranked.items()}
    order = sorted(samples, key=lambda backend: statistics.median(samples[backend]))
    if not order:
        return Summary([], None, unranked, changing)
    against = reference if reference in samples else order[-1]
    ranks = _ranks(order, samples)
    rows = [_row(ranked[backend], ranks[backend], samples[against]) for backend in order]
    return Summary(rows, against, unranked, changing)


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


def _ranks(order: list[str], samples: dict[str, list[float]]) -> dict[str, int]:
    """Places from 1; a strategy shares the place of the first one that it cannot be told apart from.

    The first of many is the luckiest of many, so each comparison has to be the surer the more there are (Bonferroni).
    """
    ranks: dict[str, int] = {}
    leader = order[0]
    confidence = 1 - _ERROR / max(1, len(order) - 1)
    for place, backend in enumerate(order, 1):
        if not same(samples[backend], samples[leader], confidence):
            leader = backend
        ranks[backend] = ranks.get(leader, place)
    return ranks


def same(samples: Sequence[float], others: Sequence[float], confidence: float = 1 - _ERROR) -> bool:
    """Whether no difference is shown: the interval of the paired ratio holds 1."""
    return stats.paired_ratio(samples, others, confidence=confidence)[1].holds(1.0)


def _row(ran: list[Report], rank: int, reference: list[float]) -> Row:
    walls = [report.wall for report in ran]
    wall = statistics.median(walls)
    speed, speed_interval = stats.paired_ratio(walls, reference)
    requests = ran[0].ok + ran[0].failed
    ideal = ran[0].ideal
    latencies = [latency for report in ran for latency in report.spans.latencies()]
    servers = [report.cpu_server / report.wall for report in ran if report.cpu_server is not None]
    return Row(
        backend=ran[0].backend,
        rank=rank,
        requests=requests,
        wall=wall,
        spread=stats.median_deviation(walls),
        interval=stats.median_interval(walls),
        speed=speed,
        speed_interval=speed_interval,
        ideal_share=None if not ideal else ideal / wall,
        client_share=statistics.median((report.cpu_user + report.cpu_system) / report.wall for report in ran),
        server_share=statistics.median(servers) if servers else None,
        cpu=statistics.median((report.cpu_user + report.cpu_system) / requests for report in ran),
        memory=int(statistics.median(report.peak_memory for report in ran)),
        switches=(
            statistics.median(report.voluntary / requests for report in ran),
            statistics.median(report.involuntary / requests for report in ran),
        ),
        latency=tuple(stats.percentile(latencies, share) for share in (0.5, 0.95, 0.99)),  # type: ignore[arg-type]
    )


def ideal_time(delay: float, requests: int, window: int) -> float:
    """The shortest time in which so many replies of `delay` seconds can be awaited, `window` at a time."""
    return delay * math.ceil(requests / window)
