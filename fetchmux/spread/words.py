"""What crosses between the processes: requests one way, results the other, in batches, over a socket.

A frame is its length, a byte that says what it is, and its content in MessagePack. Nothing of it stands in a command
line, where everybody could read a password.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import msgspec

from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Headers, Request, Result
from fetchmux.settings import Network, Options

_HEADER = 5


class Kind(IntEnum):
    """What a frame is."""

    CHARGE = 0
    ORDERS = 1
    RESULTS = 2
    NOTICE = 3
    REFUSAL = 4


class Charge(msgspec.Struct, frozen=True):
    """What a process is told first: how it fetches."""

    backend: str
    options: Options
    network: Network


class Order(msgspec.Struct, frozen=True, array_like=True):
    """One request, as its process is told of it. `url` bears no credentials; `authorization` does."""

    index: int
    input: str
    url: str
    method: str
    headers: Headers
    body: bytes
    id: str | int | None
    authorization: str | None
    sha256: str | None


def order(request: Request) -> Order:
    """A request without fault, made ready to cross."""
    url = request.url
    assert url is not None
    return Order(
        request.index, request.input, url.text, request.method, request.headers, request.body, request.id,
        url.authorization, request.sha256,
    )  # fmt: skip


class Requests:
    """Makes requests of orders again; every URL of an origin gets the same object in its process, too."""

    def __init__(self) -> None:
        self._urls = UrlReader()

    def of(self, order: Order) -> Request:
        """The request that an order was made of."""
        url = self._urls.read(order.url)
        url = type(url)(url.origin, url.target, url.text, order.authorization)
        return Request(order.index, order.input, url, order.method, order.headers, order.body, order.id, order.sha256)


def frame(kind: Kind, content: Any) -> bytes:
    """The bytes of a frame."""
    body = msgspec.msgpack.encode(content)
    return len(body).to_bytes(4, "big") + bytes((kind,)) + body


class Frames:
    """Cuts a stream of bytes into frames again."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        """Take bytes; the frames that are whole by now."""
        buffer = self._buffer
        buffer += data
        whole, at = [], 0
        while len(buffer) - at >= _HEADER:
            end = at + _HEADER + int.from_bytes(buffer[at : at + 4], "big")
            if len(buffer) < end:
                break
            whole.append((Kind(buffer[at + 4]), bytes(buffer[at + _HEADER : end])))
            at = end
        del buffer[:at]
        return whole


decode_charge = msgspec.msgpack.Decoder(Charge).decode
decode_orders = msgspec.msgpack.Decoder(list[Order]).decode
decode_results = msgspec.msgpack.Decoder(list[Result]).decode
decode_text = msgspec.msgpack.Decoder(str).decode
