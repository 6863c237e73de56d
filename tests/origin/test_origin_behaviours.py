"""Each behaviour of the bad origin, as bytes on the wire."""

from __future__ import annotations

import http.client
import socket

import pytest

from fetchmux.origin.bad import behaviours
from fetchmux.origin.bad.bodies import BIG
from fetchmux.origin.bad.visit import BODY
from fetchmux.origin.launch import Origin

from .talk import collect, connect, fetch, numbers, session

NAMES = [
    "ok", "close-delimited", "chunked", "chunked-1.0", "short", "chunk-short", "bad-chunk", "junk", "http09",
    "empty", "half-head", "reset", "reset-body", "never", "drip", "drip-head", "stall-body", "huge-head",
    "many-fields", "two-lengths", "same-lengths", "bad-length", "nul-head", "stray-cr", "no-colon", "fold",
    "bare-lf", "early-413", "informational", "no-content", "not-modified", "trailing", "big", "endless",
    "keep-then-close", "keep-then-drop", "keep", "slow",
]  # fmt: skip


def visit(origin: Origin, name: str, limit: int = 1 << 62) -> tuple[bytes, str]:
    with connect(origin) as client:
        client.sendall(f"GET /{name} HTTP/1.0\r\n\r\n".encode())
        return collect(client, limit)


def test_the_catalogue_is_the_contract_s_and_every_entry_has_its_sentence() -> None:
    assert sorted(NAMES) == list(behaviours.NAMES)
    assert all(behaviours.meaning(name).endswith(".") for name in (*NAMES, "status-500"))
    assert behaviours.find("unknown") is behaviours.find("status-1000") is None


@pytest.mark.parametrize("name", ["ok", "close-delimited", "chunked", "slow", "keep", "same-lengths", "fold"])
def test_an_independent_client_is_content_with_what_is_proper(bad: Origin, name: str) -> None:
    assert fetch(bad, f"/{name}/anything?n=1") == (200, BODY)


@pytest.mark.parametrize(("name", "status"), [("ok", 200), ("status-404", 404), ("status-204", 204), ("unknown", 404)])
def test_a_status_is_the_one_in_the_name(bad: Origin, name: str, status: int) -> None:
    assert fetch(bad, f"/{name}")[0] == status
    assert fetch(bad, f"/{name}", "HEAD") == (status, b"")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("chunked-1.0", b"HTTP/1.0 200 OK\r\n"),
        ("chunked-1.0", b"\r\n0\r\n\r\n"),
        ("chunked", b";note=first\r\n"),
        ("chunked", b"\r\n0\r\nX-Trailer: yes\r\n\r\n"),
        ("bad-chunk", b"\r\nzz\r\n"),
        ("two-lengths", b"Content-Length: 5\r\n"),
        ("bad-length", b"Content-Length: five\r\n"),
        ("nul-head", b"X-Nul: a\x00b\r\n"),
        ("stray-cr", b"X-Stray: a\rb\r\n"),
        ("no-colon", b"\r\nThis is no field\r\n"),
        ("fold", b"X-Folded: one\r\n  two\r\n"),
        ("bare-lf", b"HTTP/1.1 200 OK\nContent-Type"),
        ("informational", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"),
        ("no-content", b"HTTP/1.1 204 No Content\r\n"),
        ("not-modified", b"Content-Length: 1000\r\n"),
        ("trailing", BODY + b"Bytes that belong to nothing."),
        ("many-fields", b"X-5999: 1\r\n"),
    ],
)
def test_the_fault_is_in_the_bytes_and_then_the_connection_ends(bad: Origin, name: str, part: bytes) -> None:
    data, ending = visit(bad, name)
    assert part in data
    assert ending == "end"


def test_bodies_that_end_early_end_early(bad: Origin) -> None:
    head, _, body = visit(bad, "short")[0].partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body) + 100}".encode() in head
    data, ending = visit(bad, "chunk-short")
    assert (data[-2:], data.endswith(b"\r\n0\r\n\r\n"), ending) == (b"\r\n", False, "end")
    for name in ("short", "chunk-short", "bad-chunk"):
        with pytest.raises((http.client.IncompleteRead, ValueError)):
            fetch(bad, f"/{name}")


def test_heads_that_are_none(bad: Origin) -> None:
    assert not visit(bad, "junk")[0].startswith(b"HTTP")
    assert visit(bad, "http09")[0].startswith(b"<!DOCTYPE html>")
    data, ending = visit(bad, "half-head")
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (b"\r\n\r\n" in data, ending) == (False, "end")


def test_connections_that_end_without_a_byte(bad: Origin) -> None:
    assert visit(bad, "empty") == (b"", "end")
    assert visit(bad, "reset") == (b"", "reset")


