"""How a run is divided among processes: who fetches what, and what remains of each limit. Pure.

Without limits of hosts, whoever has the least to do gets the next request. With them a host belongs to one process, for
which the limit is whole; but a list that has one host only is divided evenly, and the host's limits with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fetchmux.settings import Options

# So many requests tell whether a list has one host only.
SAMPLE = 1_000
_MOST_HOSTS = 1_000_000


def is_limited(options: Options) -> bool:
    """Whether some limit is a host's own."""
    return options.per_host is not None or options.rate_per_host is not None


def divide(options: Options, processes: int, *, hosts: bool) -> list[Options]:
    """The options of each process: no more processes than some limit has parts, and the limits in parts.

    Args:
        options: those of the whole run.
        processes: how many there are to be.
        hosts: the limits of hosts are divided, too; else each host has a process of its own.
    """
    count = min(processes, options.concurrency)
    if hosts and options.per_host is not None:
        count = min(count, options.per_host)
    windows = shares(options.concurrency, count)
    per_host = None if options.per_host is None or not hosts else shares(options.per_host, count)
    return [
        msgspec.structs.replace(
            options,
            concurrency=windows[place],
            per_host=options.per_host if per_host is None else per_host[place],
            rate=_part(options.rate, count),
            rate_per_host=_part(options.rate_per_host, count if hosts else 1),
        )
        for place in range(count)
    ]


def shares(whole: int, count: int) -> list[int]:
    """`whole` in so many parts, as even as can be, the larger ones first."""
    return [whole // count + (place < whole % count) for place in range(count)]


def _part(rate: float | None, count: int) -> float | None:
    return None if rate is None else rate / count


class Homes:
    """Which process a host belongs to: the one that had the least to do when the host was first seen."""

    def __init__(self) -> None:
        self._homes: dict[str, int] = {}

    def place(self, host: str, loads: Sequence[int]) -> int:
        """The process for a request, `loads` being what each has to do."""
        home = self._homes.get(host)
        if home is None:
            if len(self._homes) >= _MOST_HOSTS:
                # A host that has not been heard of for so long has nothing under way.
                del self._homes[next(iter(self._homes))]
            home = self._homes[host] = least(loads)
        return home


class Anywhere:
    """Every process may have every host."""

    def place(self, host: str, loads: Sequence[int]) -> int:
        """The process for a request, `loads` being what each has to do."""
        return least(loads)


def least(loads: Sequence[int]) -> int:
    """The place of the smallest load, the first of them."""
    return min(range(len(loads)), key=loads.__getitem__)
