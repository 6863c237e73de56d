"""What crosses between the processes: requests one way, results the other, in batches, over a socket.

A frame is its length, a byte that says what it is, and its content in MessagePack. Nothing of it stands in a command
line, where everybody could read a password.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import msgspec

from fetchmux.model import Headers, Origin, Request, Result, Url
from fetchmux.settings import Name, Network, Options

_HEADER = 5
_MOST_ORIGINS = 100_000


class Kind(IntEnum):
    """What a frame is: two that the process hears that fetches, and what it says, in the order of its life."""

    CHARGE = 0
    ORDERS = 1
    HERE = 2
    READY = 3
    REFUSAL = 4
    NOTICE = 5
    REPORT = 6


class Charge(msgspec.Struct, frozen=True):
    """What a process is told first: how it fetches."""

    backend: str
    options: Options
    network: Network


class Order(msgspec.Struct, frozen=True, array_like=True):
    """One request, as its process is told of it. `url` bears no credentials; `authorization` does."""

    index: int
    input: str
    scheme: str
    name: Name
    host_header: str
    target: str
    url: str
    authorization: str | None
    method: str
    headers: Headers
    body: bytes
    id: str | int | None


class Report(msgspec.Struct, frozen=True, array_like=True):
    """How a process stands.

    Attributes:
        in_flight: requests that are under way.
        taken: how many of the requests that it was sent it has looked at so far.
        results: what has ended since the last report.
    """

    in_flight: int
    taken: int
    results: list[Result]


def order(request: Request) -> Order:
    """A request without fault, made ready to cross."""
    url = request.url
    assert url is not None
    origin = url.origin
    # All by place: naming them costs as much as the rest.
    return Order(
        request.index, request.input, origin.scheme, origin.name, origin.host_header, url.target, url.text,
        url.authorization, request.method, request.headers, request.body, request.id,
    )  # fmt: skip


class Requests:
    """Makes requests of orders again; every URL of an origin gets the same object in its process, too."""

    def __init__(self) -> None:
        self._origins: dict[tuple[str, Name], Origin] = {}

    def of(self, order: Order) -> Request:
        """The request that an order was made of."""
        origin = self._origins.get((order.scheme, order.name)) or self._learn(order)
        url = Url(origin, order.target, order.url, order.authorization)
        return Request(order.index, order.input, url, order.method, order.headers, order.body, order.id)

    def _learn(self, order: Order) -> Origin:
        if len(self._origins) >= _MOST_ORIGINS:
            self._origins.clear()
        origin = Origin(order.scheme, order.name, order.host_header)
        self._origins[order.scheme, order.name] = origin
        return origin


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
            with memoryview(buffer) as view:
                whole.append((Kind(buffer[at + 4]), bytes(view[at + _HEADER : end])))
            at = end
        del buffer[:at]
        return whole


decode_charge = msgspec.msgpack.Decoder(Charge).decode
decode_orders = msgspec.msgpack.Decoder(list[Order]).decode
decode_report = msgspec.msgpack.Decoder(Report).decode
decode_text = msgspec.msgpack.Decoder(str).decode