def test_a_reset_in_the_body_comes_after_half_of_it(bad: Origin) -> None:
    data, ending = visit(bad, "reset-body")
    assert data.endswith(b"\r\n\r\n" + BODY[: len(BODY) // 2])
    assert ending == "reset"


def test_204_and_304_have_no_body_but_may_look_as_if(bad: Origin) -> None:
    assert visit(bad, "no-content")[0].endswith(b"\r\n\r\n" + BODY)
    assert visit(bad, "not-modified")[0].endswith(b"\r\n\r\n")


@pytest.mark.parametrize("name", ["never", "stall-body"])
def test_a_server_that_says_no_more_holds_the_connection(bad: Origin, name: str) -> None:
    """A later question is answered while this connection is still open and silent."""
    expected = b"" if name == "never" else BODY[: len(BODY) // 2]
    with connect(bad) as client:
        client.sendall(f"GET /{name} HTTP/1.0\r\n\r\n".encode())
        data = b""
        while not data.endswith(expected):
            data += client.recv(65536)
        assert fetch(bad, "/slow")[0] == 200
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)


@pytest.mark.parametrize("name", ["drip", "drip-head"])
def test_a_drip_goes_on(bad: Origin, name: str) -> None:
    size = 100
    data, ending = visit(bad, name, size)
    assert (len(data), ending) == (size, "open")
    assert (b"\r\n\r\n" in data) == (name == "drip")


def test_what_is_huge_is_huge(bad: Origin) -> None:
    head, _, body = visit(bad, "huge-head")[0].partition(b"\r\n\r\n")
    assert (len(head) > 2 << 20, body) == (True, BODY)
    assert head.count(b"\r\n") < 5000
    head, _, body = visit(bad, "many-fields")[0].partition(b"\r\n\r\n")
    assert (len(head) < 300 * 1024, head.count(b"\r\n") > 6000, body) == (True, True, BODY)
    assert len(fetch(bad, "/big")[1]) == BIG


def test_endless_has_no_end(bad: Origin) -> None:
    data, ending = visit(bad, "endless", 20 << 20)
    assert (len(data), ending) == (20 << 20, "open")
    assert b"Content-Length" not in data[:200]


def test_an_early_413_is_there_though_the_body_was_never_read(bad: Origin) -> None:
    with connect(bad) as client:
        client.sendall(b"POST /early-413 HTTP/1.0\r\nContent-Length: 100000000\r\n\r\n")
        data = client.recv(65536)
        with pytest.raises(OSError, match=r"reset|pipe"):
            client.sendall(b"b" * 100_000_000)
        assert data.startswith(b"HTTP/1.1 413 ")


def test_an_unread_body_makes_the_early_413_end_with_a_reset(bad: Origin) -> None:
    with connect(bad) as client:
        client.sendall(b"POST /early-413 HTTP/1.0\r\nContent-Length: 9\r\n\r\n123456789")
        data, ending = collect(client)
    assert (data[:12], ending) == (b"HTTP/1.1 413", "reset")


def test_every_other_behaviour_reads_the_body_first(bad: Origin) -> None:
    with connect(bad) as client:
        client.sendall(b"POST /ok HTTP/1.0\r\nContent-Length: 2\r\n\r\n1")
        assert fetch(bad, "/ok")[0] == 200
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)
        client.setblocking(True)
        client.sendall(b"2")
        assert collect(client)[0].endswith(BODY)


def ask_to_keep(client: socket.socket, name: str) -> bytes:
    client.sendall(f"GET /{name} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode())
    data = b""
    while BODY not in data and (more := client.recv(65536)):
        data += more
    return data


def test_keep_keeps(own_bad: Origin) -> None:
    with session(own_bad) as connection:
        for _ in range(20):
            connection.request("GET", "/keep")
            with connection.getresponse() as response:
                assert response.read() == BODY
    assert numbers(own_bad, "/count") == {"connections": 1, "requests": 20}


@pytest.mark.parametrize("name", ["keep", "keep-then-close", "keep-then-drop", "trailing", "no-content"])
def test_a_promise_to_keep_is_made_when_asked_and_only_then(bad: Origin, name: str) -> None:
    with connect(bad) as client:
        assert b"Connection: keep-alive\r\n" in ask_to_keep(client, name)
    data, ending = visit(bad, name)
    assert (b"Connection: close\r\n" in data, ending) == (True, "end")


def test_promises_to_keep_are_broken(bad: Origin) -> None:
    with connect(bad) as client:
        ask_to_keep(client, "keep-then-close")
        assert collect(client) == (b"", "end")
    with connect(bad) as client:
        ask_to_keep(client, "keep-then-drop")
        assert fetch(bad, "/slow")[0] == 200
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)
        client.setblocking(True)
        assert ask_to_keep(client, "keep") == b""


def test_after_trailing_bytes_the_connection_goes_on(bad: Origin) -> None:
    with connect(bad) as client:
        ask_to_keep(client, "trailing")
        client.sendall(b"GET /ok HTTP/1.0\r\n\r\n")
        assert collect(client)[0].endswith(BODY)


def test_the_root_lists_every_name(bad: Origin) -> None:
    text = fetch(bad, "/")[1].decode()
    assert all(f"{name} " in text for name in NAMES)
