"""A server's life on gevent: listen, announce, accept, and end on a signal or with the parent.

Knows processes and listening sockets; what is said on a connection is the affair of `converse`.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gevent
import gevent.event
import gevent.server
import gevent.socket

if TYPE_CHECKING:
    import ssl

BACKLOG = 4096
_READ = 1

Converse = Callable[[gevent.socket.socket], None]


def run(
    converse: Converse,
    host: str,
    port: int,
    announce: Callable[[str], None],
    lifeline: int | None = None,
    certificate: tuple[str, str] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until the descriptor `lifeline` is at its end; `announce` gets the base URL.

    With `certificate`, the names of a file with certificates and of one with the key, TLS is spoken.

    An address that cannot be bound raises OSError before anything is announced.
    """
    _allow_many_descriptors()
    # A full table of descriptors is met by accepting later, as gevent does, and not by a traceback for each attempt.
    hub = gevent.get_hub()
    hub.NOT_ERROR = (*hub.NOT_ERROR, OSError)
    listener = _listen(host, port)
    present: set[gevent.socket.socket] = set()

    def attend(connection: gevent.socket.socket, _address: object) -> None:
        present.add(connection)
        try:
            converse(connection)
        finally:
            present.discard(connection)

    secure: dict[str, Any] = {} if certificate is None else {"ssl_context": _context(*certificate)}
    server = gevent.server.StreamServer(listener, attend, **secure)
    with _end_of_service(lifeline) as ended:
        server.start()
        try:
            announce(_url(listener, secure=bool(secure)))
            ended.wait()
        finally:
            server.stop()
            for connection in list(present):
                connection.close()
            gevent.sleep(0)


def _allow_many_descriptors() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listener.setblocking(False)
    # On Linux accepted sockets inherit the option: one system call for all connections instead of one for each.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _url(listener: socket.socket, *, secure: bool) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _context(certificate: str, key: str) -> ssl.SSLContext:
    # Late: most servers have no use for OpenSSL.
    import gevent.ssl

    context: ssl.SSLContext = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@contextmanager
def _end_of_service(lifeline: int | None) -> Iterator[gevent.event.Event]:
    """Give an event that is set when the service shall end."""
    ended = gevent.event.Event()
    signals = [gevent.signal_handler(number, ended.set) for number in (signal.SIGTERM, signal.SIGINT)]
    parent = None if lifeline is None else gevent.get_hub().loop.io(lifeline, _READ)

    def look() -> None:
        if lifeline is not None and not os.read(lifeline, 4096):
            ended.set()

    if parent is not None:
        parent.start(look)
    try:
        yield ended
    finally:
        for watcher in signals:
            watcher.cancel()
        if parent is not None:
            parent.stop()
            parent.close()
