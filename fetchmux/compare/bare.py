"""What the server can do: a bare epoll loop that makes the system calls of a fetch and parses nothing.

Run as `python -m fetchmux.compare.bare FD`, in a process of its own: the order comes on standard input, the answer goes
to descriptor FD, both JSON. It trusts the embedded origin blindly: all replies are as long as the first one.
"""

from __future__ import annotations

import os
import resource
import select
import socket
import sys
import time

import msgspec

_CHUNK = 256 * 1024


class Order(msgspec.Struct):
    """Ask `address` for these paths in turn, so many times, `window` at once."""

    address: tuple[str, int]
    paths: list[str]
    count: int
    window: int
    keep_alive: bool


class Answer(msgspec.Struct):
    """How long that took, and the CPU that the loop used meanwhile; in seconds."""

    wall: float
    cpu: float


class Loop:
    """The loop: a socket for each place of the window."""

    def __init__(self, order: Order) -> None:
        self._order = order
        connection = "keep-alive" if order.keep_alive else "close"
        self._requests = [
            f"GET {path} HTTP/1.0\r\nHost: origin\r\nConnection: {connection}\r\n\r\n".encode() for path in order.paths
        ]
        self._begun = 0
        self._poller = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._missing: dict[int, int] = {}
        self._size = self._measure()

    def run(self) -> None:
        """Fetch everything."""
        count, window = self._order.count, self._order.window
        while self._begun < count or self._sockets:
            while self._begun < count and len(self._sockets) < window:
                self._launch()
            for fd, event in self._poller.poll():
                if event & select.EPOLLOUT:
                    self._send(fd)
                    self._poller.modify(fd, select.EPOLLIN)
                else:
                    self._receive(fd)
        self._poller.close()

    def _measure(self) -> int:
        """The length of a reply."""
        with socket.create_connection(self._order.address) as sock:
            sock.sendall(self._requests[0].replace(b"keep-alive", b"close"))
            size = sum(len(data) for data in iter(lambda: sock.recv(_CHUNK), b""))
        # The words that tell whether the connection stays are the only difference.
        return size + len("keep-alive") - len("close") if self._order.keep_alive else size

    def _launch(self) -> None:
        sock = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.connect_ex(self._order.address)
        self._sockets[sock.fileno()] = sock
        self._poller.register(sock, select.EPOLLOUT)
        # Its place in the order, though it is sent later.
        self._begun += 1

    def _send(self, fd: int) -> None:
        self._sockets[fd].send(self._requests[self._begun % len(self._requests)])
        self._missing[fd] = self._size

    def _receive(self, fd: int) -> None:
        """Take what has come; at the end of a reply go on or close."""
        got = len(self._sockets[fd].recv(_CHUNK))
        self._missing[fd] -= got
        if self._missing[fd] > 0 and got:
            return
        if self._order.keep_alive and got and self._begun < self._order.count:
            self._begun += 1
            self._send(fd)
        else:
            self._sockets.pop(fd).close()


def main() -> None:
    """Carry out one order."""
    loop = Loop(msgspec.json.decode(sys.stdin.buffer.read(), type=Order))
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    loop.run()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    with os.fdopen(int(sys.argv[1]), "wb") as pipe:
        pipe.write(msgspec.json.encode(Answer(wall, cpu)))


if __name__ == "__main__":
    main()
