"""Exchanges behind proxies: how they are begun, carried over a plain socket, and fed bytes without one."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable

from fetchmux.errors import FetchError
from fetchmux.exchange import Carried, Clock, Exchange
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Address, Job, Request
from fetchmux.settings import Options
from fetchmux.sinks.stores import Keep
from fetchmux.tls import Channel, TlsExchange
from tests.frontier.world import address_of

AGENT = "fetchmux/test"
NOWHERE = address_of(("proxy", 3128))[0]
_PATIENT = Options(connect_timeout=20, idle_timeout=20, timeout=30)


def begin(
    url: str,
    *,
    address: Address = NOWHERE,
    clock: Clock = time.monotonic,
    options: Options = _PATIENT,
    outgoing: bytes | None = None,
    reused: bool = False,
) -> Exchange:
    """An exchange for a URL, to be carried to `address`."""
    read = UrlReader().read(url)
    if outgoing is None:
        outgoing = f"GET {read.target} HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n".encode()
    job = Job(Request(0, url, read), read, clock())
    return Exchange(job, address, outgoing, Keep(), options, clock, reused=reused)


def seal(exchange: Exchange, context: ssl.SSLContext, predecessor: Carried | None = None) -> TlsExchange:
    """Wrap an exchange in TLS."""
    if isinstance(predecessor, TlsExchange):
        return TlsExchange(exchange, predecessor.channel)
    return TlsExchange(exchange, Channel(context, exchange.job.url.origin, {}))


def failure(carried: Carried) -> tuple[str, str]:
    """Code and phase of an exchange that has failed."""
    error = complaint(carried)
    assert error.phase is not None
    return error.code, error.phase


def complaint(carried: Carried) -> FetchError:
    """Why an exchange has failed."""
    assert carried.done
    assert carried.core.error is not None
    return carried.core.error


# Without a socket


def speak(carried: Carried) -> bytes:
    """Send all that is to be sent now."""
    said = bytes(carried.outgoing)
    if said:
        carried.sent(len(said))
    return said


def whole(data: bytes) -> Iterable[bytes]:
    return [data]


def by_bytes(data: bytes) -> Iterable[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


# With a socket


def carry(carried: Carried, sock: socket.socket | None = None) -> socket.socket:
    """The conversation of every strategy; the socket is the caller's afterwards."""
    if sock is None:
        sock = socket.socket(carried.address.family, socket.SOCK_STREAM)
        sock.settimeout(20)
        try:
            sock.connect(carried.address.sockaddr)
            carried.connected()
        except OSError as error:
            carried.fail(error)
    while not carried.done:
        try:
            if carried.outgoing:
                carried.sent(sock.send(carried.outgoing))
            else:
                carried.feed(sock.recv(64 * 1024))
        except OSError as error:
            carried.fail(error)
    return sock
