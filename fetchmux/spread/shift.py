"""What a process does that fetches: orders in, results out, a session in between."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Iterator

from fetchmux.errors import UsageError
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Job, Request, Result
from fetchmux.session import Session
from fetchmux.spread import words
from fetchmux.spread.words import Frames, Kind

_BLOCK = 64 * 1024
# Results with bodies are sent on before they have gathered to more than this.
_MOST_BYTES = 256 * 1024
# How often a report may come that has no results in it, in seconds.
_LULL = 0.01


class Shift:
    """One process's part of a run. Raises nothing that its parent is to know: that is told over the socket.

    Args:
        fd: this end of the socket.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._frames = Frames()
        self._charge: words.Charge | None = None
        self._waiting: list[words.Order] = []
        self._ended = False
        self._requests = words.Requests()
        self._urls = UrlReader()
        self._session: Session | None = None
        self._cancelled = False
        self._reports = Reports(fd)

    def work(self) -> None:
        """Fetch until the orders end, or until nobody is there who wants to know."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._work()

    def _work(self) -> None:
        self._reports.send(Kind.HERE, None)
        while self._charge is None and not self._ended:
            self._read()
        charge = self._charge
        if charge is None:
            return
        try:
            session = Session(
                self._orders(), charge.options, self._reports, backend=charge.backend, network=charge.network,
                notice=self._reports.notice, elsewhere=self._passes if charge.homes else None,
            )  # fmt: skip
        except UsageError as error:
            self._reports.send(Kind.REFUSAL, str(error))
            return
        self._reports.send(Kind.READY, None)
        self._session = self._reports.session = session
        if self._cancelled:
            session.cancel()
        session.run()
        self._reports.flush()

    def stop(self) -> None:
        """Start nothing more. May be called from a signal handler."""
        if self._session is None:
            self._cancelled = True
        else:
            self._session.stop()

    def cancel(self) -> None:
        """End soon. May be called from a signal handler."""
        self._cancelled = True
        if self._session is not None:
            self._session.cancel()

    def _passes(self, job: Job) -> bool:
        """Pass a job on that was led to another host, which may belong to another process."""
        if self._urls.read(job.hops[-1].url).origin.name[0] == job.url.origin.name[0]:
            return False
        self._reports.passed.append((job.request.index, words.journey(job)))
        return True

    def _orders(self) -> Iterator[Request | Job | None]:
        """The requests as they come; None when there is nothing to read yet."""
        make = self._requests.of
        while True:
            while not self._waiting and not self._ended and select.select([self._fd], [], [], 0)[0]:
                self._read()
            if self._waiting:
                batch, self._waiting = self._waiting, []
                for order in batch:
                    self._reports.taken += 1
                    yield make(order)
            elif self._ended:
                return
            else:
                yield None

    def _read(self) -> None:
        data = os.read(self._fd, _BLOCK)
        self._ended = not data
        for kind, content in self._frames.feed(data):
            if kind is Kind.CHARGE:
                self._charge = words.decode_charge(content)
            else:
                self._waiting += words.decode_orders(content)


class Reports:
    """The sink of a process that fetches: results go to the process that writes them, and how this one stands.

    Attributes:
        session: knows what is in flight.
        taken: how many requests the session has taken.
        passed: what others are to go on with.
    """

    def __init__(self, fd: int) -> None:
        self.session: Session | None = None
        self.taken = 0
        self.passed: list[tuple[int, words.Journey]] = []
        self._fd = fd
        self._parent = os.getppid()
        self._results: list[Result] = []
        self._size = 0
        self._told = (0, 0)
        self._told_at = 0.0

    def write(self, result: Result) -> None:
        self._results.append(result)
        self._size += len(result.body or b"")
        if self._size > _MOST_BYTES:
            self._report(0 if self.session is None else self.session.in_flight)

    def flush(self) -> None:
        """Send what there is. Called again and again, so a parent that has died is noticed also in a long wait."""
        if os.getppid() != self._parent:
            raise BrokenPipeError
        in_flight = 0 if self.session is None else self.session.in_flight
        changed = (in_flight, self.taken) != self._told and time.monotonic() - self._told_at > _LULL
        if self._results or self.passed or changed:
            self._report(in_flight)

    def notice(self, sentence: str) -> None:
        """Pass on a sentence for the user."""
        self.send(Kind.NOTICE, sentence)

    def send(self, kind: Kind, content: object) -> None:
        """Send a frame, whole. Raises OSError when the parent has gone."""
        rest = memoryview(words.frame(kind, content))
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def _report(self, in_flight: int) -> None:
        results, self._results, self._size = self._results, [], 0
        self._told, self._told_at = (in_flight, self.taken), time.monotonic()
        passed, self.passed = self.passed, []
        self.send(Kind.REPORT, words.Report(in_flight, self.taken, results, passed))
