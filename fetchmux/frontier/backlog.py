"""Jobs that were read from the input and wait for a slot, by age and by origin, each in constant time."""

from __future__ import annotations

from collections import OrderedDict, deque

from fetchmux.model import Job, Origin


class Backlog:
    """A queue with two ends to take from: the oldest job of all, and the oldest one of an origin."""

    def __init__(self) -> None:
        self._order: OrderedDict[Job, None] = OrderedDict()
        self._by_origin: dict[Origin, deque[Job]] = {}

    def __len__(self) -> int:
        return len(self._order)

    @property
    def oldest(self) -> Job:
        """The job that `pop` would return. Raises StopIteration when there is none."""
        return next(iter(self._order))

    def push(self, job: Job) -> None:
        """Add a job at the back."""
        self._order[job] = None
        self._by_origin.setdefault(job.url.origin, deque()).append(job)

    def push_front(self, job: Job) -> None:
        """Give back a job that could not start."""
        self._order[job] = None
        self._order.move_to_end(job, last=False)
        self._by_origin.setdefault(job.url.origin, deque()).appendleft(job)

    def pop(self) -> Job:
        """Take the oldest job. Raises KeyError when there is none."""
        # The oldest of all is also the first of its origin: both queues are in the same order.
        job, _ = self._order.popitem(last=False)
        self._drop_first(job.url.origin)
        return job

    def pop_for(self, origin: Origin) -> Job | None:
        """Take the oldest job of `origin`, or None when there is none."""
        waiting = self._by_origin.get(origin)
        if waiting is None:
            return None
        job = waiting[0]
        del self._order[job]
        self._drop_first(origin)
        return job

    def _drop_first(self, origin: Origin) -> None:
        waiting = self._by_origin[origin]
        waiting.popleft()
        if not waiting:
            del self._by_origin[origin]
