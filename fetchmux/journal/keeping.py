"""A run that keeps a journal: a source that leaves out what is done, and a sink that writes down what has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from fetchmux.errors import Code, UsageError
from fetchmux.journal.book import Book, Line
from fetchmux.journal.past import State
from fetchmux.model import Request, Result
from fetchmux.sinks import Sink

# What the machine may forget when its power fails, in seconds of a run.
SYNC_EVERY = 5.0
# So many inputs are left out in one go; then whoever is in flight is looked after.
_TURN = 10_000
_CHECK = 0xFFFFFFFF


class Keeping:
    """A source of requests and a sink of their results, used together.

    Args:
        requests: the list, from its beginning, with None where there is nothing to read yet.
        sink: takes the results, but for what was cancelled: that has not ended, and is left to the next run.
        book: the journal.
        wanted: how an input stands that is not left out.
        secure: puts on the disk what the sink has written.
        clock: seconds, monotonic.

    Attributes:
        left_out: so many inputs were.
    """

    def __init__(
        self,
        requests: Iterator[Request | None],
        sink: Sink,
        book: Book,
        wanted: frozenset[State],
        secure: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.left_out = 0
        self._requests = requests
        self._sink = sink
        self._book = book
        self._wanted = wanted
        self._secure = secure
        self._clock = clock
        self._synced_at = clock()
        # The checks of what is out, by index, and lines of results that the sink may still hold back.
        self._out: dict[int, int] = {}
        self._ended: list[Line] = []

    def requests(self) -> Iterator[Request | None]:
        """What is left to do. Raises UsageError when the list is not the one that the journal was made for."""
        past = self._book.past
        # Nothing is fetched before an input behind it has shown that this is the list, where there is one that can.
        held: list[Request] = []
        count = 0
        for request in self._requests:
            if request is None:
                yield None
                continue
            count = request.index + 1
            self._verify(request)
            if past.state(request.index) in self._wanted:
                held.append(request)
            else:
                self.left_out += 1
                if not self.left_out % _TURN:
                    yield None
            if count >= len(past) or past.state(request.index) != State.UNKNOWN:
                yield from held
                held.clear()
        if count < len(past):
            raise UsageError(f"the journal was made for a longer list: it has ended after {count:,} of {len(past):,}")

    def _verify(self, request: Request) -> None:
        check = request.fingerprint() & _CHECK
        if not self._book.past.agrees(request.index, check):
            raise UsageError(
                "the journal was made for another list or other requests: "
                f"input {request.index:,} was not {request.input}"
            )
        if self._book.past.state(request.index) in self._wanted:
            self._out[request.index] = check

    def write(self, result: Result) -> None:
        check = self._out.pop(result.index)
        code = None if result.error is None else result.error.code
        if code is not Code.CANCELLED:
            self._sink.write(result)
            self._ended.append(Line(result.index, f"{check:08x}", result.ok, result.status, code))

    def flush(self) -> None:
        self._sink.flush()
        if self._ended:
            self._book.add(self._ended)
            self._ended.clear()
            if self._clock() - self._synced_at >= SYNC_EVERY:
                self.sync()

    def sync(self) -> None:
        """Put all on the disk: the records first."""
        self._secure()
        self._book.sync()
        self._synced_at = self._clock()
