"""How the bad origin counts."""

from __future__ import annotations

import contextlib
import socket

from fetchmux.origin.bad.census import Census
from fetchmux.origin.launch import Origin

from .talk import connect, fetch, numbers


def test_a_connection_ends_when_the_client_closes_it_though_nobody_has_read_that_yet() -> None:
    census = Census()
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            client, accepted = socket.socketpair()
            stack.enter_context(accepted)
            number = census.arrives(accepted.fileno())
            client.sendall(b"unread")
            client.close()
        census.leaves(number)
        census.leaves(number)
        assert (census.connections, census.peak) == (3, 1)


def test_connections_one_after_another_never_overlap_whoever_closes_first(own_bad: Origin) -> None:
    """The client closes each the moment it is answered and opens the next at once."""
    for name in ["keep", "ok", "never", "stall-body", "endless"] * 40:
        with connect(own_bad) as client:
            client.sendall(f"GET /{name} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode())
            if name != "never":
                client.recv(65536)
    assert numbers(own_bad, "/peak") == {"peak": 1}
    assert numbers(own_bad, "/count")["connections"] == 200


def test_the_peak_is_the_number_open_at_once_though_they_ask_for_nothing(own_bad: Origin) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(7):
            stack.enter_context(connect(own_bad))
        assert numbers(own_bad, "/peak") == {"peak": 7}
    fetch(own_bad, "/ok")
    assert numbers(own_bad, "/peak") == {"peak": 7}
    assert numbers(own_bad, "/count") == {"connections": 8, "requests": 1}


def test_asking_changes_nothing(own_bad: Origin) -> None:
    with connect(own_bad) as visitor:
        visitor.sendall(b"GET /never HTTP/1.0\r\n\r\n")
        with connect(own_bad) as silent:
            for _ in range(5):
                assert numbers(own_bad, "/peak") == {"peak": 2}
                assert numbers(own_bad, "/count") == {"connections": 2, "requests": 1}
            silent.sendall(b"GET /peak HTTP/1.0\r\n\r\n")
            silent.recv(65536)
        assert numbers(own_bad, "/peak") == {"peak": 1}


def test_a_reset_starts_anew_with_what_is_still_open(own_bad: Origin) -> None:
    with connect(own_bad) as visitor:
        with connect(own_bad):
            assert numbers(own_bad, "/peak") == {"peak": 2}
        assert numbers(own_bad, "/reset-counters") == {"connections": 0, "requests": 0}
        assert numbers(own_bad, "/peak") == {"peak": 1}
        visitor.sendall(b"GET /ok HTTP/1.0\r\n\r\n")
        visitor.recv(65536)
    fetch(own_bad, "/ok")
    assert numbers(own_bad, "/peak") == {"peak": 1}
    assert numbers(own_bad, "/count") == {"connections": 1, "requests": 2}
