"""Generators: each conversation is a generator that yields what it waits for, resumed by a scheduler of fifty lines.

How it waits: `yield reading` and `yield writing` are the whole interface between a conversation and the scheduler,
which sleeps in one call for all of them. What is resumed is a frame that stands at its `yield`, so the conversation
reads from top to bottom as if it blocked. One more connection costs a suspended frame and its registration. Where it
stops scaling: at the CPU of one core. A `yield` only reaches the caller, so no function that it calls may wait unless
it is a generator as well: that is what async and await were made for, and what greenlets do without.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Generator

from fetchmux.backends import CHUNK, Work
from fetchmux.backends._pollers import Poller, best_poller
from fetchmux.backends._sockets import open_socket
from fetchmux.exchange import Carried
from fetchmux.frontier import TICK
from fetchmux.settings import Options

READING, WRITING = False, True

# A conversation yields the direction that it waits for.
Conversation = Generator[bool, None, None]


def run(frontier: Work, options: Options) -> None:
    """Schedule conversations until the frontier is exhausted."""
    hub = Hub(best_poller(), frontier)
    try:
        hub.work()
    finally:
        hub.close()


class Line:
    """What a conversation and the hub share: a socket and the exchange on it."""

    __slots__ = ("conversation", "exchange", "sock", "writing")

    def __init__(self, sock: socket.socket, exchange: Carried) -> None:
        self.sock = sock
        self.exchange = exchange
        self.writing = WRITING
        self.conversation: Conversation


def converse(line: Line, frontier: Work) -> Conversation:
    """Hold the conversations of one connection, from connecting to closing."""
    with line.sock:
        yield from carry(line, fresh=True)
        while (successor := frontier.settle(line.exchange)) is not None:
            line.exchange = successor
            yield from carry(line, fresh=False)


def carry(line: Line, *, fresh: bool) -> Conversation:
    """One exchange. A deadline arrives as an exception, thrown in at the `yield`."""
    sock, exchange = line.sock, line.exchange
    # An idle connection has room for a request, so a successor is sent without waiting.
    waits = fresh
    while not exchange.done:
        try:
            if waits:
                yield WRITING if exchange.outgoing else READING
            waits = True
            if exchange.outgoing:
                count = sock.send(exchange.outgoing)
                if fresh:
                    fresh = False
                    exchange.connected()
                exchange.sent(count)
            else:
                exchange.feed(sock.recv(CHUNK))
        except BlockingIOError:
            continue
        except Exception as error:
            exchange.fail(error)


class Hub:
    """Resumes conversations whose sockets are ready."""

    def __init__(self, poller: Poller, frontier: Work) -> None:
        self._poller = poller
        self._frontier = frontier
        self._lines: dict[int, Line] = {}
        self._swept_at = 0.0

    def work(self) -> None:
        """Launch, sleep, resume, sweep."""
        frontier, lines = self._frontier, self._lines
        while not frontier.exhausted:
            while (exchange := frontier.take()) is not None:
                self._launch(exchange)
            for fd in self._poller.wait(frontier.timeout()):
                self._resume(fd, lines[fd])
            self._sweep(time.monotonic())

    def close(self) -> None:
        """Close every conversation where it stands: its `with` closes the socket, unless it has not begun."""
        for line in self._lines.values():
            line.conversation.close()
            line.sock.close()
        self._lines.clear()
        self._poller.close()

    def _launch(self, exchange: Carried) -> None:
        """Begin to connect, and run the conversation up to its first wait."""
        sock = None
        try:
            sock = open_socket(exchange.address)
            fd = sock.fileno()
            self._poller.watch(fd, writing=WRITING)
        except Exception as error:
            if sock is not None:
                sock.close()
            exchange.fail(error)
            self._frontier.settle(exchange)
            return
        line = Line(sock, exchange)
        line.conversation = converse(line, self._frontier)
        self._lines[fd] = line
        self._resume(fd, line)

    def _resume(self, fd: int, line: Line, failure: Exception | None = None) -> None:
        """Let a conversation go on to its next wait, or throw a failure into it."""
        try:
            writing = next(line.conversation) if failure is None else line.conversation.throw(failure)
        except StopIteration:
            del self._lines[fd]
            self._poller.forget(fd)
            return
        if writing != line.writing:
            line.writing = writing
            self._poller.turn(fd, writing=writing)

    def _sweep(self, now: float) -> None:
        """Give up what is past its deadline. Timeouts are expected not to happen, so nothing sorts them."""
        if now - self._swept_at < TICK:
            return
        self._swept_at = now
        for fd, line in list(self._lines.items()):
            if now >= line.exchange.deadline:
                self._resume(fd, line, TimeoutError())
