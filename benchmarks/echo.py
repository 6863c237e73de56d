"""500 clients in 500 threads against a gevent origin: every message is to be answered, and how many a second is told.

    python benchmarks/echo.py [--clients N] [--messages N] [--size BYTES]

The origin is gevent's StreamServer in a process of its own: a greenlet for each connection sends back what it gets.
Each client is a thread with a blocking socket and sends its messages one after another. No two messages are alike, of
one client or of two, and each has to come back as it was sent. Exit status 1: one was lost or mixed up.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import NamedTuple

# How long one message may take to come back, in seconds.
PATIENCE = 60.0
# Descriptors beside those of the clients.
RESERVE = 64


class Tally(NamedTuple):
    """What came of all messages."""

    sent: int
    answered: int
    seconds: float

    @property
    def lost(self) -> int:
        """Messages without the answer that they should have."""
        return self.sent - self.answered


def serve() -> None:
    """The origin: print the port, echo until SIGTERM."""
    import gevent
    import gevent.server
    import gevent.socket

    def echo(connection: gevent.socket.socket, address: object) -> None:
        with connection:
            while data := connection.recv(64 * 1024):
                connection.sendall(data)

    raise_limit(1 << 16)
    server = gevent.server.StreamServer(("127.0.0.1", 0), echo, backlog=1024)
    server.start()
    gevent.signal_handler(signal.SIGTERM, server.stop)
    print(server.server_port, flush=True)
    server.serve_forever()


def raise_limit(wanted: int) -> None:
    """Let so many descriptors be opened, or as many as may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


class Crowd:
    """All clients; they start to send when all are connected, so that all are at it at once."""

    def __init__(self, port: int, clients: int, messages: int, size: int) -> None:
        self._address = ("127.0.0.1", port)
        self._messages = messages
        self._size = size
        self._start = threading.Barrier(clients + 1)
        # A place for each, so that nobody has to wait for a lock to count.
        self._answered = [0] * clients
        self._threads = [threading.Thread(target=self._talk, args=[number]) for number in range(clients)]

    def run(self) -> Tally:
        """Let everybody talk, and count."""
        for thread in self._threads:
            thread.start()
        # Without one of them nobody starts, and all their messages count as lost.
        with contextlib.suppress(threading.BrokenBarrierError):
            self._start.wait(PATIENCE)
        started = time.perf_counter()
        for thread in self._threads:
            thread.join()
        seconds = time.perf_counter() - started
        return Tally(len(self._threads) * self._messages, sum(self._answered), seconds)

    def _talk(self, client: int) -> None:
        """One client: a message that fails ends it, and what it has not sent is lost as well."""
        try:
            with socket.create_connection(self._address, timeout=PATIENCE) as sock:
                self._start.wait(PATIENCE)
                for number in range(self._messages):
                    message = f"{client} {number} ".encode().ljust(self._size, b".")
                    sock.sendall(message)
                    if _receive(sock, len(message)) != message:
                        return
                    self._answered[client] += 1
        except (OSError, threading.BrokenBarrierError) as error:
            # The others need not wait for one that is not coming.
            self._start.abort()
            print(f"client {client}: {error or type(error).__name__}", file=sys.stderr)


def _receive(sock: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer where the stream ends."""
    pieces = []
    while size and (piece := sock.recv(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def measure(clients: int, messages: int, size: int) -> Tally:
    """One run against an origin of its own."""
    raise_limit(clients + RESERVE)
    # Threads that mostly wait need little stack.
    threading.stack_size(256 * 1024)
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as origin:
        assert origin.stdout is not None
        try:
            return Crowd(int(origin.stdout.readline()), clients, messages, size).run()
        finally:
            origin.terminate()


def main() -> int:
    """Measure, tell, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--messages", type=int, default=200, help="of each client")
    parser.add_argument("--size", type=int, default=64, help="of a message, in bytes")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
        return 0
    tally = measure(given.clients, given.messages, given.size)
    rate = tally.answered / tally.seconds
    print(f"{given.clients:,} clients in as many threads sent {tally.sent:,} messages of {given.size:,} bytes")
    print(f"{tally.answered:,} answered, {tally.lost:,} lost; {rate:,.0f} messages/s in {tally.seconds:.2f} s")
    return 1 if tally.lost else 0


if __name__ == "__main__":
    sys.exit(main())
