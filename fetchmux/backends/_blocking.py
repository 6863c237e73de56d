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


class Connection:
    """A blocking socket that carries one exchange after another to the same origin."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

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
        _set_timeout(sock, exchange.deadline)
        if exchange.outgoing:
            exchange.sent(sock.send(exchange.outgoing))
        else:
            data = sock.recv(CHUNK)
            exchange.feed(data)
            if len(data) == CHUNK:
                # A call that need not wait lets nobody else run: a fast body would keep the others waiting.
                time.sleep(0)

    def _connect(self, exchange: Carried) -> socket.socket:
        sock = self._socket = socket.socket(exchange.address.family, socket.SOCK_STREAM)
        exchange.interrupt = functools.partial(sock.shutdown, socket.SHUT_RDWR)
        _set_timeout(sock, exchange.deadline)
        sock.connect(exchange.address.sockaddr)
        exchange.connected()
        return sock


def _set_timeout(sock: socket.socket, deadline: float) -> None:
    """Let the next call wait until `deadline`. Anew before each call: a peer that drips would reset a plain timeout."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    sock.settimeout(remaining)
