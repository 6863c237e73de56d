"""Io_uring: one loop that is told not what can be done, but what has been done.

How it waits: in io_uring_enter(2), which hands in any number of operations and sleeps until one of them has completed.
One more connection costs an operation in the kernel and the memory that it was lent: a waiting receive owns a buffer,
where epoll's waiting sockets own none. Where it stops scaling: at the CPU of one core; system calls are few.

Some facts about io_uring, and what follows here:

A ring is a pair of queues in memory that program and kernel share. The program puts entries into the submission queue,
each a system call written down (SOCKET, CONNECT, SEND, RECV), and one call of io_uring_enter hands in all of
them; the kernel puts a result into the completion queue for each. A loop on epoll learns in one call what is possible
and then makes a call for each socket; here a round is a call or two, however many sockets take part.

A completion says that an operation is over: its result is what the call would have returned, or an error's number.
Completions come in any order. Each carries the number that its entry was given, here a token that is used once, so that
nothing can be taken for something else that had the same descriptor before.

The operation is written down, not the socket's state: the socket stays a blocking one. On a non-blocking socket an
operation that cannot go on would complete with EAGAIN instead of waiting in the kernel.

Between submission and completion, memory belongs to the kernel. A buffer that Python freed in between would be written
to all the same, whatever it holds by then. So everything lent lies in `Flight.lent` until the completion is here, and
the loop does not return before every operation has come back, not even on an interrupt.

ASYNC_CANCEL asks for the end of an operation by its token and is itself an operation. What it can: end a wait. What it
cannot: undo what is done, or end anything at once. Its own result says "found" or ENOENT, and only the completion of
the operation (ECANCELED, or what it had achieved in time) gives the memory back. ENOENT means that the completion was
already there, for the queues keep that order, or that the operation has never been handed in; `close` relies on that.

A closed descriptor does not end the operations on it: each holds the file. They are cancelled first, and with none
under way close(2) is an ordinary call: it never waits, and an operation for it would take another turn of the loop.
"""

from __future__ import annotations

import itertools
import os
import socket
import sys
import time
from collections.abc import Callable

from fetchmux.backends import CHUNK, Work
from fetchmux.exchange import Carried
from fetchmux.frontier import TICK
from fetchmux.settings import Options

try:
    import liburing

    from fetchmux.backends._uring import Result, Ring, refusal, socket_address
except ImportError:
    liburing = None

# What a receive is lent at first: silent connections are many, and a body that fills it gets a larger one.
_SMALL = 4 * 1024
_MOST_ENTRIES = 4_096
_STREAM = socket.SOCK_STREAM | socket.SOCK_CLOEXEC


def missing() -> str | None:
    """Why this cannot run here."""
    if sys.platform != "linux":
        return "io_uring is Linux's own: use select"
    if liburing is None:
        return "liburing is not installed: pip install 'fetchmux[uring]'"
    try:
        Ring(2).close()
    except OSError as error:
        return refusal(error)
    return None


def run(frontier: Work, options: Options) -> None:
    """Work until the frontier is exhausted; every operation has come back and every socket is closed afterwards."""
    loop = Loop(frontier, min(max(options.concurrency, 8), _MOST_ENTRIES))
    try:
        loop.work()
    finally:
        loop.close()


class Flight:
    """A connection, its exchange, what is done with the result of its operation and what the kernel was lent for it."""

    __slots__ = ("buffer", "exchange", "fd", "lent", "stands", "then", "token")

    def __init__(self, exchange: Carried) -> None:
        self.exchange = exchange
        self.fd = -1
        self.stands = False
        self.token = 0
        self.then: Callable[[Flight, int], None] = _opened
        self.lent: object = None
        self.buffer = bytearray(_SMALL)


