"""A conversation on a blocking socket: each call waits by itself, so the code reads from top to bottom.

Knows one connection at a time and nothing of how many there are. The strategies built on it differ only in who else
runs while a call waits: nobody (sequential), other threads, other greenlets (gevent).
"""

from __future__ import annotations

import _socket
import functools
import socket
import struct
import sys
import time
from types import TracebackType

from fetchmux.backends import CHUNK
from fetchmux.exchange import Carried

# Whether the kernel bounds a call (SO_RCVTIMEO, SO_SNDTIMEO), so that it is the call that waits. Python's own timeouts
# make the socket non-blocking and wait in poll(2), three calls in the place of one. gevent's sockets need them, since
# they never block, and so do other systems than Linux, where no such limit holds for a connect.
_BY_KERNEL = sys.platform == "linux" and socket.socket.recv is _socket.socket.recv
# A call that comes back too early is made again; one that comes back too late cannot be helped. So a limit is set anew
# when it is too long, or too short by such a factor.
_TOO_SHORT = 8


class Connection:
    """A blocking socket that carries one exchange after another to the same origin."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._limit = 0.0

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
            except BlockingIOError:
                # The kernel's limit has passed, and perhaps not the deadline.
                pass
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
        self._bound(sock, exchange.deadline)
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
        self._limit = 0.0
        self._bound(sock, exchange.deadline)
        try:
            sock.connect(exchange.address.sockaddr)
        except BlockingIOError:
            raise TimeoutError from None
        exchange.connected()
        return sock

    def _bound(self, sock: socket.socket, deadline: float) -> None:
        """Let the next call wait until `deadline`. Looked at before each: a peer that drips would reset a timeout."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        if not _BY_KERNEL:
            sock.settimeout(remaining)
        elif not self._limit <= remaining <= _TOO_SHORT * self._limit:
            self._limit = remaining
            # struct timeval; all noughts would mean for ever, and a million microseconds are a second.
            limit = struct.pack("@ll", *divmod(int(remaining * 1e6) + 1, 1_000_000))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
