"""What is known of one strategy in one cell: its samples made into figures, and what bound it. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fetchmux.compare import stats
from fetchmux.compare.cell import Ceiling
from fetchmux.compare.trial import Report

# What did not take half of the time did not set it.
_BOUND = 0.5
# A bare loop that keeps the server's CPU so busy has found the server's ceiling, and not its own.
_BUSY = 0.9


class Latency(NamedTuple):
    """Percentiles of all requests of all rounds, in seconds, without waiting for a slot."""

    p50: float
    p90: float
    p95: float
    p99: float
    most: float


class Split(NamedTuple):
    """The median of each part of a request's time, in seconds. `queued` is waiting for a slot, nobody's latency."""

    queued: float
    resolve: float
    connect: float
    wait: float
    receive: float


class Outlier(NamedTuple):
    """A round that stands apart; it counts like any other."""

    round: int
    wall: float
    times: float


class Row(NamedTuple):
    """One strategy.

    Attributes:
        rank: 1 for the fastest; strategies that cannot be told apart share one.
        wall: median seconds; spread: the median absolute deviation; interval: of the median.
        speed: how many times as fast as the reference, with the interval of the paired ratio.
        ideal_share: the shortest possible time by the median one, where it is known.
        client_share, server_share: how much of a CPU each used, 1.0 being one core.
        ceiling_share: its requests a second by those that the server could answer, where that is known.
        cpu: seconds of CPU a request, user and system; cost: both together, which is known better than either.
        memory: bytes; switches: a request, voluntary and involuntary; threads, descriptors: most at once.
        outliers: rounds that stand apart.
    """

    backend: str
    rank: int
    rounds: int
    requests: int
    wall: float
    spread: float
    interval: stats.Interval
    speed: float
    speed_interval: stats.Interval
    ideal_share: float | None
    client_share: float
    server_share: float | None
    ceiling_share: float | None
    cpu: tuple[float, float]
    cost: float
    memory: int
    switches: tuple[float, float]
    threads: int
    descriptors: int
    latency: Latency
    split: Split
    outliers: list[Outlier]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.wall

    @property
    def bound(self) -> str:
        """What set the time: "waiting", "the server", "client CPU", or "nothing alone"."""
        server = self.server_share or 0.0
        # Where no ideal is known: while nobody works, a strange server is waited for, or the time of another attempt.
        waiting = 1 - self.client_share - server if self.ideal_share is None else self.ideal_share
        parts = {"waiting": waiting, "client CPU": self.client_share, "the server": server}
        most = max(parts, key=lambda part: parts[part])
        return most if parts[most] >= _BOUND else "nothing alone"

    @property
    def at_ceiling(self) -> bool:
        """Whether the server could hardly have answered faster."""
        return self.ceiling_share is not None and self.ceiling_share >= _BUSY


def describe(ran: Sequence[Report], rank: int, reference: Sequence[float], ceiling: Ceiling | None) -> Row:
    """Make a row of all rounds of a strategy; `reference` are the times of the strategy that speeds are relative to."""
    walls = [report.wall for report in ran]
    wall = statistics.median(walls)
    speed, speed_interval = stats.paired_ratio(walls, reference)
    requests = ran[0].ok + ran[0].failed
    servers = [report.cpu_server / report.wall for report in ran if report.cpu_server is not None]
    found = ceiling is not None and (ceiling.server_share or 0.0) >= _BUSY

    def median(value: Callable[[Report], float]) -> float:
        return statistics.median(value(report) for report in ran)

    return Row(
        backend=ran[0].backend,
        rank=rank,
        rounds=len(ran),
        requests=requests,
        wall=wall,
        spread=stats.median_deviation(walls),
        interval=stats.median_interval(walls),
        speed=speed,
        speed_interval=speed_interval,
        ideal_share=None if not ran[0].ideal else ran[0].ideal / wall,
        client_share=median(lambda report: (report.cpu_user + report.cpu_system) / report.wall),
        server_share=statistics.median(servers) if servers else None,
        ceiling_share=requests / wall / ceiling.rate if ceiling is not None and found else None,
        cpu=(median(lambda report: report.cpu_user / requests), median(lambda report: report.cpu_system / requests)),
        cost=median(lambda report: (report.cpu_user + report.cpu_system) / requests),
        memory=int(median(lambda report: report.peak_memory)),
        switches=(
            median(lambda report: report.voluntary / requests),
            median(lambda report: report.involuntary / requests),
        ),
        threads=max(report.threads for report in ran),
        descriptors=max(report.descriptors for report in ran),
        latency=_latency(ran),
        split=_split(ran),
        outliers=[Outlier(ran[place].round, walls[place], walls[place] / wall) for place in stats.outliers(walls)],
    )


def _latency(ran: Sequence[Report]) -> Latency:
    latencies = sorted(latency for report in ran for latency in report.spans.latencies())
    return Latency(*(stats.percentile(latencies, share) for share in (0.5, 0.9, 0.95, 0.99, 1.0)))


def _split(ran: Sequence[Report]) -> Split:
    return Split(
        *(statistics.median(value for report in ran for value in getattr(report.spans, part)) for part in Split._fields)
    )
