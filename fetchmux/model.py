"""The values that pass between the layers: what is asked for, and what came of it.

Knows names and shapes only. Nothing here does work, reads a clock or opens anything. Values made once for each
input are msgspec structs, because they are created and encoded at C speed.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import msgspec

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.settings import Name

# A value of None leaves out fetchmux's own field of that name, as `-H 'Accept:'` does in curl.
Headers = tuple[tuple[str, str | None], ...]


class Address(NamedTuple):
    """Where to connect: what `socket.socket` and `socket.connect` take."""

    family: int
    sockaddr: Any


class Origin:
    """Scheme, host and port: what shares connections, limits and the constant part of a request.

    One object for each origin of a run, so that it is compared by identity.

    Attributes:
        scheme: "http" or "https".
        name: host and port; the port is the scheme's own when the URL names none.
        host_header: as it is sent: port only when it is not the scheme's, IPv6 in brackets.
    """

    __slots__ = ("host_header", "name", "scheme")

    def __init__(self, scheme: str, name: Name, host_header: str) -> None:
        self.scheme = scheme
        self.name = name
        self.host_header = host_header

    def __repr__(self) -> str:
        return f"{self.scheme}://{self.host_header}"


class Url(msgspec.Struct, frozen=True):
    """A parsed URL without its credentials.

    Attributes:
        origin: whom to ask.
        target: origin-form, path and query as they are sent, percent-encoded; no fragment.
        text: the whole URL as records show it, normalised by the WHATWG rules, without user name and password.
        authorization: the value of an Authorization field made from the URL's credentials, or None.
    """

    origin: Origin
    target: str
    text: str
    authorization: str | None = None


class Known(msgspec.Struct, frozen=True, array_like=True):
    """A body that was saved before, and how its server is asked whether it has changed.

    Attributes:
        url: where it came from, behind all redirects.
        fields: the question; it is asked there and nowhere else.
        path: the file; with its size in bytes and its time in nanoseconds when it had just been saved.
        sha256: of the body, in lower case, or None where nobody had it computed.
    """

    url: str
    fields: Headers
    path: str
    size: int
    time: int
    sha256: str | None


class Request(msgspec.Struct):
    """One input: what to send, or why it cannot be sent.

    Attributes:
        index: position in the input, from 0.
        input: the input as it was given, credentials masked.
        url: where it goes; None when `fault` says why there is none.
        headers: the user's fields for this request; they replace fetchmux's own of the same name.
        body: bytes to send after the head.
        id: the user's own name for this input, from JSON input.
        sha256: of the body that is expected, in lower case, or None.
        fault: what is wrong with the input itself; such a request is never sent, its record says so.
        known: what an earlier run has saved of it, or None: then it is asked for without a condition of ours.
    """

    index: int
    input: str
    url: Url | None
    method: str = "GET"
    headers: Headers = ()
    body: bytes = b""
    id: str | int | None = None
    sha256: str | None = None
    fault: FetchError | None = None
    known: Known | None = None

    def fingerprint(self) -> int:
        """A number of 64 bits for what is asked; inputs that cannot be sent are told apart by their text."""
        import hashlib

        url = self.input if self.url is None else self.url.text
        parts = "\0".join((self.method, url, repr(self.headers)))
        digest = hashlib.blake2b(parts.encode("utf-8", "surrogatepass") + b"\0" + self.body, digest_size=8)
        return int.from_bytes(digest.digest(), "big")


class Store(Protocol):
    """Where the bytes of one body go, as they come."""

    def write(self, data: bytes) -> None:
        """Take the next bytes of the decoded body. Raises FetchError `save-failed`."""
        ...

    def finish(self, result: Result) -> None:
        """The body is whole: fill in what the record tells of it."""
        ...

    def drop(self) -> None:
        """The attempt failed: leave nothing behind."""
        ...


class Timings(msgspec.Struct):
    """Where the time of one input went, in seconds. `total` is the sum of the others.

    `queued` is all that was not spent on the last attempt: waiting for a slot, earlier attempts and their pauses.
    """

    queued: float = 0.0
    resolve: float = 0.0
    connect: float = 0.0
    tls: float = 0.0
    send: float = 0.0
    wait: float = 0.0
    receive: float = 0.0
    total: float = 0.0


class Failure(msgspec.Struct, frozen=True):
    """Why an input failed: `error` of the record."""

    code: Code
    phase: Phase
    message: str


class Hop(msgspec.Struct, frozen=True):
    """One redirect that was followed."""

    url: str
    status: int


class Result(msgspec.Struct):
    """What came of one input: exactly one for each, failures too. Its fields, in order, are the JSON record.

    Attributes:
        ok: a whole response arrived, and it is as `Options.fail`, `expect_status` and `Request.sha256` ask for.
        body: the decoded body's bytes with `Options.body` "keep", else None; sinks choose how a record shows them.
        body_size: bytes of the decoded body.
        wire_size: bytes that arrived, heads and framing included.
        reused: the connection had already carried a request.
        sent: with `Options.archive`, the bytes of the last request. No part of the record: whoever keeps archives
            takes it out, and what is not set is not encoded.
        spooled: the file that holds a large body in the place of `body`, with `Options.spool`; whoever writes the body
            removes it. No part of the record either.
    """

    index: int
    id: str | int | None
    input: str
    url: str | None
    final_url: str | None
    method: str
    ok: bool
    status: int | None
    reason: str | None
    http_version: str | None
    headers: list[tuple[str, str]]
    body_size: int
    wire_size: int
    body: bytes | None
    body_encoding: str | None
    sha256: str | None
    saved_to: str | None
    redirects: list[Hop]
    attempts: int
    remote_address: str | None
    reused: bool
    timings: Timings
    error: Failure | None
    backend: str
    sent: bytes | msgspec.UnsetType = msgspec.UNSET
    spooled: str | msgspec.UnsetType = msgspec.UNSET


# What results have and records do not.
UNRECORDED = ("sent", "spooled")


class CookieKeeper(Protocol):
    """Cookies of one input, from hop to hop."""

    def dump(self) -> bytes:
        """All of them, for another process of this program."""
        ...

    def take(self, fields: list[tuple[str, str]], url: str) -> None:
        """Keep what a reply from `url` sets."""
        ...

    def give(self, url: str) -> str | None:
        """The value of the Cookie field for a request to `url`, or None."""
        ...


class Job:
    """One input on its way through the frontier, as its next attempt will be.

    Attributes:
        request: what was asked for; `url`, `method`, `headers` and `body` are its own until a redirect changes them.
        arrived: when it was taken from the input, on the run's clock.
        resolving: seconds that it has waited for addresses.
        addresses: where its origin is, in order of preference; `turn` is the one to try.
        attempts: exchanges begun for it, without those that a redirect or a dead connection took.
        fresh: the next attempt must not reuse a connection.
        hops: the redirects that were followed; cookies: what they set.
        sent: the bytes of the latest attempt's request, with `Options.archive`.
        setback: what becomes of it when its next attempt can only begin after the time for retries; None: it has none.
    """

    __slots__ = (
        "addresses",
        "arrived",
        "attempts",
        "body",
        "cookies",
        "fresh",
        "headers",
        "hops",
        "method",
        "request",
        "resolving",
        "sent",
        "setback",
        "turn",
        "url",
    )

    def __init__(self, request: Request, url: Url, arrived: float) -> None:
        self.request = request
        self.url = url
        self.method = request.method
        self.headers = request.headers
        self.body = request.body
        self.arrived = arrived
        self.resolving = 0.0
        self.addresses: tuple[Address, ...] = ()
        self.turn = 0
        self.attempts = 0
        self.fresh = False
        self.hops: list[Hop] = []
        self.sent = b""
        self.cookies: CookieKeeper | None = None
        self.setback: FetchError | None = None
