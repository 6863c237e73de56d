"""A run in several processes: this one reads the list and writes the results, the others fetch.

Knows who owes what. It has the surface of a session, so that whoever runs one need not know which it is.
"""

from __future__ import annotations

import errno
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from fetchmux.backends import registry
from fetchmux.errors import Code, FetchError, Phase, UsageError
from fetchmux.frontier import TICK, outcome
from fetchmux.frontier.ending import Ending
from fetchmux.frontier.outlet import Outlet
from fetchmux.model import Request
from fetchmux.policy.retries import IDEMPOTENT
from fetchmux.session import Counted, Slot, Tally
from fetchmux.settings import Network, Options
from fetchmux.sinks import Sink
from fetchmux.spread import words
from fetchmux.spread.crew import Crew
from fetchmux.spread.division import SAMPLE, Anywhere, Homes, divide, is_limited, stagger, suits_all
from fetchmux.spread.supply import Supply
from fetchmux.spread.words import Charge, Journey, Kind
from fetchmux.spread.worker import CANCEL, STOP, Worker

# Requests that wait here for a process that has its hands full; beyond that many the list waits.
MOST_HELD = 4_096
# How often a list that pauses is asked while the processes start, in seconds.
_GLANCE = 0.005
# What is cancelled ends by itself; a process that says nothing for so long then, in seconds, hangs.
_LAST = 5.0
_CANCELLED = FetchError(Code.CANCELLED, "the run was cancelled before this was sent", Phase.INPUT)


class Division(Protocol):
    """Who fetches what."""

    def place(self, host: str, rooms: list[float]) -> int:
        """The process for a request to `host`, `rooms` being how many more each should have."""
        ...

    def leave(self, host: str) -> None:
        """A request that was placed has ended, or is to be placed again."""
        ...

    def vacate(self, place: int) -> None:
        """Nothing more can be done there."""
        ...


