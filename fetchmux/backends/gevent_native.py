"""Gevent without patching: greenlets that wait on gevent's own sockets.

How it waits: like gevent, in libev's loop for all sockets at once; but the program asks for `gevent.socket` by name,
and the standard library stays as it is, so other strategies may run in the same process. One more connection costs a
greenlet. Where it stops scaling: at the CPU of one core, spent in the hub and in a socket written in Python.

A greenlet serves one exchange after another: a fresh one costs more than waking an idle one.
"""

from __future__ import annotations

import importlib.util
import time
from typing import Any

from fetchmux.backends import CHUNK, Work
from fetchmux.exchange import Carried
from fetchmux.model import Options


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("gevent") is None:
        return "gevent is not installed: pip install gevent"
    return None


def run(frontier: Work, options: Options) -> None:
    """Start greenlets as exchanges come, up to the window, and keep them until the end."""
    pool = Pool(frontier)
    try:
        pool.work()
    finally:
        pool.close()


class Pool:
    """The greenlets of one run."""

    def __init__(self, frontier: Work) -> None:
        import gevent.event
        import gevent.queue

        self._spawn = gevent.spawn
        self._kill_all = gevent.killall
        self._frontier = frontier
        self._waiting: Any = gevent.queue.SimpleQueue()
        self._settled: Any = gevent.event.Event()
        self._idle = 0
        self._crew: list[Any] = []

    def work(self) -> None:
        """Hand out exchanges until the frontier is exhausted. Raises what a greenlet stumbled over."""
        while not self._frontier.exhausted:
            exchange = self._frontier.take()
            if exchange is None:
                self._settled.wait(self._frontier.timeout())
                self._settled.clear()
                self._look_for_accidents()
                continue
            if self._idle:
                self._idle -= 1
            else:
                self._crew.append(self._spawn(self._serve))
            self._waiting.put(exchange)

    def close(self) -> None:
        """End every greenlet where it stands: its `with` closes the socket."""
        self._kill_all(self._crew)

    def _look_for_accidents(self) -> None:
        for worker in self._crew:
            if worker.ready():
                worker.get()

    def _serve(self) -> None:
        """A greenlet's life: conversation after conversation."""
        while True:
            self._converse(self._waiting.get())
            self._idle += 1
            self._settled.set()

    def _converse(self, exchange: Carried) -> None:
        """Hold the conversations of one connection, from connecting to closing."""
        import gevent.socket

        try:
            with gevent.socket.socket(exchange.address.family, gevent.socket.SOCK_STREAM) as sock:
                successor: Carried | None = exchange
                fresh = True
                while successor is not None:
                    _carry(sock, successor, fresh=fresh)
                    fresh = False
                    successor = self._frontier.settle(successor)
        except OSError as error:
            exchange.fail(error)
            self._frontier.settle(exchange)


def _carry(sock: Any, exchange: Carried, *, fresh: bool) -> None:
    """One exchange, as if every call blocked."""
    exchange.interrupt = lambda: sock.shutdown(2)
    while not exchange.done:
        try:
            _set_timeout(sock, exchange.deadline)
            if fresh:
                sock.connect(exchange.address.sockaddr)
                exchange.connected()
                fresh = False
            elif exchange.outgoing:
                exchange.sent(sock.send(exchange.outgoing))
            else:
                exchange.feed(sock.recv(CHUNK))
        except Exception as error:
            exchange.fail(error)


def _set_timeout(sock: Any, deadline: float) -> None:
    """Let the next call wait until `deadline`. Anew before each call: a peer that drips would reset a plain timeout."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    sock.settimeout(remaining)
