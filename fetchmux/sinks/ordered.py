"""Records in the order of the list, though they end in any: what ends early waits here.

What waits is bounded, not by dropping anything but by reading the list no further: as long as its oldest request has
not ended, only so many younger ones are handed out. That one is on its way, so it never waits for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from fetchmux.model import Request, Result
from fetchmux.sinks import Sink

# So many bytes of bodies may wait for an older result; beyond that the list waits.
MOST_BYTES = 64 * 1024 * 1024
# So many requests, as a multiple of the window, may be out; at least so many.
_OUT = 8
_LEAST_OUT = 1_024


def room(concurrency: int) -> int:
    """How many requests may be out that have no written record, where so many are in flight at once."""
    return max(_LEAST_OUT, _OUT * concurrency)


class Ordered:
    """A source of requests and a sink of their results, used together.

    Args:
        requests: the list, with None where there is nothing to read yet.
        sink: takes the results, in the order of the requests.
        most: so many requests that have no written record may be out.
    """

    def __init__(self, requests: Iterator[Request | None], sink: Sink, most: int) -> None:
        self._requests = requests
        self._sink = sink
        self._most = most
        # Indexes of what is out, oldest first, and what has ended out of its turn.
        self._out: deque[int] = deque()
        self._early: dict[int, Result] = {}
        self._bytes = 0

    def requests(self) -> Iterator[Request | None]:
        """The list; None, too, while the oldest one is waited for."""
        while True:
            if len(self._out) >= self._most or self._bytes >= MOST_BYTES:
                yield None
                continue
            request = next(self._requests, _END)
            if isinstance(request, _End):
                return
            if request is not None:
                self._out.append(request.index)
            yield request

    def write(self, result: Result) -> None:
        out, early = self._out, self._early
        early[result.index] = result
        self._bytes += len(result.body or b"")
        while out and out[0] in early:
            oldest = early.pop(out.popleft())
            self._bytes -= len(oldest.body or b"")
            self._sink.write(oldest)

    def flush(self) -> None:
        self._sink.flush()


class _End:
    """The end of the list, which is not None: that means that there is nothing to read yet."""


_END = _End()
