"""The good origin: one thread, a greenlet for each connection, answers in the order of the requests.

Knows when to read, wait and write; what to answer is said by `reply`. The loop in `Service.converse` is the counterpart
of every benchmark: for a request without delay and body it costs a lookup and two system calls.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable

import gevent
import gevent.socket

from fetchmux.origin import listening, pages, reply
from fetchmux.origin.intake import Intake
from fetchmux.origin.request import Refused

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# How long a refused client may go on sending, so that its last packets do not destroy the refusal on its way.
_LINGER = 2.0


def serve(
    host: str = "127.0.0.1", port: int = 0, announce: Callable[[str], None] = print, lifeline: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; see `listening.run` for the arguments."""
    listening.run(Service().converse, host, port, announce, lifeline)


class Service:
    """What the connections of one server share: how many answers wait for their delay, now and at most so far."""

    __slots__ = ("most", "now")

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    def converse(self, connection: gevent.socket.socket) -> None:
        """Answer the requests of one connection until one of the two has had enough."""
        send = connection.sendall
        intake = Intake(connection.recv)
        # A connection that breaks is its client's affair; there is nobody to tell and nothing to save.
        with contextlib.suppress(OSError):
            try:
                while head := intake.head():
                    answer = reply.to_head(head)
                    if not answer.whole:
                        answer = self._considered(answer, intake, connection)
                    if answer.delay:
                        self._wait(answer.delay)
                    send(answer.start)
                    for piece in answer.pieces():
                        send(piece)
                        # A client that takes whatever comes at once would otherwise have the thread for itself.
                        gevent.sleep(0)
                    if not answer.keeps:
                        return
                    if not intake.idle:
                        gevent.sleep(0)
            except Refused as refused:
                _refuse(connection, refused)

    def _considered(self, answer: reply.Reply, intake: Intake, connection: gevent.socket.socket) -> reply.Reply:
        """Answer what the head alone does not decide: a body, or a question about this server."""
        request, body = answer.request, b""
        if request.has_body:
            if request.expects and intake.idle:
                connection.sendall(_CONTINUE)
            body = intake.body(request)
        page = pages.answer(request, body)
        if request.path == pages.WAITING:
            figures = {"now": self.now, "peak": self.most}
            page = pages.Page(kind=pages.JSON, lead=json.dumps(figures).encode())
        return reply.compose(request, page)

    def _wait(self, seconds: float) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            gevent.sleep(seconds)
        finally:
            self.now -= 1


def _refuse(connection: gevent.socket.socket, refused: Refused) -> None:
    connection.sendall(reply.refusal(refused))
    connection.shutdown(socket.SHUT_WR)
    gevent.with_timeout(_LINGER, _drain, connection, timeout_value=None)


def _drain(connection: gevent.socket.socket) -> None:
    while connection.recv(64 * 1024):
        pass
