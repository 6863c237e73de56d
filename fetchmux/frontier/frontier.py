"""The frontier: which exchange starts next, and what follows from one that has ended.

Knows the input, the window, the names being looked up and where results go. Must not know how a strategy waits, nor
read a clock of its own. Everything it holds is bounded, so that an endless input runs in constant memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Carried, Clock, Exchange
from fetchmux.frontier import outcome
from fetchmux.frontier.backlog import Backlog
from fetchmux.http.request import RequestBuilder
from fetchmux.model import Address, Job, Name, Options, Origin, Request, Result, Store

# The heartbeat: no strategy sleeps longer before it asks again and looks for deadlines, in seconds.
TICK = 0.05
# How long finished results may wait to be written together, in seconds.
FLUSH_EVERY = 0.01
# Jobs whose names are being looked up; beyond that many the input waits.
MOST_PARKED = 4_096
_CANCELLED = FetchError(Code.CANCELLED, "the run was cancelled before this was sent", Phase.INPUT)


class Lookup(Protocol):
    """Names to addresses, without waiting."""

    answered: deque[Name]

    def lookup(self, name: Name) -> tuple[Address, ...] | FetchError | None:
        """The addresses of a name, why there are none, or None while the question is open.

        A name that was open is appended to `answered` once its answer is known.
        """
        ...


class Output(Protocol):
    """Where results go."""

    def write(self, result: Result) -> None: ...

    def flush(self) -> None: ...


class Frontier:
    """Between an input and a strategy.

    Args:
        source: the input; it yields None when there is nothing to read yet.
        options: the limits.
        names: looks addresses up; never waits.
        builder: makes request bytes.
        output: takes each result once, in the order in which they end.
        open_store: makes the place where one attempt's body goes.
        secure: wraps an exchange in TLS, on the channel of its predecessor on the same socket if there is one.
        notice: takes a sentence for the user.
        clock: seconds, monotonic.
        backend: the strategy's name, for the records.

    Attributes:
        window: most exchanges in flight; narrower than asked for when descriptors run out.
        failure: what the input or the output raised. The run was then cancelled; the caller raises it.
    """

    def __init__(
        self,
        source: Iterator[Request | None],
        options: Options,
        *,
        names: Lookup,
        builder: RequestBuilder,
        output: Output,
        open_store: Callable[[], Store | None],
        secure: Callable[[Exchange, Carried | None], Carried],
        notice: Callable[[str], None],
        clock: Clock,
        backend: str,
    ) -> None:
        self.window = options.concurrency
        self.failure: Exception | None = None
        self._source = source
        self._options = options
        self._names = names
        self._builder = builder
        self._output = output
        self._open_store = open_store
        self._secure = secure
        self._notice = notice
        self._clock = clock
        self._backend = backend
        self._live: set[Carried] = set()
        self._backlog = Backlog()
        self._parked: dict[Name, list[Job]] = {}
        self._parked_count = 0
        self._lookahead = max(2 * options.concurrency, 256)
        self._last_index = 0
        self._ended = False
        self._cancelled = False
        self._starved_since: float | None = None
        self._not_before = 0.0
        self._flushed_at = 0.0
        self._narrowed = False

    # What a strategy may call

    def take(self) -> Carried | None:
        """An exchange that may start now, or None."""
        if len(self._live) >= self.window or self._cancelled:
            return None
        if self._not_before and self._clock() < self._not_before:
            return None
        while (job := self._next_job()) is not None:
            exchange = self._begin(job)
            if exchange is not None:
                return exchange
        return None

    def settle(self, carried: Carried) -> Carried | None:
        """Hand in an exchange that is done; get the next one for the same open socket, or None: close the socket.

        Never raises for what an input, an output or a peer did.
        """
        self._live.discard(carried)
        exchange = carried.core
        if exchange.error is not None and self._begin_again(exchange):
            return None
        self._emit(outcome.of_exchange(exchange, self._backend, fail=self._options.fail))
        # After narrowing, a slot too many ends here.
        if self._cancelled or len(self._live) >= self.window or not carried.reusable:
            return None
        job = self._next_job_for(exchange.job.url.origin)
        return None if job is None else self._begin(job, carried)

    def timeout(self) -> float:
        """Sleep at most so many seconds before asking `take` again. Called before each sleep: results go out here."""
        now = self._clock()
        if now - self._flushed_at >= FLUSH_EVERY:
            self._flushed_at = now
            self._guard(self._output.flush)
        if self._cancelled:
            # Again, for an exchange whose deadline was being written while the signal came.
            self.cancel()
        if self._parked_count:
            return self._patience(now, self._longest_parked().arrived)
        if self._starved_since is not None and len(self._live) < self.window:
            return self._patience(now, self._starved_since)
        return TICK

    @property
    def exhausted(self) -> bool:
        """Nothing is in flight and nothing is left to start."""
        if self._live:
            return False
        return self._cancelled or (self._ended and not self._backlog and not self._parked_count)

    # What the session calls

    @property
    def in_flight(self) -> int:
        """How many exchanges a strategy holds now."""
        return len(self._live)

    def cancel(self) -> None:
        """Start nothing more and end what is in flight. Takes no lock: a signal handler may call it."""
        self._cancelled = True
        for exchange in list(self._live):
            exchange.cancel()

    def narrow(self, window: int, reason: str) -> None:
        """Let at most `window` exchanges be in flight from now on; the first time, tell the user why."""
        self.window = max(1, min(self.window, window))
        if not self._narrowed:
            self._narrowed = True
            self._notice(f"the window is narrowed to {self.window:,}: {reason}")

    def close(self) -> None:
        """The strategy has returned or was interrupted: whatever was read and did not end gets its record now."""
        for exchange in list(self._live):
            exchange.cancel()
            exchange.fail(_CANCELLED)
            self.settle(exchange)
        while self._backlog:
            self._reject(self._backlog.pop().request, _CANCELLED)
        for jobs in self._parked.values():
            for job in jobs:
                self._reject(job.request, _CANCELLED)
        self._parked.clear()
        self._parked_count = 0
        self._guard(self._output.flush)

    # From the input to a job

    def _next_job(self) -> Job | None:
        """The oldest job whose address is known."""
        self._unpark()
        if self._backlog:
            return self._backlog.pop()
        while self._parked_count < MOST_PARKED:
            job = self._pull()
            if job is None or self._located(job):
                return job
        return None

    def _next_job_for(self, origin: Origin) -> Job | None:
        """A job that can go on an open connection to `origin`, without making older jobs wait for ever."""
        oldest = self._backlog.oldest
        if oldest is not None and self._last_index - oldest.request.index > self._lookahead:
            return None
        job = self._backlog.pop_for(origin)
        if job is not None and not job.fresh:
            return job
        if job is not None:
            self._backlog.push_front(job)
        while len(self._backlog) < self._lookahead and self._parked_count < MOST_PARKED:
            job = self._pull()
            if job is None or job.url.origin is origin:
                return job
            if self._located(job):
                self._backlog.push(job)
        return None

    def _pull(self) -> Job | None:
        """The next sendable request of the input, or None: it has ended, or there is nothing to read yet."""
        while not self._ended:
            try:
                request = next(self._source)
            except StopIteration:
                self._ended = True
                return None
            except Exception as failure:
                self._give_up(failure)
                return None
            if request is None:
                self._starved_since = self._starved_since or self._clock()
                return None
            self._starved_since = None
            self._last_index = request.index
            if request.fault is None and request.url is not None:
                return Job(request, request.url, self._clock())
            self._reject(request, request.fault or FetchError(Code.BAD_URL, "there is no URL", Phase.INPUT))
        return None

    def _located(self, job: Job) -> bool:
        """Whether the address is known; if not, the job is parked, or rejected when there is none."""
        name = job.url.origin.name
        found = self._names.lookup(name)
        if isinstance(found, tuple):
            job.addresses = found
            return True
        if found is None:
            self._parked.setdefault(name, []).append(job)
            self._parked_count += 1
        else:
            self._reject(job.request, found, attempts=1)
        return False

    def _unpark(self) -> None:
        """Move the jobs whose names have been answered into the backlog, oldest first."""
        if not self._parked_count:
            return
        now = self._clock()
        answered = self._names.answered
        while answered:
            self._release(answered.popleft(), now)
        while self._parked_count and now - (oldest := self._longest_parked()).arrived >= self._options.connect_timeout:
            self._release(oldest.url.origin.name, now)

    def _release(self, name: Name, now: float) -> None:
        found = self._names.lookup(name) or self._unanswered()
        for job in self._parked.pop(name, ()):
            self._parked_count -= 1
            job.resolved = now
            if isinstance(found, tuple):
                job.addresses = found
                self._backlog.push(job)
            else:
                self._reject(job.request, found, attempts=1)

    def _longest_parked(self) -> Job:
        """Names are asked in the order of their first jobs, so the first list begins with the oldest."""
        return next(iter(self._parked.values()))[0]

    def _unanswered(self) -> FetchError:
        message = f"the name was not resolved within {self._options.connect_timeout:g} s"
        return FetchError(Code.TIMEOUT, message, Phase.RESOLVE)

    # From a job to an exchange and back

    def _begin(self, job: Job, predecessor: Carried | None = None) -> Carried | None:
        """Start an attempt, on the connection of `predecessor` if there is one."""
        request = job.request
        try:
            outgoing = self._builder.build(job.url, request.method, request.headers, request.body)
        except FetchError as error:
            self._reject(request, error)
            return None
        job.attempts += 1
        if predecessor is not None:
            job.addresses = predecessor.core.job.addresses
        exchange = Exchange(
            job,
            job.addresses[0] if predecessor is None else predecessor.address,
            outgoing,
            self._open_store(),
            self._options,
            self._clock,
            reused=predecessor is not None,
        )
        carried = self._secure(exchange, predecessor) if job.url.origin.scheme == "https" else exchange
        self._live.add(carried)
        if self._cancelled:
            carried.cancel()
        return carried

    def _begin_again(self, exchange: Exchange) -> bool:
        """Whether a failed attempt is no fault of its input and the job was queued again."""
        if self._cancelled:
            return False
        job = exchange.job
        if exchange.scarce:
            job.attempts -= 1
            if not self._endure(exchange):
                return False
        elif exchange.reused and not exchange.collector.wire_size and exchange.error is not None:
            # The server closed an idle connection while the request was on its way: that is not an attempt.
            if exchange.error.code not in (Code.EMPTY_REPLY, Code.CONNECTION_LOST):
                return False
            job.attempts -= 1
            job.fresh = True
        else:
            return False
        if exchange.store is not None:
            exchange.store.drop()
        self._backlog.push_front(job)
        return True

    def _endure(self, exchange: Exchange) -> bool:
        """Descriptors ran out: make do with fewer. False when even one was too many for too long."""
        now = self._clock()
        if not self._live and now - exchange.job.arrived > self._options.connect_timeout:
            return False
        # Whoever holds the missing descriptors needs a moment to let go of them.
        self._not_before = now + TICK
        self.narrow(len(self._live), exchange.error.message if exchange.error else "")
        return True

    # To the output

    def _reject(self, request: Request, error: FetchError, attempts: int = 0) -> None:
        self._emit(outcome.of_request(request, error, self._backend, attempts=attempts))

    def _emit(self, result: Result) -> None:
        if self.failure is None:
            try:
                self._output.write(result)
            except Exception as failure:
                self._give_up(failure)

    def _guard(self, call: Callable[[], None]) -> None:
        if self.failure is None:
            try:
                call()
            except Exception as failure:
                self._give_up(failure)

    def _give_up(self, failure: Exception) -> None:
        self.failure = failure
        self._ended = True
        self.cancel()

    @staticmethod
    def _patience(now: float, since: float) -> float:
        """Ask often at first and more seldom the longer it has been in vain."""
        return min(TICK, max(0.001, (now - since) / 10))
