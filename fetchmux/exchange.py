"""One attempt at one request: bytes out, bytes in, and how far it has come.

Knows the collector, the timeouts and the names of failures. Does no input or output and never waits: a strategy
carries the bytes and reports what happened with `connected`, `sent`, `feed` and `fail`. The conversation:

    while not exchange.done:
        if exchange.outgoing: exchange.sent(sock.send(exchange.outgoing))
        else:                 exchange.feed(sock.recv(CHUNK))
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Protocol

from fetchmux.errors import LOST, SCARCITY, Code, FetchError, Phase, classify
from fetchmux.http.collector import Collector
from fetchmux.model import Address, Job, Store
from fetchmux.settings import Options

Clock = Callable[[], float]

# A larger request is sliced as a view, so that sending it in pieces does not copy what is left each time.
_VIEW_FROM = 64 * 1024


class Carried(Protocol):
    """What a strategy sees of an exchange, be it plain or wrapped in TLS or a tunnel."""

    @property
    def address(self) -> Address:
        """Where to connect."""
        ...

    @property
    def deadline(self) -> float:
        """When to give up, on the monotonic clock: at that time report `fail(TimeoutError())`."""
        ...

    @property
    def outgoing(self) -> bytes | memoryview:
        """What is still to be sent; never empty before the connection stands."""
        ...

    @property
    def done(self) -> bool:
        """It has ended: settle it."""
        ...

    @property
    def core(self) -> Exchange:
        """The attempt itself, for the frontier."""
        ...

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on the same socket; for the frontier."""
        ...

    interrupt: Callable[[], None] | None

    def connected(self) -> None:
        """The connection stands."""
        ...

    def sent(self, count: int) -> None:
        """The first `count` bytes of `outgoing` are on their way."""
        ...

    def feed(self, data: bytes) -> None:
        """Bytes have arrived; b"" means that the peer has finished."""
        ...

    def fail(self, exception: BaseException) -> None:
        """A call raised, or the deadline has passed. If it is not done afterwards, go on reading."""
        ...

    def cancel(self) -> None:
        """End soon."""
        ...


