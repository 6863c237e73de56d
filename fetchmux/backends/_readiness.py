"""The loop: sleep until sockets are ready, let each take one step, look for deadlines, start what may start.

Knows sockets that never block and one poller. Must not know which poller it is, nor what the bytes mean. What is
resumed is a plain object: the flight, a socket with its exchange.
"""

from __future__ import annotations

import socket
import time

from fetchmux.backends import CHUNK, Work
from fetchmux.backends._pollers import Poller
from fetchmux.backends._sockets import open_socket
from fetchmux.exchange import Carried
from fetchmux.frontier import TICK


def run(poller: Poller, frontier: Work) -> None:
    """Work until the frontier is exhausted; closes the poller and all sockets, whatever happens."""
    loop = Loop(poller, frontier)
    try:
        loop.work()
    finally:
        loop.close()


class Flight:
    """A socket, the exchange on it, and the direction in which it is watched."""

    __slots__ = ("connecting", "exchange", "fd", "sock", "writing")

    def __init__(self, sock: socket.socket, exchange: Carried) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.exchange = exchange
        self.connecting = True
        self.writing = True


class Loop:
    """All flights of one run, by descriptor."""

    def __init__(self, poller: Poller, frontier: Work) -> None:
        self._poller = poller
        self._frontier = frontier
        self._flights: dict[int, Flight] = {}
        self._swept_at = 0.0

    def work(self) -> None:
        """Launch, sleep, step, sweep."""
        frontier, flights = self._frontier, self._flights
        while not frontier.exhausted:
            while (exchange := frontier.take()) is not None:
                self._launch(exchange)
            for fd in self._poller.wait(frontier.timeout()):
                self._step(flights[fd])
            self._sweep(time.monotonic())

    def close(self) -> None:
        """Let go of everything."""
        for flight in self._flights.values():
            flight.sock.close()
        self._flights.clear()
        self._poller.close()

    def _launch(self, exchange: Carried) -> None:
        """Begin to connect; the socket becomes writable when the connection stands."""
        sock = None
        try:
            sock = open_socket(exchange.address)
            self._poller.watch(sock.fileno(), writing=True)
        except Exception as error:
            if sock is not None:
                sock.close()
            exchange.fail(error)
            self._frontier.settle(exchange)
        else:
            self._flights[sock.fileno()] = Flight(sock, exchange)

    def _step(self, flight: Flight) -> None:
        """One turn of the conversation, or more while the next one need not wait."""
        exchange = flight.exchange
        try:
            if exchange.outgoing:
                self._send(flight)
            else:
                exchange.feed(flight.sock.recv(CHUNK))
        except BlockingIOError:
            pass
        except Exception as error:
            exchange.fail(error)
        if exchange.done:
            self._land(flight)
        elif flight.writing != bool(exchange.outgoing):
            flight.writing = not flight.writing
            self._poller.turn(flight.fd, writing=flight.writing)

    def _send(self, flight: Flight) -> None:
        """Send what fits. The first success also tells that the connection stands; a failure tells why it does not."""
        exchange = flight.exchange
        count = flight.sock.send(exchange.outgoing)
        if flight.connecting:
            flight.connecting = False
            exchange.connected()
        exchange.sent(count)

    def _land(self, flight: Flight) -> None:
        """The exchange is done: its successor goes on the same socket, or the socket is closed."""
        successor = self._frontier.settle(flight.exchange)
        if successor is None:
            self._drop(flight)
        else:
            flight.exchange = successor
            # An idle connection has room for a request, so its successor is sent without asking.
            self._step(flight)

    def _drop(self, flight: Flight) -> None:
        del self._flights[flight.fd]
        self._poller.forget(flight.fd)
        flight.sock.close()

    def _sweep(self, now: float) -> None:
        """Give up what is past its deadline. Timeouts are expected not to happen, so nothing sorts them."""
        if now - self._swept_at < TICK:
            return
        self._swept_at = now
        for flight in list(self._flights.values()):
            if now >= flight.exchange.deadline:
                flight.exchange.fail(TimeoutError())
                self._land(flight)
