"""What a run's results have in common: how long they took, and how their hosts did.

Memory stays constant for an endless list: times go into buckets, each 5 % wider than the one before, and of many hosts
only the slowest and those that fail most are remembered.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

import msgspec

from fetchmux.errors import Code
from fetchmux.model import Result
from fetchmux.sinks import Sink

MOST_HOSTS = 4_096
_STEP = math.log(1.05)
# Times below it are all alike, in seconds.
_LEAST = 1e-6


class Host(msgspec.Struct):
    """How one host did.

    Attributes:
        seconds: the sum of what its requests took.
    """

    host: str
    done: int = 0
    failed: int = 0
    seconds: float = 0.0

    @property
    def mean(self) -> float:
        """What a request took, in seconds."""
        return self.seconds / self.done


class Statistics:
    """A sink before another one. The time of a result is that of its last attempt, without its turn in the queue."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buckets: dict[int, int] = {}
        self._hosts: dict[str, Host] = {}

    def write(self, result: Result) -> None:
        self._sink.write(result)
        error = result.error
        if not result.attempts or result.final_url is None or (error is not None and error.code is Code.CANCELLED):
            return
        seconds = max(_LEAST, result.timings.total - result.timings.queued)
        if result.status is not None:
            bucket = round(math.log(seconds) / _STEP)
            self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        host = self._host(result.final_url.split("/", 3)[2])
        host.done += 1
        host.failed += not result.ok
        host.seconds += seconds

    def flush(self) -> None:
        self._sink.flush()

    def quantile(self, share: float) -> float | None:
        """The time that such a share of all responses kept within, to 5 %, in seconds; None where there were none."""
        left = share * sum(self._buckets.values())
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return math.exp(bucket * _STEP)
        return None

    def slowest(self, count: int) -> list[Host]:
        """The hosts whose requests took longest, on average; none where there is only one."""
        return _most(self._hosts, count, lambda host: host.mean) if len(self._hosts) > 1 else []

    def failing(self, count: int) -> list[Host]:
        """The hosts of which most failed, those alone where something did."""
        return [host for host in _most(self._hosts, count, lambda host: host.failed) if host.failed]

    def _host(self, name: str) -> Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= MOST_HOSTS:
                self._forget()
            host = self._hosts[name] = Host(name)
        return host

    def _forget(self) -> None:
        """Keep a quarter for being slow and a quarter for failing."""
        kept = self.slowest(MOST_HOSTS // 4) + self.failing(MOST_HOSTS // 4)
        self._hosts = {host.host: host for host in kept}


def _most(hosts: dict[str, Host], count: int, key: Callable[[Host], float]) -> list[Host]:
    return heapq.nlargest(count, hosts.values(), key=key)
