"""The selectors module, straight: one loop, and the kernel's interface by name (select, poll or epoll)."""

from __future__ import annotations

import selectors
import socket
import sys

from benchmarks.bare.conversation import CHUNK, Fetch, arguments

KINDS: dict[str, type[selectors.BaseSelector]] = {
    "select": selectors.SelectSelector,
    "poll": selectors.PollSelector,
    "epoll": selectors.EpollSelector,
}


def main() -> None:
    """Connect, send and receive as sockets become ready."""
    urls, window = arguments()
    selector = KINDS[sys.argv[3]]()
    left = True
    while left or selector.get_map():
        while left and len(selector.get_map()) < window:
            url = next(urls, None)
            left = url is not None
            if url is not None:
                exchange = Fetch(url)
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(exchange.address)
                selector.register(sock, selectors.EVENT_WRITE, (sock, exchange))
        for key, events in selector.select():
            sock, exchange = key.data
            if events & selectors.EVENT_WRITE:
                sock.send(exchange.request)
                selector.modify(sock, selectors.EVENT_READ, key.data)
            elif exchange.take(sock.recv(CHUNK)):
                selector.unregister(sock)
                sock.close()
                exchange.write()


if __name__ == "__main__":
    main()