class Loop:
    """All flights of one run. Each has one operation under way, known by its token, until it is dropped."""

    def __init__(self, frontier: Work, entries: int) -> None:
        self._frontier = frontier
        self._ring = Ring(entries)
        self._flights: set[Flight] = set()
        self._under_way: dict[int, Flight] = {}
        self._tokens = itertools.count(2, 2)
        # Where each operation is written down, until the ring has its copy.
        self._entry = liburing.Sqe()
        self._swept_at = 0.0

    def work(self) -> None:
        """Launch, hand in and sleep, step, sweep."""
        frontier, ring, under_way = self._frontier, self._ring, self._under_way
        while not frontier.exhausted:
            while (exchange := frontier.take()) is not None:
                self._launch(exchange)
            ring.wait(frontier.timeout())
            for token, result in ring.completed():
                if token in under_way:
                    self._step(token, result)
            self._sweep(time.monotonic())

    def close(self) -> None:
        """Call every operation back and wait for it: only then may buffers and sockets go."""
        for token in self._under_way:
            self._cancel(token)
        while self._under_way:
            self._ring.wait(TICK)
            for token, result in self._ring.completed():
                self._call_back(token, result)
        for flight in self._flights:
            if flight.fd >= 0:
                os.close(flight.fd)
        self._flights.clear()
        self._ring.close()

    def _launch(self, exchange: Carried) -> None:
        flight = Flight(exchange)
        self._flights.add(flight)
        liburing.io_uring_prep_socket(self._entry, exchange.address.family, _STREAM, 0, 0)
        self._put(flight, _opened)

    def _put(self, flight: Flight, then: Callable[[Flight, int], None], lent: object = None) -> None:
        """Queue the next operation. It is known before it is queued: an interrupt in between loses nothing."""
        flight.then, flight.lent, flight.token = then, lent, next(self._tokens)
        self._under_way[flight.token] = flight
        self._ring.put(self._entry, flight.token)

    def _step(self, token: int, result: Result) -> None:
        """Report how an operation has ended, and queue the next one."""
        flight = self._under_way[token]
        exchange = flight.exchange
        try:
            if isinstance(result, OSError):
                raise result
            if not exchange.done or flight.then is _opened:
                # Which descriptor is open counts even when the exchange is over.
                flight.then(flight, result)
        except Exception as error:
            exchange.fail(error)
        del self._under_way[token]
        if exchange.done:
            self._land(flight)
        else:
            self._go_on(flight)

    def _go_on(self, flight: Flight) -> None:
        """Write down the next call of the conversation."""
        entry, exchange = self._entry, flight.exchange
        if not flight.stands:
            try:
                address = socket_address(exchange.address)
            except ValueError as error:
                exchange.fail(OSError(str(error)))
                self._land(flight)
                return
            liburing.io_uring_prep_connect(entry, flight.fd, address)
            self._put(flight, _connected, address)
        elif exchange.outgoing:
            piece = bytes(exchange.outgoing[:CHUNK])
            liburing.io_uring_prep_send(entry, flight.fd, piece, 0)
            self._put(flight, _sent, piece)
        else:
            liburing.io_uring_prep_recv(entry, flight.fd, flight.buffer, 0)
            self._put(flight, _received)

    def _land(self, flight: Flight) -> None:
        """The exchange is done: its successor goes on the same socket, or the socket is closed."""
        successor = self._frontier.settle(flight.exchange)
        if successor is not None:
            flight.exchange = successor
            self._go_on(flight)
        else:
            self._flights.discard(flight)
            if flight.fd >= 0:
                os.close(flight.fd)

    def _sweep(self, now: float) -> None:
        """Give up what is past its deadline, and ask for its operation: it lands when that has come back."""
        if now - self._swept_at < TICK:
            return
        self._swept_at = now
        for token, flight in self._under_way.items():
            if now >= flight.exchange.deadline and not flight.exchange.done:
                flight.exchange.fail(TimeoutError())
                self._cancel(token)

    def _cancel(self, token: int) -> None:
        """Tokens of operations are even; the cancellation of one has the odd number above it."""
        liburing.io_uring_prep_cancel64(self._entry, token, 0)
        self._ring.put(self._entry, token + 1)

    def _call_back(self, token: int, result: Result) -> None:
        """An operation has come back after it was cancelled, or a cancellation says that there is none."""
        flight = self._under_way.get(token)
        if flight is None:
            if isinstance(result, FileNotFoundError):
                self._under_way.pop(token - 1, None)
        else:
            if flight.then is _opened and isinstance(result, int):
                flight.then(flight, result)
            del self._under_way[token]


def _opened(flight: Flight, fd: int) -> None:
    flight.fd = fd


def _connected(flight: Flight, _: int) -> None:
    flight.stands = True
    flight.exchange.connected()


def _sent(flight: Flight, count: int) -> None:
    flight.exchange.sent(count)


def _received(flight: Flight, count: int) -> None:
    flight.exchange.feed(bytes(memoryview(flight.buffer)[:count]))
    if count == _SMALL:
        flight.buffer = bytearray(CHUNK)
