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

import gevent
import gevent.event
import gevent.server
import gevent.socket

BACKLOG = 4096
_READ = 1

Converse = Callable[[gevent.socket.socket], None]


def run(converse: Converse, host: str, port: int, announce: Callable[[str], None], lifeline: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT, or until the descriptor `lifeline` is at its end; `announce` gets the base URL.

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

    server = gevent.server.StreamServer(listener, attend)
    with _end_of_service(lifeline) as ended:
        server.start()
        try:
            announce(_url(listener))
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


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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
