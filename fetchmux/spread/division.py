"""How a run is divided among processes: who fetches what, and what remains of each limit. Pure.

Without limits of hosts, whoever has the most room gets the next request. With them a host belongs to one process, for
which the limit is whole; but where that would leave processes idle, every host is divided evenly, and its limits too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fetchmux.settings import Options

# So many requests tell how a list is made up.
SAMPLE = 1_000
# Dividing hosts has to promise so many times as much work at once: each process needs connections of its own to them.
_WORTH = 1.5
# Hosts whose process is remembered though nothing is under way to them.
MOST_HOSTS = 100_000


def is_limited(options: Options) -> bool:
    """Whether some limit is a host's own."""
    return options.per_host is not None or options.rate_per_host is not None


def suits_all(hosts: Mapping[str, int], options: Options, processes: int) -> bool:
    """Whether every process should have its part of every host, and not each host one process.

    Args:
        hosts: how many requests there are to each, as far as the list is known.
        options: the limits of the whole run.
        processes: how many there are to be.
    """
    if not hosts:
        return False
    # The busiest host keeps one process busy while the others do all the rest.
    apart = min(processes, sum(hosts.values()) / max(hosts.values()))
    return _count(options, processes, hosts=True) > _WORTH * apart


def divide(options: Options, processes: int, *, hosts: bool) -> list[Options]:
    """The options of each process: no more processes than some limit has parts, and the limits in parts.

    Args:
        options: those of the whole run.
        processes: how many there are to be.
        hosts: the limits of hosts are divided, too; else each host has a process of its own.
    """
    count = _count(options, processes, hosts=hosts)
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


def stagger(options: Options, place: int, *, hosts: bool) -> float:
    """When the process at `place` may begin, in seconds: at one rate, but not all at the same moments."""
    rates = [options.rate, options.rate_per_host if hosts else None]
    return max((place / rate for rate in rates if rate is not None), default=0.0)


def shares(whole: int, count: int) -> list[int]:
    """`whole` in so many parts, as even as can be, the larger ones first."""
    return [whole // count + (place < whole % count) for place in range(count)]


def _count(options: Options, processes: int, *, hosts: bool) -> int:
    most = options.per_host if hosts else None
    return min(processes, options.concurrency, processes if most is None else most)


def _part(rate: float | None, count: int) -> float | None:
    return None if rate is None else rate / count


class _Home:
    """Where a host belongs, and how many requests to it have not ended."""

    __slots__ = ("busy", "place")

    def __init__(self, place: int) -> None:
        self.place = place
        self.busy = 0


class Homes:
    """Which process a host belongs to: the one that had the most room when the host was first seen."""

    def __init__(self, most: int = MOST_HOSTS) -> None:
        self._most = most
        # The one that was asked for last is the last.
        self._homes: dict[str, _Home] = {}

    def place(self, host: str, rooms: Sequence[float]) -> int:
        """The process for a request, `rooms` being what each can take."""
        home = self._homes.pop(host, None)
        if home is None:
            home = _Home(roomiest(rooms))
            self._forget()
        self._homes[host] = home
        home.busy += 1
        return home.place

    def leave(self, host: str) -> None:
        """A request that was placed has ended, or is to be placed again."""
        self._homes[host].busy -= 1

    def vacate(self, place: int) -> None:
        """Nothing more can be done there: its hosts, which have nothing under way, will belong elsewhere."""
        self._homes = {host: home for host, home in self._homes.items() if home.place != place}

    def _forget(self) -> None:
        """Make room for one more: whoever was not asked for longest and has nothing under way goes."""
        for _ in range(len(self._homes) if len(self._homes) >= self._most else 0):
            host = next(iter(self._homes))
            home = self._homes.pop(host)
            if not home.busy:
                return
            self._homes[host] = home


class Anywhere:
    """Every process may have every host."""

    def place(self, host: str, rooms: Sequence[float]) -> int:
        """The process for a request, `rooms` being what each can take."""
        return roomiest(rooms)

    def leave(self, host: str) -> None:
        """Nobody counts."""

    def vacate(self, place: int) -> None:
        """Nobody belongs there."""


def roomiest(rooms: Sequence[float]) -> int:
    """The place with the most room, the first of them."""
    return rooms.index(max(rooms))
