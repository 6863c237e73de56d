"""The frontier: which exchange starts next, and what follows from one that has ended.

Knows the window and what is in flight. Must not know how a strategy waits, nor read a clock of its own. Everything it
holds is bounded, so that an endless input runs in constant memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Carried, Clock, Exchange
from fetchmux.frontier import outcome
from fetchmux.frontier.admission import Admission
from fetchmux.frontier.ending import Ending
from fetchmux.frontier.intake import Intake
from fetchmux.frontier.outlet import Outlet, Output
from fetchmux.frontier.parking import Lookup, Parking
from fetchmux.frontier.sequel import AT_ONCE, Confirmed, Sequels
from fetchmux.frontier.window import Window
from fetchmux.http.request import RequestBuilder
from fetchmux.inputs.urls import Logins
from fetchmux.model import CookieKeeper, Headers, Job, Request, Store
from fetchmux.policy.expectations import expected
from fetchmux.settings import Options

# The heartbeat: no strategy sleeps longer before it asks again and looks for deadlines, in seconds.
TICK = 0.05
# And where there is nothing to wait for none shorter, lest one that has still to clear up burns its core.
SOON = 0.001
# Jobs that limits of pace or of hosts may hold back; beyond that many the input waits.
MOST_HELD = 4_096
# While other addresses remain, one has this share of the time for connecting.
HASTE = 0.25
_CANCELLED = FetchError(Code.CANCELLED, "the run was cancelled before this was sent", Phase.INPUT)


class Reach(Lookup, Protocol):
    """The ways to the hosts."""

    def wrap(self, exchange: Exchange, predecessor: Carried | None) -> Carried:
        """What a strategy carries: the exchange in TLS, in a tunnel, or itself; on its predecessor's connection."""
        ...


