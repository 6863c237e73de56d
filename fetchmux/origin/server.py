"""The good origin: one thread, a greenlet for each connection, answers in the order of the requests.

Knows when to read, wait and write; what to answer is said by `reply`. The loop in `Service.converse` is the counterpart
of every benchmark: for a request without delay and body it costs a lookup and two system calls.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable
from typing import NoReturn

import gevent
import gevent.socket

from fetchmux.origin import listening, pages, reply
from fetchmux.origin.intake import Intake
from fetchmux.origin.request import Refused

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# How long a refused client may go on sending, so that its last packets do not destroy the refusal on its way.
_LINGER = 2.0


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    announce: Callable[[str], None] = print,
    lifeline: int | None = None,
    certificate: tuple[str, str] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; see `listening.run` for the arguments."""
    listening.run(Service().converse, host, port, announce, lifeline, certificate)


class Service:
    """What the connections of one server share: how many answers wait for their delay, now and at most so far.

    And how many will never come; and how many requests have been lossy, since two of so many fail.
    """

    __slots__ = ("lossy", "most", "now", "silent")

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.silent = 0
        self.lossy = 0

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
        if page.lossy:
            page = self._lossy(page, connection)
        if request.path == pages.SILENT:
            self._keep_silent(connection)
        if request.path == pages.WAITING:
            figures = {"now": self.now, "peak": self.most, "silent": self.silent}
            page = pages.Page(kind=pages.JSON, lead=json.dumps(figures).encode())
        return reply.compose(request, page)

    def _lossy(self, page: pages.Page, connection: gevent.socket.socket) -> pages.Page:
        """The page, or a refusal, or a reset, by the count: every strategy meets as many of each."""
        self.lossy += 1
        place = self.lossy % page.lossy
        if place == page.lossy // 2:
            return pages.Page(503, lead=b"Try again.\n")
        if place == 0:
            # A close that waits for nothing is a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            raise ConnectionAbortedError
        return page

    def _keep_silent(self, connection: gevent.socket.socket) -> NoReturn:
        self.silent += 1
        try:
            _drain(connection)
        finally:
            self.silent -= 1
        raise ConnectionAbortedError

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
