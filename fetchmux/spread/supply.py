"""The list as a run in several processes reads it: no further than somebody asks, and never waiting for it.

Knows what is to come next and whether there is more. Must not know who fetches it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.frontier import TICK
from fetchmux.model import Request

# A long row of inputs that cannot be sent is read in turns, so that the processes are heard meanwhile.
MOST_REJECTED = 500


class Supply:
    """Requests, one after another.

    Args:
        source: yields requests, and None when there is nothing to read yet.
        reject: takes a request that cannot be sent, and why.
        failed: takes what the source raised; nothing more is read then.

    Attributes:
        again: what is to be handed out before anything else is read.
    """

    def __init__(
        self,
        source: Iterator[Request | None],
        reject: Callable[[Request, FetchError], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.again: deque[Request] = deque()
        self._source = source
        self._reject = reject
        self._failed = failed
        self._ended = self._hurried = False
        self._starved_since: float | None = None

    @property
    def exhausted(self) -> bool:
        """Everything has been handed out."""
        return self._ended and not self.again

    def end(self) -> None:
        """Read no more. May be called from a signal handler."""
        self._ended = True

    def sendable(self) -> Iterator[Request]:
        """Requests that can be sent, until there is nothing to read for now; the others are rejected."""
        self._hurried = False
        rejected = 0
        while (request := self._next()) is not None:
            if request.fault is None and request.url is not None:
                yield request
                continue
            self._reject(request, request.fault or FetchError(Code.BAD_URL, "there is no URL", Phase.INPUT))
            rejected += 1
            self._hurried = rejected == MOST_REJECTED
            if self._hurried:
                return

    def look_ahead(self, most: int) -> bool:
        """Read so many in all, as far as there are any now, to be handed out later; whether more may come."""
        while len(self.again) < most:
            request = self._pull()
            if request is None:
                return not self._ended
            self.again.append(request)
        return False

    def patience(self) -> float:
        """When to ask again, in seconds: often at first, and more seldom the longer it has been in vain."""
        if self._hurried:
            return 0.0
        if self._ended or self._starved_since is None:
            return TICK
        return min(TICK, max(0.001, (time.monotonic() - self._starved_since) / 10))

    def _next(self) -> Request | None:
        return self.again.popleft() if self.again else self._pull()

    def _pull(self) -> Request | None:
        """The next one of the list, or None: it has ended, or there is nothing to read yet."""
        if self._ended:
            return None
        try:
            request = next(self._source)
        except StopIteration:
            self._ended = True
            return None
        except Exception as failure:
            self._ended = True
            self._failed(failure)
            return None
        if request is not None:
            self._starved_since = None
        elif self._starved_since is None:
            self._starved_since = time.monotonic()
        return request
