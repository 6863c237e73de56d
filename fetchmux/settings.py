"""What the user chooses for a whole run: limits, policy, and how hosts are reached.

Knows names, defaults and units only. Nothing here does work or checks anything.
"""

from __future__ import annotations

from typing import Literal

import msgspec

KIBI = 1024
MAX_HEAD = 300 * KIBI
MAX_FIELDS = 5_000

# What is looked up: host (punycode, IPv6 without brackets) and port.
Name = tuple[str, int]

BodyUse = Literal["discard", "digest", "keep"]


class Saving(msgspec.Struct, frozen=True):
    """Bodies become files.

    Attributes:
        directory: where.
        name: of each file, a template; its fields stand in `sinks.names`.
        keep_partial: what has come of a body that never became whole is kept as `.part`.
    """

    directory: str
    name: str
    keep_partial: bool = False


class Options(msgspec.Struct, frozen=True):
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
        spool: a directory for large ones of the bodies that are kept, so that they take no memory, or None.
        save: where bodies are saved, or None.
        archive: keep what was sent, and the body in memory whatever else becomes of it.
        fail: a status of 400 or more counts as failed.
        expect_status: the first and the last of each row of statuses that do not, where any are given.
        http: the version that requests claim.
        follow, max_redirects: whether redirects are followed, and how many for one input.
        retries: most further attempts for one input; retry_all: also of methods that are not idempotent.
        retry_max_time: no attempt begins later than so many seconds after its input was read, or None.
        rate: requests a second of the whole run, or None; rate_per_host: to one host.
        per_host: most requests in flight to one host, or None.
        deadline: for the whole run, or None.
        grace: how long a run that is stopped lets what is in flight go on.
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
    spool: str | None = None
    save: Saving | None = None
    archive: bool = False
    fail: bool = False
    expect_status: tuple[tuple[int, int], ...] = ()
    http: Literal["1.0", "1.1"] = "1.0"
    follow: bool = False
    max_redirects: int = 10
    retries: int = 0
    retry_all: bool = False
    retry_max_time: float | None = None
    rate: float | None = None
    rate_per_host: float | None = None
    per_host: int | None = None
    deadline: float | None = None
    grace: float = 5.0


class TlsOptions(msgspec.Struct, frozen=True):
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


class Network(msgspec.Struct, frozen=True):
    """How hosts are reached.

    Attributes:
        family: 4 or 6 for addresses of that version only, 0 for both.
        fixed: addresses that names have without being looked up, by host and port.
        no_private: refuse addresses that are not of the public internet.
        unix_socket: a path to connect to, whatever the host.
        proxy: asked for everything; "" for nothing, None where the environment says.
        netrc: a file of logins, for hosts that redirects lead to; "" for the usual one, None for nobody's.
    """

    family: Literal[0, 4, 6] = 0
    fixed: tuple[tuple[Name, tuple[str, ...]], ...] = ()
    no_private: bool = False
    unix_socket: str | None = None
    proxy: str | None = None
    tls: TlsOptions = TlsOptions()
    netrc: str | None = None
