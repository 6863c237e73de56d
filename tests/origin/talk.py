"""Plain clients for the tests: raw sockets and http.client. The time-out makes a hanging test a failing one."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

from fetchmux.origin.launch import Origin

TIMEOUT = 60.0


def connect(origin: Origin) -> socket.socket:
    return socket.create_connection(origin.address, timeout=TIMEOUT)


def collect(client: socket.socket, limit: int = 1 << 62) -> tuple[bytes, str]:
    """Read until `limit` bytes are there or the connection ends; say how it stands: open, end or reset."""
    parts: list[bytes] = []
    room = limit
    try:
        while room > 0:
            data = client.recv(min(room, 1 << 16))
            if not data:
                return b"".join(parts), "end"
            parts.append(data)
            room -= len(data)
    except ConnectionResetError:
        return b"".join(parts), "reset"
    return b"".join(parts), "open"


def say(origin: Origin, data: bytes) -> bytes:
    """Send bytes on a connection of their own and return all that comes until the server closes."""
    with connect(origin) as client:
        client.sendall(data)
        return collect(client)[0]


@contextlib.contextmanager
def session(origin: Origin) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(http.client.HTTPConnection(*origin.address, timeout=TIMEOUT)) as connection:
        yield connection


def fetch(
    origin: Origin, path: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    with session(origin) as connection:
        connection.request(method, path, body, headers or {})
        with connection.getresponse() as response:
            return response.status, response.read()


def numbers(origin: Origin, path: str) -> Any:
    return json.loads(fetch(origin, path)[1])
