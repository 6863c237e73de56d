"""What crosses between the processes: requests one way, results the other, in batches, over a socket.

A frame is its length, a byte that says what it is, and its content in MessagePack. Nothing of it stands in a command
line, where everybody could read a password.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import msgspec

from fetchmux.model import Headers, Hop, Job, Known, Origin, Request, Result, Url
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
    """What a process is told first: how it fetches.

    Attributes:
        homes: each host belongs to one process: what a redirect leads to another host is passed on.
    """

    backend: str
    options: Options
    network: Network
    homes: bool


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A `model.Url` with its origin. `url` bears no credentials; `authorization` does."""

    scheme: str
    name: Name
    host_header: str
    target: str
    url: str
    authorization: str | None


class Journey(msgspec.Struct, frozen=True, array_like=True):
    """How far a `model.Job` has come, from which a redirect has led to a host of another process."""

    place: Place
    method: str
    headers: Headers
    body: bytes
    hops: list[Hop]
    attempts: int
    arrived: float
    resolving: float
    cookies: bytes | None


class Order(msgspec.Struct, frozen=True, array_like=True):
    """One request, as its process is told of it, and how far it has come elsewhere."""

    index: int
    input: str
    place: Place
    method: str
    headers: Headers
    body: bytes
    id: str | int | None
    journey: Journey | None
    sha256: str | None
    known: Known | None


class Report(msgspec.Struct, frozen=True, array_like=True):
    """How a process stands.

    Attributes:
        in_flight: requests that are under way.
        taken: how many of the requests that it was sent it has looked at so far.
        results: what has ended since the last report.
        passed: what others have to go on with, by its index.
    """

    in_flight: int
    taken: int
    results: list[Result]
    passed: list[tuple[int, Journey]]


def order(request: Request, journey: Journey | None = None) -> Order:
    """A request without fault, made ready to cross."""
    assert request.url is not None
    # All by place: naming them costs as much as the rest.
    return Order(
        request.index, request.input, _place(request.url), request.method, request.headers, request.body, request.id,
        journey, request.sha256, request.known,
    )  # fmt: skip


def journey(job: Job) -> Journey:
    """A job that others go on with, made ready to cross."""
    cookies = None if job.cookies is None else job.cookies.dump()
    return Journey(
        _place(job.url), job.method, job.headers, job.body, job.hops, job.attempts, job.arrived, job.resolving, cookies
    )


def _place(url: Url) -> Place:
    origin = url.origin
    return Place(origin.scheme, origin.name, origin.host_header, url.target, url.text, url.authorization)


class Requests:
    """Makes requests of orders again; every URL of an origin gets the same object in its process, too."""

    def __init__(self) -> None:
        self._origins: dict[tuple[str, Name], Origin] = {}

    def of(self, order: Order) -> Request | Job:
        """The request that an order was made of, or the job that has come some way already."""
        url = self._url(order.place)
        request = Request(
            order.index, order.input, url, order.method, order.headers, order.body, order.id, order.sha256,
            known=order.known,
        )  # fmt: skip
        return request if order.journey is None else self._resumed(request, order.journey)

    def _resumed(self, request: Request, journey: Journey) -> Job:
        # Every process of this machine has the same monotonic clock.
        job = Job(request, self._url(journey.place), journey.arrived)
        job.method, job.headers, job.body = journey.method, journey.headers, journey.body
        job.hops, job.attempts, job.resolving = journey.hops, journey.attempts, journey.resolving
        if journey.cookies is not None:
            from fetchmux.policy.cookies import Cookies

            job.cookies = cookies = Cookies()
            cookies.load(journey.cookies)
        return job

    def _url(self, place: Place) -> Url:
        origin = self._origins.get((place.scheme, place.name)) or self._learn(place)
        return Url(origin, place.target, place.url, place.authorization)

    def _learn(self, place: Place) -> Origin:
        if len(self._origins) >= _MOST_ORIGINS:
            self._origins.clear()
        origin = Origin(place.scheme, place.name, place.host_header)
        self._origins[place.scheme, place.name] = origin
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