class Frontier:
    """Between an input and a strategy.

    Args:
        source: the input; it yields None when there is nothing to read yet, and a job that has begun elsewhere.
        options: the limits.
        reach: looks addresses up and wraps exchanges in what leads to their hosts; never waits.
        builder: makes request bytes.
        output: takes each result once, in the order in which they end.
        open_store: makes the place where one attempt's body goes.
        notice: takes a sentence for the user.
        clock: seconds, monotonic; calendar: seconds since the epoch; chance: uniform between 0 and 1.
        logins: the credentials of hosts that redirects lead to.
        elsewhere: takes a job over after a redirect, for another run to go on with it; False: it stays.
        confirmed: whether a 304 speaks of what was saved before, which is still there.
        backend: the strategy's name, for the records.

    Attributes:
        failure: what the input or the output raised, which the caller raises. The run was then cancelled, unless only
            the rest of the input could not be read.
    """

    def __init__(
        self,
        source: Iterator[Request | Job | None],
        options: Options,
        *,
        reach: Reach,
        builder: RequestBuilder,
        output: Output,
        open_store: Callable[[Request], Store | None],
        notice: Callable[[str], None],
        clock: Clock,
        chance: Callable[[], float],
        calendar: Callable[[], float],
        logins: Logins | None = None,
        elsewhere: Callable[[Job], bool] | None = None,
        confirmed: Confirmed | None = None,
        backend: str,
    ) -> None:
        self.failure: Exception | None = None
        self._options = options
        self._builder = builder
        self._open_store = open_store
        self._reach = reach
        self._clock = clock
        self._elsewhere = elsewhere
        self._backend = backend
        self._expected = expected(options)
        self._live: set[Carried] = set()
        lookahead = max(2 * options.concurrency, 256)
        self._parking = Parking(reach, options.connect_timeout, clock)
        self._intake = Intake(source, self._parking, lookahead, self._unsendable, clock)
        self._admission = Admission(self._intake, options, max(lookahead, MOST_HELD), clock)
        self._sequels = Sequels(options, chance, calendar, logins, confirmed)
        self._outlet = Outlet(output, self._give_up)
        self._cancelled = False
        self._ending = Ending(None if options.deadline is None else clock() + options.deadline)
        self._window = Window(options.concurrency, options.connect_timeout, notice)

    # What a strategy may call

    def take(self) -> Carried | None:
        """An exchange that may start now, or None."""
        window = self._window
        if len(self._live) >= window.size or self._ending.stopped:
            return None
        if window.opens_at and self._clock() < window.opens_at:
            return None
        while (job := self._checked(self._admission.next())) is not None:
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
        origin = exchange.job.url.origin
        self._admission.leave(exchange.job)
        if not self._goes_on(exchange):
            self._outlet.emit(outcome.of_exchange(exchange, self._backend, self._expected))
        # After narrowing, a slot too many ends here.
        if self._ending.stopped or len(self._live) >= self._window.size or not carried.reusable:
            return None
        job = self._checked(self._admission.next_for(origin))
        return None if job is None else self._begin(job, carried)

    def timeout(self) -> float:
        """Sleep at most so many seconds before asking `take` again. Called before each sleep: results go out here."""
        now = self._clock()
        if len(self._live) > 1:
            self._outlet.flush_if_due(now)
        else:
            # What is in flight now may be waited for alone, and for long.
            self._outlet.flush()
        if self._cancelled or self._ending.come(now):
            # Again, for an exchange whose deadline was being written while the signal came.
            self.cancel()
        if len(self._live) >= self._window.size:
            return TICK
        if now < self._window.opens_at:
            return min(TICK, self._window.opens_at - now)
        if self._intake.hurried:
            return 0.0
        if self.exhausted:
            return SOON
        longest = min(TICK, self._admission.wait(now))
        if self._parking:
            longest = min(longest, _patience(now, self._parking.since))
        if self._intake.starved_since is not None:
            longest = min(longest, _patience(now, self._intake.starved_since))
        return longest

    @property
    def exhausted(self) -> bool:
        """Nothing is in flight and nothing is left to start."""
        return not self._live and (self._ending.stopped or self._admission.exhausted)

    @property
    def overdue(self) -> bool:
        """The run's deadline has ended it."""
        return self._ending.overdue

    # What the session calls

    @property
    def in_flight(self) -> int:
        """How many exchanges a strategy holds now."""
        return len(self._live)

    def exchanges(self) -> list[Exchange]:
        """What a strategy holds now. Takes no lock: a signal handler may call it."""
        return [carried.core for carried in list(self._live)]

    def stop(self) -> None:
        """Start nothing more, and soon end what is in flight. Takes no lock: a signal handler may call it."""
        self._ending.stop(self._clock(), self._options.grace)
        self._intake.end()

    def expire(self) -> None:
        """The run's time is over. Takes no lock: a signal handler may call it."""
        self._ending.overdue = True
        self.cancel()

    def cancel(self) -> None:
        """Start nothing more and end what is in flight. Takes no lock: a signal handler may call it."""
        self._cancelled = self._ending.stopped = True
        # Also for a signal that comes while a long row of bad inputs is being read.
        self._intake.end()
        for exchange in list(self._live):
            exchange.cancel()

    @property
    def window(self) -> int:
        """Most exchanges in flight; fewer than asked for when descriptors have run out."""
        return self._window.size

    def narrow(self, window: int, reason: str) -> None:
        """Let at most `window` exchanges be in flight from now on; the first time, tell the user why."""
        self._window.narrow(window, reason)

    def close(self) -> None:
        """The strategy has returned or was interrupted: whatever was read and did not end gets its record now."""
        self._cancelled = self._ending.stopped = True
        for exchange in list(self._live):
            exchange.cancel()
            exchange.fail(_CANCELLED)
            self.settle(exchange)
        for job in self._admission.clear():
            self._reject(job.request, _CANCELLED, job)
        self._outlet.flush()

    # From a job to an exchange and back

    def _checked(self, job: Job | None) -> Job | None:
        """A job that was read, unless the run was over meanwhile."""
        if job is None:
            if self._intake.failure is not None and self.failure is None:
                self._end_of_input(self._intake.failure)
        elif self._ending.stopped:
            self._intake.give_back(job)
            return None
        return job

    def _begin(self, job: Job, predecessor: Carried | None = None) -> Carried | None:
        """Start an attempt, on the connection of `predecessor` if there is one."""
        if job.setback is not None and (late := self._sequels.too_late(job, self._clock())) is not None:
            self._admission.leave(job)
            self._reject(job.request, late, job)
            return None
        try:
            headers = job.headers if job.cookies is None else self._with_cookies(job, job.cookies)
            outgoing = self._builder.build(job.url, job.method, headers, job.body)
        except FetchError as error:
            self._admission.leave(job)
            self._reject(job.request, error, job)
            return None
        job.attempts += 1
        if self._options.archive:
            job.sent = outgoing
        exchange = Exchange(
            job,
            # On a kept connection the job needs no addresses. If it turns out dead, they are looked up then: those of
            # the predecessor's job may be another host's, where a redirect has sent it.
            job.addresses[job.turn] if predecessor is None else predecessor.address,
            outgoing,
            self._open_store(job.request),
            self._options,
            self._clock,
            reused=predecessor is not None,
        )
        try:
            carried = self._reach.wrap(exchange, predecessor)
        except FetchError as error:
            if exchange.store is not None:
                exchange.store.drop()
            self._admission.leave(job)
            self._reject(job.request, error, job)
            return None
        if predecessor is None and job.turn + 1 < len(job.addresses):
            haste = exchange.started_at + HASTE * self._options.connect_timeout
            exchange.deadline = min(exchange.deadline, haste)
        self._live.add(carried)
        if self._cancelled:
            carried.cancel()
        return carried

    def _with_cookies(self, job: Job, cookies: CookieKeeper) -> Headers:
        """The user's fields, with the cookies that hops have set."""
        from fetchmux.policy.cookies import with_cookies

        return with_cookies(job.headers, cookies.give(job.url.text))

    def _goes_on(self, exchange: Exchange) -> bool:
        """Whether the job of an ended attempt has another one before it, and was queued for that."""
        if not exchange.scarce:
            self._window.sufficed()
        if self._cancelled or self._sequels.none_after(exchange):
            return False
        now = self._clock()
        if exchange.scarce:
            reason = exchange.error.message if exchange.error else ""
            if not self._window.ran_out(len(self._live), now, reason):
                return False
            exchange.job.attempts -= 1
            self._intake.give_back(exchange.job)
        elif not self._queue_sequel(exchange, now):
            return False
        if exchange.store is not None:
            exchange.store.drop()
        return True

    def _queue_sequel(self, exchange: Exchange, now: float) -> bool:
        """Whether the job was queued for another attempt, by what its server or its failure asks for."""
        job = exchange.job
        # A redirect takes the job elsewhere.
        host = job.url.origin.name[0]
        sequel = self._sequels.after(exchange, now)
        hush = self._sequels.hush(exchange)
        if hush:
            self._admission.pause(host, now + hush)
        if sequel is None:
            return False
        if self._ending.stopped:
            if exchange.error is None and sequel is AT_ONCE:
                message = "the run was stopped before this reply was followed up"
                exchange.error = FetchError(Code.CANCELLED, message, Phase.HEAD)
            return False
        if sequel.after is None:
            # Only a redirect leaves it without addresses.
            if job.addresses or self._elsewhere is None or not self._elsewhere(job):
                self._intake.give_back(job)
        else:
            self._admission.postpone(job, now + sequel.after)
        return True

    def _unsendable(self, request: Request, error: FetchError, job: Job | None) -> None:
        """What the way in has found: an input that cannot be sent, or one whose name may have an address later."""
        sequel = None
        if job is not None and not self._ending.stopped:
            now = self._clock()
            sequel = self._sequels.after_lookup(job, error, now)
        if job is None or sequel is None or sequel.after is None:
            self._reject(request, error, job)
        else:
            self._admission.postpone(job, now + sequel.after)

    def _reject(self, request: Request, error: FetchError, job: Job | None) -> None:
        """The end of an input without an exchange."""
        self._outlet.emit(outcome.of_request(request, error, self._backend, job))

    def _end_of_input(self, failure: Exception) -> None:
        """The input is broken. What was read of a file that cannot be read any further is fetched nevertheless."""
        if isinstance(failure, OSError):
            self.failure = failure
        else:
            self._give_up(failure)

    def _give_up(self, failure: Exception) -> None:
        """The input or the output makes no sense any more: end the run."""
        self.failure = self.failure or failure
        self.cancel()


def _patience(now: float, since: float) -> float:
    """Ask often at first, and more seldom the longer it has been in vain."""
    return min(TICK, max(SOON, (now - since) / 10))
