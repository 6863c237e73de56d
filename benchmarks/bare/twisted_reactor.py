"""A Protocol on Twisted's reactor, straight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.protocol import ClientFactory, Protocol

from benchmarks.bare.conversation import Fetch, arguments

reactor: Any = installed


class Conversation(Protocol):
    """One connection."""

    transport: Any

    def __init__(self, exchange: Fetch) -> None:
        self.exchange = exchange
        self.whole = False

    def connectionMade(self) -> None:
        """Send the request."""
        self.transport.write(self.exchange.request)

    def dataReceived(self, data: bytes) -> None:
        """Take what has come."""
        if not self.whole and self.exchange.take(data):
            self.whole = True
            self.transport.loseConnection()


class Slot(ClientFactory):
    """Fetches one URL after another."""

    running = 0
    noisy = False

    def __init__(self, urls: Iterator[str]) -> None:
        self.urls = urls
        Slot.running += 1
        self.go_on()

    def go_on(self) -> None:
        """Connect for the next URL."""
        url = next(self.urls, None)
        if url is None:
            Slot.running -= 1
            if not Slot.running:
                reactor.stop()
            return
        self.exchange = Fetch(url)
        reactor.connectTCP(*self.exchange.address, self)

    def buildProtocol(self, addr: Any) -> Conversation:
        """A conversation for the connection."""
        return Conversation(self.exchange)

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        """Write the record and go on."""
        self.exchange.write()
        self.go_on()


def main() -> None:
    """All slots at once."""
    urls, window = arguments()
    reactor.callWhenRunning(lambda: [Slot(urls) for _ in range(window)])
    reactor.run()


if __name__ == "__main__":
    main()
