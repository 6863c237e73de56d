"""The floor: a bare epoll loop that makes the system calls of a fetch and parses nothing.

    python benchmarks/floor.py URL COUNT [WINDOW] [--keep-alive]

It is what waiting costs in Python; whatever fetchmux takes beyond it is the price of HTTP, records and options. It
trusts the server blindly: a reply ends with the stream, or with keep-alive after as many bytes as the first one had.
Prints wall and CPU microseconds a request.
"""

from __future__ import annotations

import argparse
import collections
import resource
import select
import socket
import time
from urllib.parse import urlsplit

CHUNK = 64 * 1024


class Floor:
    """The loop."""

    def __init__(self, url: str, count: int, window: int, *, keep_alive: bool) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        connection = "keep-alive" if keep_alive else "close"
        head = f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {parts.netloc}\r\nConnection: {connection}\r\n\r\n"
        self.request = head.encode()
        self.left = count
        self.window = window
        self.keep_alive = keep_alive
        self.poller = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.size = 0
        self.received: collections.Counter[int] = collections.Counter()

    def run(self) -> None:
        """Fetch everything."""
        while self.left or self.sockets:
            while self.left and len(self.sockets) < self.window:
                self.launch()
            for fd, event in self.poller.poll(0.05):
                if event & select.EPOLLOUT:
                    self.sockets[fd].send(self.request)
                    self.poller.modify(fd, select.EPOLLIN)
                else:
                    self.receive(fd, self.sockets[fd])

    def launch(self) -> None:
        """Open one more connection."""
        self.left -= 1
        sock = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.connect_ex(self.address)
        self.sockets[sock.fileno()] = sock
        self.poller.register(sock, select.EPOLLOUT)

    def receive(self, fd: int, sock: socket.socket) -> None:
        """Take what has come; at the end of a reply go on or close."""
        data = sock.recv(CHUNK)
        if not self.keep_alive:
            # The whole of a small reply comes at once, as fetchmux knows from its length.
            del self.sockets[fd]
            sock.close()
            return
        self.size = self.size or len(data)
        self.received[fd] += len(data)
        if self.received[fd] < self.size:
            return
        del self.received[fd]
        if self.left:
            self.left -= 1
            sock.send(self.request)
        else:
            del self.sockets[fd]
            sock.close()


def main() -> None:
    """Measure one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("count", type=int)
    parser.add_argument("window", type=int, nargs="?", default=64)
    parser.add_argument("--keep-alive", action="store_true")
    options = parser.parse_args()
    floor = Floor(options.url, options.count, options.window, keep_alive=options.keep_alive)
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    floor.run()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    each = 1e6 / options.count
    print(f"wall {wall * each:.1f} us, user {user * each:.1f} us, system {system * each:.1f} us a request")


if __name__ == "__main__":
    main()
