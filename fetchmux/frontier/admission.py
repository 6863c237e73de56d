"""Who may start now: the limits of pace and of hosts between the way in and the slots.

A job that a limit holds back waits here, beside the slots and not in one, so that other hosts go on. What waits is
bounded, as the way in is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from fetchmux.exchange import Clock
from fetchmux.frontier.intake import Intake
from fetchmux.frontier.later import Later
from fetchmux.model import Job, Origin
from fetchmux.policy.gates import Gates
from fetchmux.policy.pace import Pace
from fetchmux.settings import Options


class Admission:
    """Hands out jobs that no limit holds back. Each that starts is entered, and must leave when it has ended.

    Args:
        intake: where jobs come from.
        options: `rate`, `per_host` and `rate_per_host`.
        most_held: jobs held back by limits; beyond that many the input waits.
        clock: seconds, monotonic.
    """

    def __init__(self, intake: Intake, options: Options, most_held: int, clock: Clock) -> None:
        self._intake = intake
        self._clock = clock
        self._most_held = most_held
        self._pace = None if options.rate is None else Pace(options.rate)
        self._gates = Gates(options.per_host, options.rate_per_host)
        # Without limits there is nothing to look at; a host that asks for peace changes that.
        self._limited = any((options.rate, options.per_host, options.rate_per_host))
        self._later: Later[Job] = Later()
        self._held: dict[str, deque[Job]] = {}
        self._held_count = 0
        # Hosts with held jobs: those that are waited for by time, and those to look at now, each once.
        self._opening: Later[str] = Later()
        self._open: dict[str, None] = {}
        self._paced = False

    @property
    def exhausted(self) -> bool:
        """Nothing is left to start, now or later."""
        return self._intake.exhausted and not self._later and not self._held_count

    def next(self) -> Job | None:
        """A job that may start now."""
        if not self._limited and not self._later:
            return self._intake.next()
        now = self._clock()
        for job in self._later.due(now):
            self._intake.requeue(job)
        if not self._limited:
            return self._intake.next()
        self._paced = self._pace is not None and self._pace.opens_at() > now
        if self._paced:
            # The end of the input must not be found out as slowly as requests may start.
            self._intake.look_ahead()
            return None
        found = self._next_held(now) or self._next_free(now)
        return None if found is None else self._entered(found, now)

    def next_for(self, origin: Origin) -> Job | None:
        """A job that may start now on an open connection to `origin`."""
        if not self._limited:
            return self._intake.next_for(origin)
        now, host = self._clock(), origin.name[0]
        if self._gates.wait(host, now) != 0.0 or (self._pace is not None and self._pace.opens_at() > now):
            return None
        held = self._held.get(host)
        if held is None:
            job = self._intake.next_for(origin)
        else:
            job = self._pop_held(host) if held[0].url.origin is origin and not held[0].fresh else None
        return None if job is None else self._entered(job, now)

    def leave(self, job: Job) -> None:
        """A job's attempt has ended."""
        if self._limited:
            host = job.url.origin.name[0]
            self._gates.leave(host, self._clock())
            if host in self._held:
                self._open[host] = None

    def postpone(self, job: Job, due: float) -> None:
        """Let a job start again at the time `due`, behind all that are queued by then."""
        self._later.push(job, due)

    def pause(self, host: str, until: float) -> None:
        """Start nothing at `host` before `until`."""
        self._limited = True
        self._gates.pause(host, until)

    def wait(self, now: float) -> float:
        """Seconds until time lets something start that it holds back now; infinite when it holds back nothing."""
        if self._pace is not None and (self._paced or self._pace.opens_at() > now):
            # Before that nothing else matters. A pace that holds nothing back any more is no reason to stay awake,
            # unless it has given way since somebody asked.
            return max(0.0, self._pace.opens_at() - now)
        soonest = float("inf")
        if self._later:
            soonest = self._later.next_due
        if self._opening:
            soonest = min(soonest, self._opening.next_due)
        return max(0.0, soonest - now)

    def clear(self) -> Iterator[Job]:
        """Give up every job that waits here or behind."""
        yield from self._later.clear()
        for host in list(self._held):
            while host in self._held:
                yield self._pop_held(host)
        yield from self._intake.clear()

    def _entered(self, job: Job, now: float) -> Job:
        host = job.url.origin.name[0]
        self._gates.enter(host, now)
        if self._pace is not None:
            self._pace.spend(now)
        if host in self._held:
            self._watch(host, now)
        return job

    def _next_held(self, now: float) -> Job | None:
        """A job of a host whose limit has given way."""
        for host in self._opening.due(now):
            self._open[host] = None
        while self._open:
            host = next(iter(self._open))
            del self._open[host]
            if host in self._held:
                if self._gates.wait(host, now) == 0.0:
                    return self._pop_held(host)
                self._watch(host, now)
        return None

    def _next_free(self, now: float) -> Job | None:
        """The first queued job of a host without a limit in its way; those before it are held."""
        while self._held_count < self._most_held and (job := self._intake.next()) is not None:
            host = job.url.origin.name[0]
            # Whoever is held already goes first.
            if host not in self._held and self._gates.wait(host, now) == 0.0:
                return job
            self._hold(job, host, now)
        return None

    def _hold(self, job: Job, host: str, now: float) -> None:
        if host not in self._held:
            self._held[host] = deque()
            self._watch(host, now)
        self._held[host].append(job)
        self._held_count += 1

    def _pop_held(self, host: str) -> Job:
        queue = self._held[host]
        job = queue.popleft()
        self._held_count -= 1
        if not queue:
            del self._held[host]
        return job

    def _watch(self, host: str, now: float) -> None:
        """Come back to a host when its limit gives way: by time, or when one there has ended, which `leave` tells."""
        wait = self._gates.wait(host, now)
        if wait is not None:
            self._opening.push(host, now + wait)
