"""Sequential, straight."""

from __future__ import annotations

import socket

from benchmarks.bare.conversation import CHUNK, Fetch, arguments


def fetch(url: str) -> None:
    """One conversation, blocking."""
    exchange = Fetch(url)
    with socket.create_connection(exchange.address, timeout=60) as sock:
        sock.sendall(exchange.request)
        while not exchange.take(sock.recv(CHUNK)):
            pass
    exchange.write()


if __name__ == "__main__":
    for each in arguments()[0]:
        fetch(each)
