"""A conversation on a blocking socket: each call waits by itself, so the code reads from top to bottom.

Knows one connection at a time and nothing of how many there are. The strategies built on it differ only in who else
runs while a call waits: nobody (sequential), other threads, other greenlets (gevent).
"""

from __future__ import annotations

import functools
import socket
import time
from types import TracebackType

from fetchmux.backends import CHUNK
from fetchmux.exchange import Carried
from fetchmux.frontier import TICK


class Connection:
    """A blocking socket that carries one exchange after another to the same origin."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        # How long its next call waits at most, in seconds.
        self._patience = 0.0

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def carry(self, exchange: Carried) -> None:
        """Hold the whole conversation; the exchange is done afterwards."""
        while not exchange.done:
            try:
                self._turn(exchange)
            except Exception as error:
                exchange.fail(error)

    def close(self) -> None:
        """Close the socket, so that the next exchange opens one of its own."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _turn(self, exchange: Carried) -> None:
        sock = self._socket
        if sock is None:
            sock = self._connect(exchange)
        elif exchange.interrupt is None:
            exchange.interrupt = functools.partial(sock.shutdown, socket.SHUT_RDWR)
        self._wait_until(exchange.deadline, sock)
        try:
            if exchange.outgoing:
                exchange.sent(sock.send(exchange.outgoing))
                return
            data = sock.recv(CHUNK)
        except TimeoutError as error:
            if error.errno is not None or time.monotonic() >= exchange.deadline:
                raise
            # The deadline has moved since the socket was told of it.
            self._patience = 0.0
            return
        exchange.feed(data)
        if len(data) == CHUNK:
            # A call that need not wait lets nobody else run: a fast body would keep the others waiting.
            time.sleep(0)

    def _connect(self, exchange: Carried) -> socket.socket:
        sock = self._socket = socket.socket(exchange.address.family, socket.SOCK_STREAM)
        self._patience = 0.0
        exchange.interrupt = functools.partial(sock.shutdown, socket.SHUT_RDWR)
        self._wait_until(exchange.deadline, sock)
        sock.connect(exchange.address.sockaddr)
        exchange.connected()
        return sock

    def _wait_until(self, deadline: float, sock: socket.socket) -> None:
        """Let the next call wait until `deadline`, to the tick that all strategies look for deadlines at.

        Setting a timeout is a system call, in which a thread gives way to others. So one that is too short stays, and
        the call is made again when it has passed.
        """
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        if not 0 < self._patience < remaining + TICK:
            self._patience = remaining
            sock.settimeout(remaining)
