"""Jobs that wait until the address of their host is known."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Clock
from fetchmux.model import Address, Job, Origin
from fetchmux.settings import Name

Answer = tuple[Address, ...] | FetchError


class Lookup(Protocol):
    """Hosts to addresses, without waiting."""

    answered: deque[Name]

    def dial(self, origin: Origin) -> tuple[Name, ...]:
        """The names that must be known before `origin` can be reached; the last one is connected to."""
        ...

    def tend(self) -> None:
        """Somebody waits: called again and again meanwhile."""
        ...

    def lookup(self, name: Name) -> Answer | None:
        """The addresses of a name, why there are none, or None while the question is open.

        A name that was open is appended to `answered` once its answer is known.
        """
        ...


class Parking:
    """Jobs by the name that they wait for.

    No name is waited for longer than `patience` seconds once it has been asked for. Names are asked for in their order
    by a few threads, so one that waits behind others has been asked for, at the latest, when these have been answered.
    """

    def __init__(self, names: Lookup, patience: float, clock: Clock) -> None:
        self._names = names
        self._patience = patience
        self._clock = clock
        # When each job came, too. Names are asked in the order of their first jobs, so the first list is the oldest.
        self._parked: dict[Name, list[tuple[float, Job]]] = {}
        self._count = 0
        # The place of each name in the order of asking, and what is known of the answers: when the latest one to a name
        # before the oldest of the parked ones came, and those to names behind it.
        self._places: dict[Name, int] = {}
        self._place = 0
        self._answered_before = float("-inf")
        self._answered_behind: list[tuple[int, float]] = []

    def __len__(self) -> int:
        return self._count

    @property
    def since(self) -> float:
        """When the job came that has waited longest. Raises StopIteration when none waits."""
        return next(iter(self._parked.values()))[0][0]

    def locate(self, job: Job) -> Answer | None:
        """What is known of the job's address; when nothing is known yet the job is parked."""
        found: Answer | None = None
        for name in self._names.dial(job.url.origin):
            found = self._names.lookup(name)
            if found is None:
                self._park(name, job)
            if not isinstance(found, tuple):
                break
        return found

    def released(self) -> Iterator[tuple[Job, Answer]]:
        """The jobs that need not wait any longer, each with its answer, name by name in the order of the answers."""
        now = self._clock()
        self._names.tend()
        answered = self._names.answered
        while answered:
            name = answered.popleft()
            heapq.heappush(self._answered_behind, (self._places.get(name, 0), now))
            # An answer that a full cache has dropped is None again, and has been asked for again.
            if name in self._parked and (found := self._names.lookup(name)) is not None:
                yield from self._release(name, found, now)
        while self._count and now - self._asked_since() >= self._patience:
            name = next(iter(self._parked))
            yield from self._release(name, self._names.lookup(name) or self._unanswered(), now)

    def clear(self) -> Iterator[Job]:
        """Give back every job."""
        for name in list(self._parked):
            del self._places[name]
            for _, job in self._parked.pop(name):
                self._count -= 1
                yield job

    def _park(self, name: Name, job: Job) -> None:
        if name not in self._parked:
            self._parked[name] = []
            self._place += 1
            self._places[name] = self._place
        self._parked[name].append((self._clock(), job))
        self._count += 1

    def _asked_since(self) -> float:
        """When the oldest of the parked names was asked for, at the latest."""
        place = self._places[next(iter(self._parked))]
        while self._answered_behind and self._answered_behind[0][0] < place:
            self._answered_before = max(self._answered_before, heapq.heappop(self._answered_behind)[1])
        return max(self.since, self._answered_before)

    def _release(self, name: Name, found: Answer, now: float) -> Iterator[tuple[Job, Answer]]:
        del self._places[name]
        for since, job in self._parked.pop(name):
            self._count -= 1
            job.resolving += now - since
            # Behind a proxy there may be another name to be known.
            located = self.locate(job) if isinstance(found, tuple) else found
            if located is not None:
                yield job, located

    def _unanswered(self) -> FetchError:
        message = f"the name was not resolved within {self._patience:g} s"
        return FetchError(Code.TIMEOUT, message, Phase.RESOLVE)
