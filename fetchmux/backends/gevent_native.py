"""Gevent without patching: greenlets that wait on gevent's own sockets.

How it waits: like gevent, in libev's loop (epoll on Linux) for all sockets at once; but the program asks for
`gevent.socket` by name, and the standard library stays as it is, so other strategies may run in the same process. One
more connection costs a greenlet, and each wait a timer. Where it stops scaling: at the CPU of one core, spent in the
hub and in a socket written in Python.

A greenlet serves one exchange after another: a fresh one costs more than waking an idle one.
"""

from __future__ import annotations

import functools
import importlib.util
import time
from typing import TYPE_CHECKING

from fetchmux.backends import CHUNK, Work
from fetchmux.backends._gevent_hub import unprinted_interrupts
from fetchmux.exchange import Carried
from fetchmux.settings import Options

if TYPE_CHECKING:
    import gevent
    import gevent.socket


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("gevent") is None:
        return "gevent is not installed: pip install gevent"
    return None


def run(frontier: Work, options: Options) -> None:
    """Start greenlets as exchanges come and keep them to the end; the window bounds how many there are."""
    pool = Pool(frontier)
    with unprinted_interrupts():
        try:
            pool.work()
        finally:
            pool.close()


class Pool:
    """The greenlets of one run."""

    def __init__(self, frontier: Work) -> None:
        import gevent.event
        import gevent.queue
        import gevent.socket

        self._gevent = gevent
        self._frontier = frontier
        self._waiting = gevent.queue.SimpleQueue[Carried]()
        self._rested = gevent.event.Event()
        self._idle = 0
        self._crew: list[gevent.Greenlet[[], None]] = []
        self._accident: BaseException | None = None

    def work(self) -> None:
        """Hand out exchanges until the frontier is exhausted. Raises what a greenlet stumbled over."""
        frontier = self._frontier
        while self._accident is None and not frontier.exhausted:
            while (exchange := frontier.take()) is not None:
                self._hand_out(exchange)
            self._rested.wait(frontier.timeout())
            self._rested.clear()
        if self._accident is not None:
            raise self._accident

    def close(self) -> None:
        """End every greenlet where it stands: its `with` closes the socket."""
        self._gevent.killall(self._crew)

    def _hand_out(self, exchange: Carried) -> None:
        """Give an exchange to a greenlet that is idle, or else to a new one."""
        if self._idle:
            self._idle -= 1
        else:
            self._crew.append(self._gevent.spawn(self._serve))
        self._waiting.put(exchange)

    def _serve(self) -> None:
        """A greenlet's life: conversation after conversation."""
        try:
            while True:
                self._converse(self._waiting.get())
                self._idle += 1
                self._rested.set()
        except BaseException as error:
            # Left to gevent, it would be printed, and the run would go on without this greenlet.
            self._accident = error
            self._rested.set()

    def _converse(self, exchange: Carried) -> None:
        """Hold the conversations of one connection, from connecting to closing."""
        try:
            sock = self._gevent.socket.socket(exchange.address.family, self._gevent.socket.SOCK_STREAM)
        except Exception as error:
            exchange.fail(error)
            self._frontier.settle(exchange)
            return
        with sock:
            self._carry(sock, exchange, fresh=True)
            while (successor := self._frontier.settle(exchange)) is not None:
                exchange = successor
                self._carry(sock, exchange, fresh=False)

    def _carry(self, sock: gevent.socket.socket, exchange: Carried, *, fresh: bool) -> None:
        """One exchange, as if every call blocked."""
        exchange.interrupt = functools.partial(sock.shutdown, self._gevent.socket.SHUT_RDWR)
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
                    data = sock.recv(CHUNK)
                    exchange.feed(data)
                    if len(data) == CHUNK:
                        # A call that need not wait switches to nobody: a fast body would keep all others waiting.
                        self._gevent.sleep(0)
            except Exception as error:
                exchange.fail(error)


def _set_timeout(sock: gevent.socket.socket, deadline: float) -> None:
    """Let the next call wait until `deadline`. Anew before each call: a peer that drips would reset a plain timeout."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    sock.settimeout(remaining)
