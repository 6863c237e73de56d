"""A conversation as a Protocol: each method is called when something has happened, and returns at once.

Knows one connection and Twisted's names for its fortunes. Must not know how many conversations there are, nor turn the
reactor.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Any, Protocol

from twisted.internet import error, interfaces, protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from fetchmux.backends import CHUNK
from fetchmux.exchange import Carried


class Board(Protocol):
    """Where conversations are kept."""

    def settle(self, exchange: Carried) -> Carried | None:
        """Hand in an exchange that is done; its successor, or None: hang up."""
        ...

    def leave(self, conversation: Conversation) -> None:
        """The socket is closed, or there never was one."""
        ...


@implementer(interfaces.IPullProducer)
class Conversation(protocol.Protocol):
    """A connection that carries one exchange after another.

    The transport pulls the request out of it: `resumeProducing` is called whenever all it had has been sent. So what is
    reported as sent has left this process, and an upload of any size is one piece in memory.
    """

    transport: Any

    def __init__(self, exchange: Carried, board: Board) -> None:
        self.exchange = exchange
        self._board = board
        self._connector: Any = None
        self._piece = b""
        self._over = False

    def connect(self, reactor: Any) -> None:
        """Begin to connect. Twisted's own timeout would be a timer for each connection."""
        family, sockaddr = self.exchange.address
        if family == socket.AF_UNIX:
            self._connector = reactor.connectUNIX(sockaddr, Call(self), timeout=None)
            return
        host, port, *rest = sockaddr
        if len(rest) == 2 and rest[1]:
            host = f"{host}%{rest[1]}"
        self._connector = reactor.connectTCP(host, port, Call(self), timeout=None)

    def land(self) -> None:
        """The exchange is done: its successor goes on the same connection, or that is closed."""
        successor = self._board.settle(self.exchange)
        if successor is None:
            self.hang_up()
        else:
            self.exchange = successor
            self._go_on()

    def hang_up(self) -> None:
        """Close the connection, whatever it is doing; what comes of it is of no interest any more."""
        self._over = True
        if self._connector is None:
            self._board.leave(self)
        elif self._connector.state == "connecting":
            self._connector.stopConnecting()
        elif self._piece:
            # A transport that still has something to send would wait for a peer that may never read it.
            self.transport.abortConnection()
        elif self.transport is not None:
            self.transport.loseConnection()

    def missed(self, reason: BaseException | None) -> None:
        """No connection has come of it."""
        if not self._over:
            number = getattr(reason, "osError", None)
            self.exchange.fail(OSError(number, os.strerror(number)) if number else ConnectionError(str(reason)))
            self._over = True
            self._board.settle(self.exchange)
        self._board.leave(self)

    def connectionMade(self) -> None:
        """Twisted: the connection stands."""
        self.exchange.connected()
        self._go_on()

    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes have arrived."""
        try:
            self.exchange.feed(data)
        except Exception as accident:
            self.exchange.fail(accident)
        if not self._over:
            self._go_on()

    def resumeProducing(self) -> None:
        """Twisted: the transport has sent all it had."""
        if self._piece:
            self.exchange.sent(len(self._piece))
        self._piece = bytes(self.exchange.outgoing[:CHUNK])
        if self._piece:
            self.transport.write(self._piece)
        else:
            self.transport.unregisterProducer()

    def stopProducing(self) -> None:
        """Twisted: the connection was lost with something still to send.

        It reads no more, but the socket is open until this returns, and the peer may have answered before.
        """
        exchange = self.exchange
        if self._over:
            return
        exchange.fail(_reset())
        try:
            while not exchange.done:
                exchange.feed(self.transport.getHandle().recv(CHUNK))
        except Exception as accident:
            exchange.fail(accident)

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        """Twisted: the socket is closed, by whichever side. Which error it was is not told: a reset is usual."""
        if not self._over:
            self._over = True
            exchange = self.exchange
            if not exchange.done and isinstance(reason.value, error.ConnectionDone):
                exchange.feed(b"")
            exchange.fail(_reset())
            self._board.settle(exchange)
        self._board.leave(self)

    def _go_on(self) -> None:
        if self.exchange.done:
            self.land()
        elif self.exchange.outgoing and not self._piece:
            self.transport.registerProducer(self, streaming=False)


class Call(protocol.ClientFactory):
    """What Twisted asks for a protocol, and tells when none is needed."""

    noisy = False

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def buildProtocol(self, addr: interfaces.IAddress | None) -> Conversation:
        """Twisted: the connection stands, and somebody is to be told."""
        return self._conversation

    def clientConnectionFailed(self, connector: interfaces.IConnector, reason: Failure) -> None:
        """Twisted: there is no connection."""
        self._conversation.missed(reason.value)


def _reset() -> OSError:
    return OSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
