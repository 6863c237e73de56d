"""The bad origin: serves the behaviours of `behaviours`, each at the path of its name, and counts who comes.

`/short`, `/short/2` and `/short?n=2` are all the behaviour `short`. `/peak` and `/count` answer with the numbers since
the last `/reset-counters`, as JSON; a connection that asks one of these three is not counted itself. The counters
belong to the process: whoever relies on them starts an origin of their own.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable

import gevent
import gevent.socket

from fetchmux.origin import listening, reply
from fetchmux.origin.bad import behaviours
from fetchmux.origin.bad.census import Census
from fetchmux.origin.bad.visit import IMPATIENT, proper
from fetchmux.origin.intake import Intake
from fetchmux.origin.request import Refused, Request, parse

_COUNTERS = ("peak", "count", "reset-counters")


def serve(
    host: str = "127.0.0.1", port: int = 0, announce: Callable[[str], None] = print, lifeline: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; see `listening.run` for the arguments."""
    census = Census()

    def converse(connection: gevent.socket.socket) -> None:
        number = census.arrives(connection.fileno())
        # Clients leave in the middle of a misbehaviour; that is what they are meant to do.
        try:
            with contextlib.suppress(OSError):
                _receive(Caller(connection), census, number)
        finally:
            census.leaves(number)

    listening.run(converse, host, port, announce, lifeline)


class Caller:
    """A `Visit` on a gevent socket, which lasts for as many requests as the behaviours let it stay."""

    request: Request

    def __init__(self, connection: gevent.socket.socket) -> None:
        self._connection = connection
        self.intake = Intake(self._sip)
        self.stays = False

    def say(self, data: bytes) -> None:
        """Send bytes; a client that has left raises OSError."""
        self._connection.sendall(data)

    def pause(self, seconds: float) -> None:
        """Do nothing for a while."""
        gevent.sleep(seconds)

    def hold(self) -> None:
        """Say nothing until the client leaves."""
        while self._connection.recv(64 * 1024):
            pass

    def await_more(self) -> None:
        """Wait until the client has sent another request, or has left."""
        self.intake.head()

    def reset(self) -> None:
        """Have the connection end with RST instead of FIN."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _sip(self, size: int) -> bytes:
        """Receive to the end of a head and no further: a body that nobody wants stays unread in the kernel."""
        data = self._connection.recv(size, socket.MSG_PEEK)
        end = data.find(b"\r\n\r\n")
        received: bytes = self._connection.recv(end + 4 if end >= 0 else len(data)) if data else b""
        return received


def _receive(caller: Caller, census: Census, number: int) -> None:
    """Read the requests of one connection and treat each as its path says."""
    try:
        while head := caller.intake.head():
            caller.request = parse(head)
            name = caller.request.path.split("/")[1]
            if name not in IMPATIENT:
                caller.intake.body(caller.request)
            if name in _COUNTERS:
                census.asks(number)
                caller.say(_numbers(caller, census, name))
                return
            census.requests += 1
            caller.stays = False
            _treat(caller, name)
            if not caller.stays:
                return
    except Refused as refused:
        caller.say(reply.refusal(refused))


def _treat(caller: Caller, name: str) -> None:
    found = behaviours.find(name)
    if found is not None:
        found(caller)
    elif name:
        caller.say(proper(caller, b"There is no such behaviour; / lists them.\n", "404 Not Found", keep=False))
    else:
        lines = [f"{known:16} {behaviours.meaning(known)}\n" for known in (*behaviours.NAMES, "status-404")]
        caller.say(proper(caller, "".join(lines).encode(), keep=False))


def _numbers(caller: Caller, census: Census, name: str) -> bytes:
    if name == "reset-counters":
        census.reset()
    figures = {"connections": census.connections, "requests": census.requests}
    return proper(caller, json.dumps({"peak": census.peak} if name == "peak" else figures).encode(), keep=False)
