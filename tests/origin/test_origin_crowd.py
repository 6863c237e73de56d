"""The good origin with many clients at once."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from fetchmux.origin import server
from fetchmux.origin.launch import Origin

from .talk import collect, connect, fetch, numbers


@pytest.fixture(autouse=True)
def _many_descriptors() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextlib.contextmanager
def crowd(origin: Origin, size: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(origin)) for _ in range(size)]


def test_500_busy_clients_are_served_at_the_same_time(own_good: Origin) -> None:
    """All have asked while the server was stopped, so none was answered before; then all wait together."""
    os.kill(own_good.pid, signal.SIGSTOP)
    try:
        with crowd(own_good, 500) as clients:
            for number, client in enumerate(clients):
                client.sendall(f"GET /s?wd=key{number}.&delay=0.5 HTTP/1.0\r\n\r\n".encode())
            os.kill(own_good.pid, signal.SIGCONT)
            for number, client in enumerate(clients):
                data, ending = collect(client)
                assert f"Results for key{number}.<".encode() in data
                assert ending == "end"
    finally:
        os.kill(own_good.pid, signal.SIGCONT)
    assert numbers(own_good, "/waiting") == {"now": 0, "peak": 500, "silent": 0}


def test_2000_idle_connections_do_not_hinder_the_others(own_good: Origin) -> None:
    with crowd(own_good, 2000) as idle:
        for number in range(50):
            assert f"<title>{number}</title>".encode() in fetch(own_good, f"/s?wd={number}")[1]
        for client in idle:
            client.sendall(b"GET /status/299 HTTP/1.0\r\n\r\n")
        for client in idle:
            assert collect(client)[0].startswith(b"HTTP/1.0 299 ")


def test_a_full_table_of_descriptors_makes_clients_wait_and_prints_nothing(own_good: Origin) -> None:
    resource.prlimit(own_good.pid, resource.RLIMIT_NOFILE, (40, 40))
    with crowd(own_good, 100) as clients:
        for client in clients:
            client.sendall(b"GET /status/299?delay=0.01 HTTP/1.0\r\n\r\n")
        for client in clients:
            assert collect(client)[0].startswith(b"HTTP/1.0 299 ")


class Greedy:
    """A connection that takes everything at once and has always more to ask; it never makes its greenlet wait."""

    def __init__(self, asked: bytes) -> None:
        self._asked = [asked]
        self.taken = 0

    def recv(self, size: int) -> bytes:
        return self._asked.pop() if self._asked else b""

    def sendall(self, data: bytes) -> None:
        self.taken += 1


@pytest.mark.parametrize("asked", [b"GET /bytes/9999999 HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 99])
def test_a_greedy_client_leaves_others_their_turn(asked: bytes) -> None:
    greedy = Greedy(asked)
    taken_meanwhile: list[int] = []
    connection: Any = greedy
    conversation = gevent.spawn(server.Service().converse, connection)
    others = gevent.spawn(lambda: taken_meanwhile.append(greedy.taken))
    others.get()
    conversation.get()
    assert taken_meanwhile[0] < 5 < 50 < greedy.taken
