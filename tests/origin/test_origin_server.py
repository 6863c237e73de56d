"""The good origin on the wire."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Iterator

import pytest

from fetchmux.origin.launch import Origin
from fetchmux.origin.request import MAX_BODY

from .talk import collect, connect, fetch, say, session


def statuses(data: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"HTTP/1\.[01] (\d+) ", data)]


def test_1_0_closes_unless_asked_to_keep(good: Origin) -> None:
    assert say(good, b"GET /status/299 HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 299 ")
    with connect(good) as client:
        for _ in range(3):
            client.sendall(b"GET /bytes/0 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert b"Connection: keep-alive\r\n" in client.recv(65536)
        client.sendall(b"GET /bytes/0 HTTP/1.0\r\n\r\n")
        assert b"Connection: close\r\n" in collect(client)[0]


def test_1_1_keeps_unless_asked_to_close(good: Origin) -> None:
    with session(good) as connection:
        sockets = set()
        for _ in range(3):
            connection.request("GET", "/bytes/10")
            sockets.add(connection.sock)
            with connection.getresponse() as response:
                assert len(response.read()) == 10
        assert len(sockets) == 1
    assert b"Connection: close\r\n" in say(good, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")


def test_pipelined_requests_are_answered_in_order_though_the_first_is_the_slowest(good: Origin) -> None:
    paths = ["/status/201?delay=0.1", "/status/202", "/bytes/50000", "/status/203?delay=0.01", "/none"]
    asked = b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths)
    data = say(good, asked + b"GET /status/299 HTTP/1.0\r\n\r\n")
    assert statuses(data) == [201, 202, 200, 203, 404, 299]


def test_a_request_may_arrive_byte_by_byte(good: Origin) -> None:
    with connect(good) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc":
            client.sendall(bytes([byte]))
        assert collect(client)[0].endswith(b"\r\n\r\nabc")


def test_a_client_that_has_stopped_sending_is_still_answered(good: Origin) -> None:
    with connect(good) as client:
        client.sendall(b"GET /status/299?delay=0.05 HTTP/1.1\r\nHost: a\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        assert collect(client)[0].startswith(b"HTTP/1.1 299 ")


@pytest.mark.parametrize("head", [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.0\r\nno colon\r\n\r\n"])
def test_a_malformed_request_gets_400_and_the_connection_ends(good: Origin, head: bytes) -> None:
    data = say(good, head + b"GET / HTTP/1.0\r\n\r\n")
    assert statuses(data) == [400]


def test_a_value_that_makes_no_sense_does_not_end_the_connection(good: Origin) -> None:
    data = say(good, b"GET /?delay=x HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n")
    assert statuses(data) == [400, 200]


def test_a_refusal_reaches_a_client_that_is_still_sending(good: Origin) -> None:
    """The server reads on for a while, since a reset would take the refusal with it."""
    with connect(good) as client:
        client.sendall(b"GET / HTTP/1.0\r\nA: " + b"a" * 1_000_000)
        client.shutdown(socket.SHUT_WR)
        data, ending = collect(client)
    assert (data.split()[1], ending) == (b"431", "end")


def test_echo_returns_the_body_with_its_type(good: Origin) -> None:
    body = bytes(range(256)) * 4000
    with session(good) as connection:
        connection.request("POST", "/echo", body, {"Content-Type": "image/x-odd"})
        with connection.getresponse() as response:
            assert response.headers["Content-Type"] == "image/x-odd"
            assert response.read() == body


def test_echo_takes_a_chunked_body(good: Origin) -> None:
    def parts() -> Iterator[bytes]:
        yield from (b"one ", b"two ", b"x" * 100_000)

    assert fetch(good, "/echo", "PUT", parts()) == (200, b"one two " + b"x" * 100_000)


def test_a_body_that_nobody_asked_for_is_read_away(good: Origin) -> None:
    with session(good) as connection:
        for _ in range(2):
            connection.request("POST", "/bytes/3", b"b" * 300_000)
            with connection.getresponse() as response:
                assert len(response.read()) == 3


def test_expect_is_answered_with_100_before_the_body_is_sent(good: Origin) -> None:
    with connect(good) as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ok")
        client.shutdown(socket.SHUT_WR)
        assert collect(client)[0].endswith(b"\r\n\r\nok")


def test_a_body_too_large_is_refused_before_it_is_asked_for(good: Origin) -> None:
    head = f"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n"
    with connect(good) as client:
        client.sendall(head.encode())
        client.shutdown(socket.SHUT_WR)
        assert collect(client)[0].startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/bytes/100000", "/status/404", "/s?wd=a", "/waiting", "/echo"])
def test_head_is_answered_without_a_body(good: Origin, path: str) -> None:
    with session(good) as connection:
        for _ in range(2):
            connection.request("HEAD", path)
            with connection.getresponse() as response:
                assert response.headers["Content-Length"] is not None
                assert response.read() == b""


@pytest.mark.parametrize("status", [200, 204, 205, 304, 404, 599, 999])
def test_a_status_leaves_the_connection_in_order(good: Origin, status: int) -> None:
    with session(good) as connection:
        for _ in range(2):
            connection.request("GET", f"/status/{status}")
            with connection.getresponse() as response:
                assert response.status == status
                assert (response.read() == b"") == (status in (204, 205, 304))


def test_headers_are_told_as_they_arrived(good: Origin) -> None:
    told = json.loads(fetch(good, "/headers", headers={"X-Odd": "a b"})[1])
    assert ["X-Odd", "a b"] in told


def test_a_gigabyte_is_streamed_in_constant_memory(own_good: Origin) -> None:
    size = 1 << 30
    with session(own_good) as connection:
        connection.request("GET", f"/bytes/{size}")
        with connection.getresponse() as response:
            buffer, received = bytearray(1 << 20), 0
            while count := response.readinto(buffer):
                received += count
    assert received == size
    with open(f"/proc/{own_good.pid}/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    assert peak < 200 * 1024


def test_clients_that_reset_leave_no_trace(own_good: Origin) -> None:
    """Whatever they were in the middle of; that nothing is printed is checked where the origin is stopped."""
    middles = [
        b"",
        b"GET / HT",
        b"GET /bytes/100000000 HTTP/1.0\r\n\r\n",
        b"POST /echo HTTP/1.0\r\nContent-Length: 9\r\n\r\n1",
    ]
    for said in middles:
        for _ in range(5):
            with connect(own_good) as client:
                client.sendall(said)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert fetch(own_good, "/status/299")[0] == 299
