"""What passes between an exchange and a peer: the request's parts, and a whole reply or the reason for none.

Knows how an exchange is filled in without bytes. Must not know any peer.
"""

from __future__ import annotations

import functools
import os
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Carried, Exchange
from fetchmux.http.head import Head
from fetchmux.settings import Options

# Of a message: some libraries quote all they have received.
_LONGEST = 200


class Meaning(NamedTuple):
    """What a record calls an exception of these kinds; with `words`, only one that says so, where the kind does not."""

    kinds: type[BaseException] | tuple[type[BaseException], ...]
    code: Code
    phase: Phase
    words: str = ""


_COMMON: tuple[Meaning, ...] = (
    Meaning(ssl.SSLError, Code.TLS_FAILED, Phase.TLS),
    Meaning(socket.gaierror, Code.RESOLVE_FAILED, Phase.RESOLVE),
    Meaning(ConnectionRefusedError, Code.CONNECT_REFUSED, Phase.CONNECT),
    Meaning((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), Code.CONNECTION_LOST, Phase.HEAD),
    Meaning(TimeoutError, Code.TIMEOUT, Phase.HEAD),
    Meaning(OSError, Code.CONNECT_FAILED, Phase.CONNECT),
)


class Reply(NamedTuple):
    """A whole reply.

    Attributes:
        version: "1.0" or "1.1"; fields: in the order of the head.
    """

    status: int
    reason: str
    version: str
    fields: Sequence[tuple[str, str]]
    body: bytes


def begin(carried: Carried, options: Options) -> Exchange:
    """The exchange, with the one deadline that can be watched from outside of a peer: that of the whole attempt."""
    exchange = carried.core
    if not exchange.cancelled:
        exchange.deadline = exchange.started_at + options.timeout
    return exchange


def headed(exchange: Exchange) -> None:
    """The head is here and the body is not yet, for peers that can tell."""
    exchange.first_at = time.monotonic()


def fields(exchange: Exchange) -> list[tuple[str, str]]:
    """The fields of the request as a strategy would send it, but for those that every library writes itself."""
    size = len(exchange.outgoing) - len(exchange.job.body)
    return _read(bytes(exchange.outgoing[:size]).partition(b"\r\n")[2], exchange.job.url.origin.host_header)


@functools.lru_cache(64)
def _read(lines: bytes, host: str) -> list[tuple[str, str]]:
    """Most requests of a run differ in their first line only."""
    pairs = (line.split(": ", 1) for line in lines.decode().split("\r\n") if line)
    # Of these every library writes its own, unless the user wants another host to be named.
    own = (("host", host), "content-length")
    return [(name, value) for name, value in pairs if name.lower() not in own and (name.lower(), value) not in own]


def fill(exchange: Exchange, reply: Reply) -> None:
    """The reply is here: the exchange is done."""
    now = time.monotonic()
    exchange.collector.head = Head(reply.status, reply.reason, reply.version, list(reply.fields))
    exchange.collector.body_size = len(reply.body)
    exchange.connected_at = exchange.connected_at or exchange.started_at
    exchange.sent_at = exchange.sent_at or exchange.connected_at
    exchange.first_at = exchange.first_at or now
    if exchange.store is not None and reply.body:
        try:
            exchange.store.write(reply.body)
        except FetchError as error:
            exchange.fail(error)
            return
    exchange.done = True
    exchange.done_at = now


def lose(exchange: Exchange, exception: BaseException, meanings: Sequence[Meaning] = ()) -> None:
    """There is no reply: the exchange is done.

    `meanings` are those of the peer's own exceptions, the most telling first; the system's have theirs anyway.
    """
    error = exception if isinstance(exception, FetchError) else _named(exception, meanings)
    if error.phase is Phase.HEAD and exchange.first_at:
        error.phase = Phase.BODY
    if error.phase not in (Phase.RESOLVE, Phase.CONNECT, Phase.TLS):
        exchange.connected_at = exchange.connected_at or exchange.started_at
    exchange.fail(error)


def late(exchange: Exchange, options: Options) -> None:
    """The deadline has passed, or the run was cancelled: the exchange is done."""
    lose(exchange, FetchError(Code.TIMEOUT, f"no whole response within {options.timeout:g} s", Phase.HEAD))


def _named(exception: BaseException, meanings: Sequence[Meaning]) -> FetchError:
    causes = list(_causes(exception))
    for kinds, code, phase, words in (*meanings, *_COMMON):
        for cause in causes:
            if isinstance(cause, kinds) and words in str(cause):
                return FetchError(code, _sentence(cause), phase)
    return FetchError(Code.INTERNAL, f"{type(exception).__name__}: {exception}", Phase.HEAD)


def _causes(exception: BaseException | None) -> Iterator[BaseException]:
    """An exception and those that it wraps: libraries hand the system's on as a cause, a context or an argument."""
    seen: set[int] = set()
    waiting = [exception]
    while waiting:
        cause = waiting.pop(0)
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [cause.__cause__, cause.__context__]
            # Twisted wraps several at once.
            waiting += [getattr(failure, "value", None) for failure in getattr(cause, "reasons", ())]
            waiting += [item for item in (*cause.args, getattr(cause, "reason", None)) if isinstance(item, Exception)]


def _sentence(exception: BaseException) -> str:
    if isinstance(exception, OSError) and not isinstance(exception, socket.gaierror | ssl.SSLError) and exception.errno:
        return os.strerror(exception.errno)
    words = " ".join(str(exception).split())[:_LONGEST]
    return "".join(char if char.isprintable() else "�" for char in words) or type(exception).__name__
