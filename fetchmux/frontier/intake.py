"""The way in: from the input to jobs that may start, read no further ahead than a bounded queue holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Clock
from fetchmux.frontier.backlog import Backlog
from fetchmux.frontier.parking import Answer, Parking
from fetchmux.model import Job, Origin, Request

# Jobs whose names are being looked up; beyond that many the input waits.
MOST_PARKED = 4_096

# A long row of inputs that cannot be sent is read in turns, so that what is in flight is looked after meanwhile.
MOST_REJECTED = 500

Reject = Callable[[Request, FetchError, Job | None], None]


class Intake:
    """Reads requests and queues the jobs made of them.

    Args:
        source: the input; it yields None when there is nothing to read yet, and a job that has begun elsewhere.
        parking: where jobs wait for their addresses.
        lookahead: most jobs that are queued, and the most by which a job may be overtaken.
        reject: takes a request that ends here, why, and the job if one had been made of it.
        clock: seconds, monotonic.

    Attributes:
        starved_since: since when the input has had nothing to read, or None.
        hurried: reading was left off, though there is more to read.
        failure: what the input raised.
    """

    def __init__(
        self, source: Iterator[Request | Job | None], parking: Parking, lookahead: int, reject: Reject, clock: Clock
    ) -> None:
        self.starved_since: float | None = None
        self.hurried = False
        self.failure: Exception | None = None
        self._source = source
        self._parking = parking
        self._backlog = Backlog()
        self._lookahead = lookahead
        self._reject = reject
        self._clock = clock
        self._last_index = 0
        self._ended = False

    @property
    def exhausted(self) -> bool:
        """The input has ended and nothing of it waits."""
        return self._ended and not self._backlog and not self._parking

    def next(self) -> Job | None:
        """The oldest job whose address is known."""
        self._unpark()
        if self._backlog:
            return self._backlog.pop()
        while len(self._parking) < MOST_PARKED:
            job = self._pull()
            if job is None or self._located(job, self._parking.locate(job)):
                return job
        return None

    def look_ahead(self) -> None:
        """Queue one job where none is queued: then it is known whether the input has ended."""
        if not self._backlog and (job := self.next()) is not None:
            self._backlog.push(job)

    def next_for(self, origin: Origin) -> Job | None:
        """A job that can go on an open connection to `origin`, without making older jobs wait for ever."""
        backlog, parking = self._backlog, self._parking
        queued = len(backlog)
        if queued:
            if self._last_index - backlog.oldest.request.index > self._lookahead:
                return None
            job = backlog.pop_for(origin)
            if job is not None and not job.fresh:
                return job
            if job is not None:
                backlog.push_front(job)
        while queued < self._lookahead and len(parking) < MOST_PARKED:
            job = self._pull()
            if job is None or job.url.origin is origin:
                return job
            if self._located(job, parking.locate(job)):
                backlog.push(job)
                queued += 1
        return None

    def give_back(self, job: Job) -> None:
        """Queue a job again, first; one that a redirect has sent elsewhere may need another address."""
        if job.addresses or self._located(job, self._parking.locate(job)):
            self._backlog.push_front(job)

    def requeue(self, job: Job) -> None:
        """Queue a job again, last."""
        if job.addresses or self._located(job, self._parking.locate(job)):
            self._backlog.push(job)

    def end(self) -> None:
        """Read no more."""
        self._ended = True

    def clear(self) -> Iterator[Job]:
        """Give up every job that was read and has not started."""
        while self._backlog:
            yield self._backlog.pop()
        yield from self._parking.clear()

    def _pull(self) -> Job | None:
        """The next sendable request of the input, or None: it has ended, or there is nothing to read yet."""
        self.hurried = False
        rejected = 0
        while not self._ended:
            self.hurried = rejected == MOST_REJECTED
            if self.hurried:
                return None
            try:
                request = next(self._source)
            except StopIteration:
                self._ended = True
                return None
            except Exception as failure:
                self.failure = failure
                self._ended = True
                return None
            if request is None:
                self.starved_since = self.starved_since or self._clock()
                return None
            self.starved_since = None
            if isinstance(request, Job):
                return request
            self._last_index = request.index
            if request.fault is None and request.url is not None:
                return Job(request, request.url, self._clock())
            self._reject(request, request.fault or FetchError(Code.BAD_URL, "there is no URL", Phase.INPUT), None)
            rejected += 1
        return None

    def _unpark(self) -> None:
        """Queue the jobs whose names have been answered."""
        if self._parking:
            for job, found in self._parking.released():
                if self._located(job, found):
                    self._backlog.push(job)

    def _located(self, job: Job, found: Answer | None) -> bool:
        """Whether the job can start; a name that does not exist ends it."""
        if isinstance(found, tuple):
            job.addresses = found
            return True
        if found is not None:
            job.attempts += 1
            self._reject(job.request, found, job)
        return False
