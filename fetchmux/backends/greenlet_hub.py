"""Greenlets: each conversation is straight-line code on a stack of its own, resumed by a hand-written hub.

How it waits: `hub.wait(line, writing=…)` switches to the hub's greenlet, which sleeps in one call for all sockets and
switches back to whoever is ready. Unlike a generator a greenlet may wait at any depth of calls, so nothing between has
to know; that is all that greenlets are, and what gevent builds on. One more connection costs a small piece of C stack,
copied aside at each switch. Where it stops scaling: at the CPU of one core.

A greenlet serves one exchange after another: a fresh one costs more than the switch that wakes an idle one.
"""

from __future__ import annotations

import importlib.util
import socket
import time
from typing import TYPE_CHECKING

from fetchmux.backends import CHUNK, Work
from fetchmux.backends._pollers import Poller, best_poller
from fetchmux.backends._sockets import open_socket
from fetchmux.exchange import Carried
from fetchmux.frontier import TICK
from fetchmux.settings import Options

if TYPE_CHECKING:
    import greenlet


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("greenlet") is None:
        return "greenlet is not installed: pip install greenlet"
    return None


def run(frontier: Work, options: Options) -> None:
    """Run the hub until the frontier is exhausted."""
    hub = Hub(best_poller(), frontier)
    try:
        hub.work()
    finally:
        hub.close()


class Line:
    """A socket, the exchange on it, who holds the conversation, and the direction that is waited for."""

    __slots__ = ("exchange", "fd", "holder", "sock", "writing")

    def __init__(self, sock: socket.socket, exchange: Carried, holder: greenlet.greenlet) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.exchange = exchange
        self.holder = holder
        self.writing = True


class Hub:
    """Switches to greenlets whose sockets are ready. Its own greenlet is the one that calls `work`."""

    def __init__(self, poller: Poller, frontier: Work) -> None:
        import greenlet

        self._greenlet = greenlet
        self._self = greenlet.getcurrent()
        self._poller = poller
        self._frontier = frontier
        self._lines: dict[int, Line] = {}
        self._idle: list[greenlet.greenlet] = []
        self._swept_at = 0.0

    def work(self) -> None:
        """Launch, sleep, switch, sweep."""
        frontier, lines = self._frontier, self._lines
        while not frontier.exhausted:
            while (exchange := frontier.take()) is not None:
                worker = self._idle.pop() if self._idle else self._greenlet.greenlet(self._serve)
                worker.switch(exchange)
            for fd in self._poller.wait(frontier.timeout()):
                lines[fd].holder.switch()
            self._sweep(time.monotonic())

    def close(self) -> None:
        """End every greenlet where it stands: its `finally` closes the socket, unless it has not come so far."""
        lines = list(self._lines.values())
        for holder in [line.holder for line in lines] + self._idle:
            holder.throw(self._greenlet.GreenletExit)
        for line in lines:
            line.sock.close()
        self._poller.close()

    def wait(self, line: Line, *, writing: bool) -> None:
        """Called by a conversation: come back when the socket is ready. Raises TimeoutError at the deadline."""
        if writing != line.writing:
            line.writing = writing
            self._poller.turn(line.fd, writing=writing)
        self._self.switch()

    def _serve(self, exchange: Carried) -> None:
        """A greenlet's life: conversation after conversation."""
        while True:
            self._converse(exchange)
            self._idle.append(self._greenlet.getcurrent())
            exchange = self._self.switch()

    def _converse(self, exchange: Carried) -> None:
        """Hold the conversations of one connection, from connecting to closing."""
        try:
            line = self._open(exchange)
        except Exception as error:
            exchange.fail(error)
            self._frontier.settle(exchange)
            return
        try:
            self._carry_all(line)
        finally:
            del self._lines[line.fd]
            self._poller.forget(line.fd)
            line.sock.close()

    def _open(self, exchange: Carried) -> Line:
        """Begin to connect; the socket becomes writable when the connection stands."""
        sock = open_socket(exchange.address)
        try:
            self._poller.watch(sock.fileno(), writing=True)
        except BaseException:
            sock.close()
            raise
        line = self._lines[sock.fileno()] = Line(sock, exchange, self._greenlet.getcurrent())
        return line

    def _carry_all(self, line: Line) -> None:
        self._carry(line, fresh=True)
        while (successor := self._frontier.settle(line.exchange)) is not None:
            line.exchange = successor
            self._carry(line, fresh=False)

    def _carry(self, line: Line, *, fresh: bool) -> None:
        """One exchange, as if every call blocked."""
        sock, exchange = line.sock, line.exchange
        # An idle connection has room for a request, so a successor is sent without waiting.
        waits = fresh
        while not exchange.done:
            try:
                if waits:
                    self.wait(line, writing=bool(exchange.outgoing))
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

    def _sweep(self, now: float) -> None:
        """Give up what is past its deadline. Timeouts are expected not to happen, so nothing sorts them."""
        if now - self._swept_at < TICK:
            return
        self._swept_at = now
        for line in list(self._lines.values()):
            if now >= line.exchange.deadline:
                line.holder.throw(TimeoutError())
