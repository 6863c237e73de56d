"""io_uring through the liburing package, straight: operations in, completions out."""

from __future__ import annotations

import os
import socket
from typing import Any

import liburing

from benchmarks.bare.conversation import Fetch, arguments

_SMALL = 4096


class Flight:
    """A connection and the step that its operation takes."""

    def __init__(self, url: str) -> None:
        self.exchange = Fetch(url)
        self.fd = -1
        self.step = "socket"
        self.lent: Any = None
        self.buffer = bytearray(_SMALL)


class Loop:
    """One operation under way for each flight."""

    def __init__(self, window: int) -> None:
        self.ring = liburing.Ring()
        liburing.io_uring_queue_init(max(window, 8), self.ring, 0)
        self.flights: dict[int, Flight] = {}
        self.token = 0

    def put(self, flight: Flight) -> None:
        """Queue the next operation of a flight."""
        entry = liburing.io_uring_get_sqe(self.ring)
        if flight.step == "socket":
            liburing.io_uring_prep_socket(entry, socket.AF_INET, socket.SOCK_STREAM, 0, 0)
        elif flight.step == "connect":
            flight.lent = liburing.Sockaddr(socket.AF_INET, *flight.exchange.address)
            liburing.io_uring_prep_connect(entry, flight.fd, flight.lent)
        elif flight.step == "send":
            liburing.io_uring_prep_send(entry, flight.fd, flight.exchange.request, 0)
        else:
            liburing.io_uring_prep_recv(entry, flight.fd, flight.buffer, 0)
        self.token += 1
        entry.user_data = self.token
        self.flights[self.token] = flight

    def complete(self, flight: Flight, result: int) -> bool:
        """Take a result; whether the flight is over."""
        if flight.step == "socket":
            flight.fd = result
            flight.step = "connect"
        elif flight.step == "connect":
            flight.step = "send"
        elif flight.step == "send":
            flight.step = "recv"
        elif flight.exchange.take(bytes(flight.buffer[:result])):
            os.close(flight.fd)
            flight.exchange.write()
            return True
        return False


def main() -> None:
    """Hand in, sleep, take what has completed."""
    urls, window = arguments()
    loop, cqe = Loop(window), liburing.Cqe()
    left = True
    while left or loop.flights:
        while left and len(loop.flights) < window:
            url = next(urls, None)
            left = url is not None
            if url is not None:
                loop.put(Flight(url))
        liburing.io_uring_submit_and_wait(loop.ring, 1)
        done = [(cqe[0].user_data, cqe[0].res) for _ in liburing.CqeIter(loop.ring, cqe)]
        liburing.io_uring_cq_advance(loop.ring, len(done))
        for token, result in done:
            flight = loop.flights.pop(token)
            if not loop.complete(flight, result):
                loop.put(flight)


if __name__ == "__main__":
    main()
