"""The values that pass between the layers: what is asked for, how, and what came of it.

Knows names and shapes only. Nothing here does work, reads a clock or opens anything. Values made once for each
input are msgspec structs, because they are created and encoded at C speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from fetchmux.errors import Code, FetchError, Phase

# A value of None leaves out fetchmux's own field of that name, as `-H 'Accept:'` does in curl.
Headers = tuple[tuple[str, str | None], ...]

KIBI = 1024
MAX_HEAD = 300 * KIBI
MAX_FIELDS = 5_000


# What is looked up: host (punycode, IPv6 without brackets) and port.
Name = tuple[str, int]


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


class Request(msgspec.Struct):
    """One input: what to send, or why it cannot be sent.

    Attributes:
        index: position in the input, from 0.
        input: the input as it was given, credentials masked.
        url: where it goes; None when `fault` says why there is none.
        headers: the user's fields for this request; they replace fetchmux's own of the same name.
        body: bytes to send after the head.
        id: the user's own name for this input, from JSON input.
        fault: what is wrong with the input itself; such a request is never sent, its record says so.
    """

    index: int
    input: str
    url: Url | None
    method: str = "GET"
    headers: Headers = ()
    body: bytes = b""
    id: str | int | None = None
    fault: FetchError | None = None


BodyUse = Literal["discard", "digest", "keep"]


@dataclass(frozen=True, slots=True)
class Options:
    """How a run fetches. Times in seconds, sizes in bytes.

    Attributes:
        concurrency: most exchanges in flight at once.
        connect_timeout: for the name, the connection and its handshakes, of one attempt.
        idle_timeout: longest silence of a connected peer.
        timeout: for one attempt, whole.
        max_body: most bytes of a body, or None.
        max_head: most bytes of all heads of one reply, interim ones included.
        keep_alive: ask for a connection that outlives its reply, and use it for the next request of that origin.
        compressed: offer content codings and decode them.
        body: what becomes of body bytes: counted only, hashed, or kept in memory.
        fail: a status of 400 or more counts as failed.
        http: the version that requests claim.
        follow, max_redirects: whether redirects are followed, and how many for one input.
        retries: most further attempts for one input; retry_all: also of methods that are not idempotent.
        retry_max_time: no attempt begins later than so many seconds after its input was read, or None.
        rate: requests a second of the whole run, or None; rate_per_host: to one host.
        per_host: most requests in flight to one host, or None.
    """

    concurrency: int = 64
    connect_timeout: float = 10.0
    idle_timeout: float = 30.0
    timeout: float = 60.0
    max_body: int | None = None
    max_head: int = MAX_HEAD
    keep_alive: bool = True
    compressed: bool = False
    body: BodyUse = "keep"
    fail: bool = False
    http: Literal["1.0", "1.1"] = "1.0"
    follow: bool = False
    max_redirects: int = 10
    retries: int = 0
    retry_all: bool = False
    retry_max_time: float | None = None
    rate: float | None = None
    rate_per_host: float | None = None
    per_host: int | None = None


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


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """What is trusted and shown in TLS.

    Attributes:
        cacert: a file of certificates to trust instead of the system's.
        cert, key: files with our own certificate and its key, where a server asks for one.
        insecure: take any certificate.
        minimum: the oldest protocol version, as "1.2".
    """

    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False
    minimum: Literal["1.0", "1.1", "1.2", "1.3"] = "1.2"


@dataclass(frozen=True, slots=True)
class Network:
    """How hosts are reached.

    Attributes:
        family: 4 or 6 for addresses of that version only, 0 for both.
        fixed: addresses that names have without being looked up, by host and port.
        no_private: refuse addresses that are not of the public internet.
        unix_socket: a path to connect to, whatever the host.
        proxy: asked for everything; "" for nothing, None where the environment says.
    """

    family: Literal[0, 4, 6] = 0
    fixed: tuple[tuple[Name, tuple[str, ...]], ...] = ()
    no_private: bool = False
    unix_socket: str | None = None
    proxy: str | None = None
    tls: TlsOptions = TlsOptions()


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
        ok: a whole response arrived (and with `Options.fail`, its status is below 400).
        body: the decoded body's bytes with `Options.body` "keep", else None; sinks choose how a record shows them.
        body_size: bytes of the decoded body.
        wire_size: bytes that arrived, heads and framing included.
        reused: the connection had already carried a request.
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


class CookieKeeper(Protocol):
    """Cookies of one input, from hop to hop."""

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
        self.cookies: CookieKeeper | None = None