class Spread:
    """One run of one strategy in several processes.

    Args:
        source: yields requests, and None when there is nothing to read yet.
        options: the limits of the whole run.
        sink: takes every result.
        processes: how many fetch at most.
        backend: the strategy's name.
        network: how hosts are reached.
        notice: takes a sentence for the user.

    Raises:
        UnknownBackend, BackendUnavailable.
    """

    def __init__(
        self,
        source: Iterator[Request | None],
        options: Options,
        sink: Sink,
        *,
        processes: int,
        backend: str,
        network: Network,
        notice: Callable[[str], None],
    ) -> None:
        registry.load(registry.find(backend))
        output = Counted(sink)
        self.tally = output.tally
        self._outlet = Outlet(output, self._give_up)
        self._supply = Supply(source, self._end, self._end_of_input)
        self._options = options
        self._count = min(processes, options.concurrency)
        self._backend = backend
        self._network = network
        self._notice = notice
        self._noticed: set[str] = set()
        self._crew: Crew | None = None
        self._division: Division = Anywhere()
        # What redirects have led from one process to another, by index, and whether that can happen.
        self._journeys: dict[int, Journey] = {}
        self._roams = False
        # How often a request has lost its process.
        self._losses: dict[int, int] = {}
        self._failure: Exception | None = None
        self._ending = Ending(None if options.deadline is None else time.monotonic() + options.deadline)
        self._cancelled = self._told_to_stop = self._told_to_cancel = False
        # Since when nothing has been heard of any process.
        self._heard_at = 0.0

    @property
    def in_flight(self) -> int:
        """How many requests are under way, as far as the processes have told."""
        return 0 if self._crew is None else sum(worker.in_flight for worker in self._crew.workers)

    @property
    def overdue(self) -> bool:
        """The run's deadline has ended it."""
        return self._ending.overdue

    def slots(self) -> list[Slot]:
        """What the processes owe; what each request waits for only they know. A signal handler may call it."""
        return [
            Slot(request.url.text, f"process {number}", None)
            for number, worker in enumerate([] if self._crew is None else list(self._crew.workers), 1)
            for request in list(worker.owed.values())
            if request.url is not None
        ]

    def stop(self) -> None:
        """Start nothing more, and let what is in flight end, for a while. May be called from a signal handler."""
        self._ending.stop(time.monotonic(), self._options.grace)
        self._supply.end()

    def expire(self) -> None:
        """End the run because its time is over. May be called from a signal handler."""
        self._ending.overdue = True
        self.cancel()

    def cancel(self) -> None:
        """End the run soon; what is in flight becomes `cancelled`. May be called from a signal handler."""
        self._cancelled = self._ending.stopped = True
        self._supply.end()

    def run(self) -> Tally:
        """Fetch until the list ends or `cancel` is called.

        Raises what the input or the sink raised, and UsageError for what the processes cannot begin with: nothing has
        been fetched then.
        """
        crew = self._crew = Crew(self._backend, self._count)
        try:
            self._begin(crew)
            while self._goes_on(crew):
                self._deal(crew)
                self._outlet.flush()
                for worker in crew.wait(self._supply.patience()):
                    self._hear(worker, crew)
            self._outlet.flush()
        finally:
            crew.close()
        if self._failure is not None:
            raise self._failure
        return self.tally

    # The beginning

    def _begin(self, crew: Crew) -> None:
        """Look at the beginning of the list while the processes start, divide, and see that all can fetch."""
        limited = is_limited(self._options)
        while not all(worker.here for worker in crew.workers):
            if self._is_over():
                return
            more = limited and self._supply.look_ahead(SAMPLE)
            self._await(crew, _GLANCE if more else TICK)
        known = Counter(self._host(request) for request in self._supply.again if request.url is not None)
        evenly = limited and suits_all(known, self._options, self._count)
        if limited and not evenly:
            self._division = Homes()
        # The deadline is looked after here.
        whole = msgspec.structs.replace(self._options, deadline=None)
        parts = divide(whole, self._count, hosts=evenly)
        self._roams = limited and not evenly and whole.follow and len(parts) > 1
        charges = [Charge(self._backend, part, self._network, self._roams) for part in parts]
        now = time.monotonic()
        crew.charge(charges, [now + stagger(whole, place, hosts=evenly) for place in range(len(charges))])
        while not all(worker.ready for worker in crew.workers) and not self._is_over():
            self._await(crew, TICK)
        for worker in crew.workers.copy():
            # It was ready before another one, and is heard no more.
            if worker.ended:
                self._lost(worker, crew)

    def _await(self, crew: Crew, patience: float) -> None:
        """Hear of the processes that begin. Raises UsageError when one of them cannot."""
        for worker in crew.wait(patience):
            for kind, content in worker.listen():
                if kind is Kind.REFUSAL:
                    raise UsageError(words.decode_text(content))
                self._pass_on(kind, content)
            if worker.ended and not worker.ready:
                raise UsageError(f"a process of this run {worker.fate()} before it could begin")

    # The way there and back

    def _deal(self, crew: Crew) -> None:
        """Take from the list what there is room for, and hand over what the processes can take."""
        workers, place_for = crew.workers, self._division.place
        rooms = [worker.room for worker in workers]
        most = MOST_HELD - sum(len(worker.held) for worker in workers)
        if max(rooms) > 0 and most > 0:
            for request in self._supply.sendable():
                place = place_for(self._host(request), rooms)
                workers[place].held.append(request)
                rooms[place] -= 1
                most -= 1
                if max(rooms) <= 0 or most <= 0:
                    break
        for worker in workers:
            worker.hand_over(self._journeys)
        # What another one passes on may become anybody's.
        closing = self._supply.exhausted and not (self._roams and any(worker.load for worker in workers))
        for worker in workers:
            if closing and not worker.held:
                worker.close_list()

    def _hear(self, worker: Worker, crew: Crew) -> None:
        """Take what a process has to say."""
        for kind, content in worker.listen():
            if kind is not Kind.REPORT:
                self._pass_on(kind, content)
                continue
            report = words.decode_report(content)
            worker.note(report)
            for result in report.results:
                self._division.leave(self._host(worker.owed.pop(result.index)))
                self._outlet.emit(result)
                if self._losses or self._journeys:
                    self._losses.pop(result.index, None)
                    self._journeys.pop(result.index, None)
            for index, journey in report.passed:
                request = worker.owed.pop(index)
                self._division.leave(self._host(request))
                self._journeys[index] = journey
                self._supply.again.append(request)
        # Only now: to write results may have taken long.
        self._heard_at = time.monotonic()
        if worker.ended and (worker.load or not worker.dismissed):
            self._lost(worker, crew)

    def _pass_on(self, kind: Kind, content: bytes) -> None:
        """What a process says to the user, once for all of them."""
        if kind is Kind.NOTICE and (sentence := words.decode_text(content)) not in self._noticed:
            self._noticed.add(sentence)
            self._notice(sentence)

    # A process that dies

    def _lost(self, worker: Worker, crew: Crew) -> None:
        """A process has ended that still had something to do: others do it, or it has no result but that."""
        error = FetchError(Code.INTERNAL, f"the process that fetched it {worker.fate()}", Phase.SEND)
        if self._ending.stopped:
            error = FetchError(Code.CANCELLED, "the run was cancelled", Phase.SEND)
        worker.in_flight = 0
        for request in worker.owed.values():
            self._division.leave(self._host(request))
            if self._may_repeat(request):
                self._supply.again.append(request)
            else:
                self._end(request, error)
        worker.owed.clear()
        for request in worker.held:
            self._division.leave(self._host(request))
        self._supply.again.extend(worker.held)
        worker.held.clear()
        if not self._ending.stopped and not crew.replace(worker):
            self._without(worker, crew, error)

    def _may_repeat(self, request: Request) -> bool:
        """Whether what may have been sent may be sent again, as after a connection that was lost."""
        options, losses = self._options, self._losses.get(request.index, 0)
        if self._ending.stopped or losses >= options.retries:
            return False
        self._losses[request.index] = losses + 1
        return options.retry_all or request.method in IDEMPOTENT

    def _without(self, worker: Worker, crew: Crew, error: FetchError) -> None:
        """The others have to do what this one did; when there is nobody left, the run ends."""
        self._division.vacate(crew.workers.index(worker))
        if max(other.room for other in crew.workers) == float("-inf"):
            self._end_all(self._supply.again, error)
            self._give_up(ChildProcessError(errno.ECHILD, "none is left, and none can be started", "--processes"))

    # The end

    def _goes_on(self, crew: Crew) -> bool:
        """Whether somebody still has something to do."""
        if self._is_over():
            self._wind_up(crew)
        return not self._supply.exhausted or any(worker.load or not worker.ended for worker in crew.workers)

    def _is_over(self) -> bool:
        """Whether nothing more may start; from a certain time on, nothing may go on either."""
        if self._ending.come(time.monotonic()):
            self.cancel()
        return self._ending.stopped

    def _wind_up(self, crew: Crew) -> None:
        """Let the processes know; what they have not got ends here. One that does not hear is ended."""
        self._supply.end()
        if not self._told_to_stop:
            self._told_to_stop = True
            crew.tell(STOP)
        for waiting in (self._supply.again, *(worker.held for worker in crew.workers)):
            self._end_all(waiting, _CANCELLED)
        if self._cancelled and not self._told_to_cancel:
            self._told_to_cancel = True
            self._heard_at = time.monotonic()
            crew.tell(CANCEL)
        if self._told_to_cancel and time.monotonic() - self._heard_at > _LAST:
            crew.kill()

    def _end_of_input(self, failure: Exception) -> None:
        """The input is broken. What was read of a file that cannot be read any further is fetched nevertheless."""
        if isinstance(failure, OSError):
            self._failure = self._failure or failure
        else:
            self._give_up(failure)

    def _give_up(self, failure: Exception) -> None:
        """The input or the output makes no sense any more: end the run."""
        self._failure = self._failure or failure
        self.cancel()

    def _end_all(self, requests: deque[Request], error: FetchError) -> None:
        while requests:
            request = requests.popleft()
            self._end(request, request.fault or error)

    def _end(self, request: Request, error: FetchError) -> None:
        """The record of a request that no process answers for."""
        self._losses.pop(request.index, None)
        self._journeys.pop(request.index, None)
        self._outlet.emit(outcome.of_request(request, error, self._backend))

    def _host(self, request: Request) -> str:
        """Whom a request goes to, after all redirects so far."""
        if self._journeys and (journey := self._journeys.get(request.index)) is not None:
            return journey.place.name[0]
        assert request.url is not None
        return request.url.origin.name[0]
