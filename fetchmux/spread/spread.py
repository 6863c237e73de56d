"""A run in several processes: this one reads the list and writes the results, the others fetch.

Knows who owes what. It has the surface of a session, so that whoever runs one need not know which it is.
"""

from __future__ import annotations

import itertools
import select
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from fetchmux.backends import registry
from fetchmux.errors import Code, FetchError, Phase, UsageError
from fetchmux.frontier import TICK, outcome
from fetchmux.frontier.ending import Ending
from fetchmux.model import Request
from fetchmux.session import Counted, Slot, Tally
from fetchmux.settings import Network, Options
from fetchmux.sinks import Sink
from fetchmux.spread import words
from fetchmux.spread.division import SAMPLE, Anywhere, Homes, divide, is_limited
from fetchmux.spread.words import Charge, Kind
from fetchmux.spread.worker import Worker

# Requests that wait here for a process that has its hands full; beyond that many the list waits.
MOST_HELD = 4_096


class Division(Protocol):
    """Who fetches what."""

    def place(self, host: str, loads: list[int]) -> int:
        """The process for a request to `host`, `loads` being what each has to do."""
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
        self._source = source
        self._options = options
        self._output = Counted(sink)
        self.tally = self._output.tally
        self._count = processes
        self._backend = backend
        self._network = network
        self._notice = notice
        self._noticed: set[str] = set()
        self._workers: list[Worker] = []
        self._charges: list[Charge] = []
        self._division: Division = Anywhere()
        self._read_all = False
        self._starved_since: float | None = None
        self._ending = Ending(None if options.deadline is None else time.monotonic() + options.deadline)
        self._cancelled = False
        self._told_to_stop = self._told_to_cancel = False

    @property
    def in_flight(self) -> int:
        """How many requests are under way, at most."""
        return sum(min(len(worker.owed), worker.room // 2) for worker in self._workers)

    @property
    def overdue(self) -> bool:
        """The run's deadline has ended it."""
        return self._ending.overdue

    def slots(self) -> list[Slot]:
        """What the processes owe; what each request waits for only they know. A signal handler may call it."""
        return [
            Slot(request.url.text, f"process {number}", None)
            for number, worker in enumerate(list(self._workers), 1)
            for request in list(worker.owed.values())
            if request.url is not None
        ]

    def stop(self) -> None:
        """Start nothing more, and let what is in flight end, for a while. May be called from a signal handler."""
        self._ending.stop(time.monotonic(), self._options.grace)

    def expire(self) -> None:
        """End the run because its time is over. May be called from a signal handler."""
        self._ending.overdue = True
        self.cancel()

    def cancel(self) -> None:
        """End the run soon; what is in flight becomes `cancelled`. May be called from a signal handler."""
        self._cancelled = True

    def run(self) -> Tally:
        """Fetch until the list ends or `cancel` is called.

        Raises what the input or the sink raised, and UsageError for what the processes cannot begin with.
        """
        try:
            self._begin()
            while self._goes_on():
                self._read()
                self._sleep()
            self._output.flush()
        finally:
            for worker in self._workers:
                worker.close()
        return self.tally

    def _begin(self) -> None:
        """Look at the beginning of the list, divide, and start the processes."""
        sample: list[Request] = []
        even = not is_limited(self._options)
        if not even:
            sample = list(itertools.islice(self._sendable(), SAMPLE))
            even = len({_host(request) for request in sample}) <= 1
        if not even:
            self._division = Homes()
        # The deadline is looked after here.
        whole = msgspec.structs.replace(self._options, deadline=None)
        self._charges = [
            Charge(self._backend, options, self._network) for options in divide(whole, self._count, hosts=even)
        ]
        self._workers = [Worker(charge) for charge in self._charges]
        for request in sample:
            self._assign(request)

    def _goes_on(self) -> bool:
        """Whether somebody still has something to do."""
        self._cancelled |= self._ending.come(time.monotonic())
        if (self._cancelled or self._ending.stopped) and not self._told_to_stop:
            self._told_to_stop = self._read_all = True
            for worker in self._workers:
                worker.stop()
                self._end_all(worker.held, FetchError(Code.CANCELLED, "the run was cancelled before this was sent"))
                worker.held.clear()
        if self._cancelled and not self._told_to_cancel:
            self._told_to_cancel = True
            for worker in self._workers:
                worker.cancel()
        return not self._read_all or any(worker.load or not worker.ended for worker in self._workers)

    def _read(self) -> None:
        """Take from the list what there is room for."""
        if not self._read_all and self._has_room():
            for request in self._sendable():
                self._assign(request)
                if not self._has_room():
                    break
        for worker in self._workers:
            worker.hand_over()
            if self._read_all and not worker.held:
                worker.close_list()
            else:
                worker.push()

    def _has_room(self) -> bool:
        """Somebody can take more, and not too much is held for others."""
        free = any(len(worker.owed) + len(worker.held) < worker.room for worker in self._workers)
        return free and sum(len(worker.held) for worker in self._workers) < MOST_HELD

    def _sendable(self) -> Iterator[Request]:
        """Requests that can be sent, until there is nothing to read for now; the others end here."""
        for request in self._source:
            if request is None:
                self._starved_since = self._starved_since or time.monotonic()
                return
            self._starved_since = None
            if request.fault is None and request.url is not None:
                yield request
            else:
                self._end_all([request], request.fault or FetchError(Code.BAD_URL, "there is no URL", Phase.INPUT))
            if self._cancelled or self._ending.stopped:
                return
        self._starved_since, self._read_all = None, True

    def _assign(self, request: Request) -> None:
        loads = [worker.load for worker in self._workers]
        self._workers[self._division.place(_host(request), loads)].held.append(request)

    def _sleep(self) -> None:
        """Wait until a process says something or takes more; results go out before."""
        self._output.flush()
        poller = select.poll()
        alive = {worker.sock.fileno(): worker for worker in self._workers if not worker.ended}
        for fd, worker in alive.items():
            poller.register(fd, select.POLLIN | (select.POLLOUT if worker.talking else 0))
        for fd, events in poller.poll(self._patience() * 1000):
            worker = alive[fd]
            if events & select.POLLOUT:
                worker.push()
            if events & ~select.POLLOUT:
                self._hear(worker)

    def _patience(self) -> float:
        """Ask a list that pauses often at first, and more seldom the longer it has been in vain. In seconds."""
        if self._starved_since is None:
            return TICK
        return min(TICK, max(0.001, (time.monotonic() - self._starved_since) / 10))

    def _hear(self, worker: Worker) -> None:
        """Take what a process has to say."""
        for kind, content in worker.listen():
            if kind is Kind.RESULTS:
                for result in words.decode_results(content):
                    worker.owed.pop(result.index, None)
                    worker.answered += 1
                    self._output.write(result)
            elif kind is Kind.REFUSAL:
                raise UsageError(words.decode_text(content))
            elif (sentence := words.decode_text(content)) not in self._noticed:
                self._noticed.add(sentence)
                self._notice(sentence)
        if worker.ended and (worker.load or not self._read_all):
            self._lost(worker)

    def _lost(self, worker: Worker) -> None:
        """A process has ended that still had something to do: what it owed ends with it, another takes its place.

        What it owed may have been sent, so nobody repeats it.
        """
        words_of_it = worker.last_words()
        stopped = self._cancelled or self._ending.stopped
        code = Code.CANCELLED if stopped else Code.INTERNAL
        message = "the run was cancelled" if stopped else f"the process that fetched it {words_of_it}"
        self._end_all(worker.owed.values(), FetchError(code, message, Phase.SEND))
        worker.owed.clear()
        if stopped or (self._read_all and not worker.held):
            return
        if not worker.answered:
            raise RuntimeError(f"a process of the run {words_of_it} before it had fetched anything")
        place = self._workers.index(worker)
        worker.close()
        successor = self._workers[place] = Worker(self._charges[place])
        successor.held = worker.held

    def _end_all(self, requests: Iterable[Request], error: FetchError) -> None:
        """Records of requests that no process answers for."""
        for request in list(requests):
            self._output.write(outcome.of_request(request, error, self._backend))


def _host(request: Request) -> str:
    assert request.url is not None
    return request.url.origin.name[0]