class Exchange:
    """One attempt.

    Attributes:
        address: where to connect. A strategy reads this ...
        outgoing: what is still to be sent, never empty before the connection stands ...
        deadline: when to give up, on the run's clock: at that time report `fail(TimeoutError())` ...
        done: ... and this. All else is for the frontier.
        interrupt: a strategy that blocks puts a function here that wakes its call; `cancel` calls it, perhaps from
            a signal handler.
        reused: the socket had already carried an exchange.
        shaking: a wrapper is still at its handshake; it says when that is over by `secured`.
        scarce: it failed for want of descriptors (or threads), which says nothing about its URL.
        error: why the attempt failed, or None.
    """

    __slots__ = (
        "_clock",
        "_connect_end",
        "_end",
        "_idle",
        "_options",
        "_send_error",
        "address",
        "cancelled",
        "collector",
        "connected_at",
        "deadline",
        "done",
        "done_at",
        "error",
        "first_at",
        "interrupt",
        "job",
        "outgoing",
        "reused",
        "scarce",
        "secured_at",
        "sent_at",
        "shaking",
        "started_at",
        "store",
    )

    def __init__(
        self,
        job: Job,
        address: Address,
        outgoing: bytes,
        store: Store | None,
        options: Options,
        clock: Clock,
        *,
        reused: bool = False,
    ) -> None:
        now = clock()
        self.job = job
        self.address = address
        self.store = store
        self.reused = reused
        self.outgoing: bytes | memoryview = outgoing if len(outgoing) < _VIEW_FROM else memoryview(outgoing)
        self.collector = Collector(job.method, store, options.max_head, options.max_body, options.compressed)
        self.done = False
        self.cancelled = False
        self.scarce = False
        self.shaking = False
        self.error: FetchError | None = None
        self.interrupt: Callable[[], None] | None = None
        self.started_at = now
        # A reused connection stands already; the others are stamped when they do.
        self.connected_at = now if reused else 0.0
        self.secured_at = self.sent_at = self.first_at = self.done_at = 0.0
        self._options = options
        self._idle = options.idle_timeout
        self._clock = clock
        self._send_error: OSError | None = None
        self._end = end = now + options.timeout
        self._connect_end = connect_end = now + options.connect_timeout
        self.deadline = connect_end if connect_end < end else end
        if reused:
            self._live_until(now)

    @property
    def phase(self) -> Phase:
        """How far the attempt has come."""
        if not self.connected_at:
            return Phase.CONNECT
        if self.shaking:
            return Phase.TLS
        if self.collector.head is not None:
            return Phase.BODY
        if not self.sent_at and self._send_error is None:
            return Phase.SEND
        return Phase.HEAD

    @property
    def core(self) -> Exchange:
        """The attempt itself: a wrapper answers with what it wraps."""
        return self

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on the same socket."""
        return self.error is None and self._options.keep_alive and not self.outgoing and self.collector.persistent

    def connected(self) -> None:
        """The connection stands."""
        self.connected_at = now = self._clock()
        self._live_until(now)

    def secured(self) -> None:
        """A wrapper's handshake is over."""
        self.shaking = False
        self.secured_at = now = self._clock()
        self._live_until(now)

    def sent(self, count: int) -> None:
        """The first `count` bytes of `outgoing` are on their way."""
        now = self._clock()
        if count >= len(self.outgoing):
            self.outgoing = b""
            self.sent_at = now
        else:
            self.outgoing = self.outgoing[count:]
        self._live_until(now)

    def feed(self, data: bytes) -> None:
        """Bytes have arrived; b"" means that the peer has finished."""
        now = self._clock()
        if not self.first_at:
            self.first_at = now
        if self.cancelled:
            # What looks like an end of stream may be our own shutdown of the socket.
            self._finish(FetchError(Code.CANCELLED, "the run was cancelled", self.phase))
            return
        try:
            self.collector.feed(data)
        except FetchError as error:
            self._finish(error)
            return
        if self.collector.complete:
            self.done = True
            self.done_at = now
        else:
            self._live_until(now)

    def fail(self, exception: BaseException) -> None:
        """The strategy's call raised, or the deadline has passed.

        The exchange may stay not done: a peer that hangs up in the middle of a long request may have answered before
        (an early 413), so after a lost connection while sending there is nothing more to send but something to read.
        """
        if self.done:
            return
        if self.cancelled:
            exception = FetchError(Code.CANCELLED, "the run was cancelled")
        elif isinstance(exception, TimeoutError) and not exception.errno:
            exception = FetchError(Code.TIMEOUT, self._which_timeout())
        elif isinstance(exception, OSError) and exception.errno in LOST and self._sending:
            self._send_error = exception
            self.outgoing = b""
            return
        elif isinstance(exception, OSError) and exception.errno in SCARCITY and not self.connected_at:
            # A strategy may have limits of its own: its words say more than the system's for that number.
            self.scarce = True
            exception = FetchError(Code.CONNECT_FAILED, exception.strerror or str(exception))
        self._finish(classify(exception, self.phase))

    def cancel(self) -> None:
        """End soon: the deadline is past from now on. Takes no lock and may be called from a signal handler."""
        self.cancelled = True
        self._end = self.deadline = 0.0
        if self.interrupt is not None:
            # A socket that is not connected yet, or no more, cannot be shut down and need not be.
            with contextlib.suppress(OSError):
                self.interrupt()

    @property
    def _sending(self) -> bool:
        """Part of the request is still to be sent; the reply may have begun nevertheless."""
        return bool(self.connected_at and self.outgoing and not self.shaking)

    def _live_until(self, now: float) -> None:
        if self.shaking:
            # The deadline of connecting holds for handshakes too.
            return
        idle_end = now + self._idle
        self.deadline = idle_end if idle_end < self._end else self._end

    def _finish(self, error: FetchError) -> None:
        if self._send_error is not None and not self.collector.wire_size and not self.cancelled:
            error = classify(self._send_error, Phase.SEND)
        elif error.phase is None:
            error.phase = self.phase
        self.error = error
        self.done = True
        self.done_at = self._clock()

    def _which_timeout(self) -> str:
        """Which of the limits has passed, in words."""
        if self.phase in (Phase.CONNECT, Phase.TLS) and self._connect_end < self._end:
            return f"no connection within {self._options.connect_timeout:g} s"
        if self.deadline < self._end:
            return f"the peer was silent for {self._idle:g} s"
        return f"no whole response within {self._options.timeout:g} s"
