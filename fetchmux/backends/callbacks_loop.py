"""Callbacks: each request is an object with a `fileno` and a callback for the next event, in a loop on select.

How it waits: select takes the objects themselves, since it asks anything it is given for its `fileno`, and returns
those that can go on; the loop calls what each has left as its `callback`. A conversation is cut at every wait into
functions that name each other, and what it knows between two of them must be kept in the object. One more connection
costs what it costs select. Where it stops scaling: at descriptor 1,023, and in the reader's head.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Callable

from fetchmux.backends import CHUNK, Work
from fetchmux.backends._pollers import SELECT_LIMIT
from fetchmux.backends._sockets import open_socket
from fetchmux.exchange import Carried
from fetchmux.frontier import TICK
from fetchmux.settings import Options


def run(frontier: Work, options: Options) -> None:
    """Run the loop until the frontier is exhausted."""
    loop = Loop(frontier)
    try:
        loop.work()
    finally:
        loop.close()


class Call:
    """A request under way, and the function that its next event calls."""

    def __init__(self, loop: Loop, sock: socket.socket, exchange: Carried) -> None:
        self.exchange = exchange
        self.callback: Callable[[], None] = self.on_connected
        self._loop = loop
        self._sock = sock

    def fileno(self) -> int:
        """What select watches."""
        return self._sock.fileno()

    def on_connected(self) -> None:
        """The first event: the connection stands if a send says so."""
        count = self._sock.send(self.exchange.outgoing)
        self.exchange.connected()
        self.exchange.sent(count)

    def on_writable(self) -> None:
        """There is room for more of the request."""
        self.exchange.sent(self._sock.send(self.exchange.outgoing))

    def on_readable(self) -> None:
        """Some of the reply has come."""
        self.exchange.feed(self._sock.recv(CHUNK))

    def happen(self) -> None:
        """Call what was left for this event, and leave the next one."""
        try:
            self.callback()
        except BlockingIOError:
            return
        except Exception as error:
            self.exchange.fail(error)
        self.settle_or_wait()

    def give_up(self) -> None:
        """The deadline has passed."""
        self.exchange.fail(TimeoutError())
        self.settle_or_wait()

    def settle_or_wait(self) -> None:
        """Choose the next callback; at the end of an exchange its successor's, or none."""
        if self.exchange.done:
            successor = self._loop.frontier.settle(self.exchange)
            if successor is None:
                self.close()
                return
            self.exchange = successor
        self.callback = self.on_writable if self.exchange.outgoing else self.on_readable
        self._loop.await_event(self, writing=bool(self.exchange.outgoing))

    def close(self) -> None:
        """Leave the loop."""
        self._loop.forget(self)
        self._sock.close()


class Loop:
    """Who waits to read, who waits to write."""

    def __init__(self, frontier: Work) -> None:
        self.frontier = frontier
        self._readers: set[Call] = set()
        self._writers: set[Call] = set()
        self._swept_at = 0.0

    def work(self) -> None:
        """Launch, sleep, call back, sweep."""
        while not self.frontier.exhausted:
            while (exchange := self.frontier.take()) is not None:
                self._launch(exchange)
            readable, writable, _ = select.select(self._readers, self._writers, (), self.frontier.timeout())
            for call in readable + writable:
                call.happen()
            self._sweep(time.monotonic())

    def close(self) -> None:
        """Let go of everything."""
        for call in self._readers | self._writers:
            call.close()

    def await_event(self, call: Call, *, writing: bool) -> None:
        """Let select watch `call` for one direction."""
        self.forget(call)
        (self._writers if writing else self._readers).add(call)

    def forget(self, call: Call) -> None:
        """Watch it no more."""
        self._readers.discard(call)
        self._writers.discard(call)

    def _launch(self, exchange: Carried) -> None:
        sock = None
        try:
            sock = open_socket(exchange.address)
            if sock.fileno() >= SELECT_LIMIT:
                raise OSError(errno.EMFILE, f"select watches no descriptor above {SELECT_LIMIT - 1:,}")
        except Exception as error:
            if sock is not None:
                sock.close()
            exchange.fail(error)
            self.frontier.settle(exchange)
        else:
            self.await_event(Call(self, sock, exchange), writing=True)

    def _sweep(self, now: float) -> None:
        """Give up what is past its deadline. Timeouts are expected not to happen, so nothing sorts them."""
        if now - self._swept_at < TICK:
            return
        self._swept_at = now
        for call in list(self._readers | self._writers):
            if now >= call.exchange.deadline:
                call.give_up()
