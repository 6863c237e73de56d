"""A world without sockets: a clock moved by hand, names answered by hand, an output that remembers."""

from __future__ import annotations

import errno
import random
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator

from fetchmux.errors import FetchError
from fetchmux.exchange import Carried, Exchange
from fetchmux.frontier import Frontier
from fetchmux.http.request import RequestBuilder
from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.model import Address, Origin, Request, Result, Store
from fetchmux.settings import Name, Options
from fetchmux.sinks.ordered import Ordered
from fetchmux.sinks.stores import store_opener

Answer = tuple[Address, ...] | FetchError
CLOSING = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
KEEPING = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"


class Clock:
    """Seconds, moved by hand."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


class Names:
    """A lookup that knows every host at once but those that begin with "slow": they wait for `answer`."""

    def __init__(self) -> None:
        self.answered: deque[Name] = deque()
        self.asked: list[Name] = []
        self.known: dict[Name, Answer] = {}
        self.secure: Callable[[Exchange, Carried | None], Carried] | None = None

    def tend(self) -> None:
        """Nobody is slow here but by the test's will."""

    def dial(self, origin: Origin) -> tuple[Name, ...]:
        return (origin.name,)

    def wrap(self, exchange: Exchange, predecessor: Carried | None) -> Carried:
        if self.secure is None or exchange.job.url.origin.scheme != "https":
            return exchange
        return self.secure(exchange, predecessor)

    def lookup(self, name: Name) -> Answer | None:
        self.asked.append(name)
        if name in self.known:
            return self.known[name]
        return None if name[0].startswith("slow") else address_of(name)

    def answer(self, host: str, answer: Answer | None = None) -> None:
        name = (host, 80)
        self.known[name] = address_of(name) if answer is None else answer
        self.answered.append(name)


def address_of(name: Name) -> tuple[Address, ...]:
    """A made-up address, another one for each host."""
    return (Address(socket.AF_INET, (f"ip-of-{name[0]}", name[1])),)


class Output:
    """Keeps results; raises `failure` from the given call on, counted over writes or flushes."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.flushes = 0
        self.write_fails_at = 0
        self.flush_fails_at = 0
        self.calls_after_failure = 0
        self.failure = OSError(errno.ENOSPC, "no space left")
        self._failed = False

    def write(self, result: Result) -> None:
        self._count()
        self.results.append(result)
        if len(self.results) == self.write_fails_at:
            self._fail()

    def flush(self) -> None:
        self._count()
        self.flushes += 1
        if self.flushes == self.flush_fails_at:
            self._fail()

    def _count(self) -> None:
        self.calls_after_failure += self._failed

    def _fail(self) -> None:
        self._failed = True
        raise self.failure


class Source:
    """An input that knows how far it was read."""

    def __init__(self, requests: Iterable[Request | None]) -> None:
        self._requests = iter(requests)
        self.read = 0
        self.ended = False

    def __iter__(self) -> Iterator[Request | None]:
        return self

    def __next__(self) -> Request | None:
        try:
            request = next(self._requests)
        except StopIteration:
            self.ended = True
            raise
        self.read += request is not None
        return request


class World:
    """A frontier and everything that it touches."""

    def __init__(
        self,
        items: Iterable[str | Exception | None],
        *,
        secure: Callable[[Exchange, Carried | None], Carried] | None = None,
        open_store: Callable[[Request], Store | None] | None = None,
        recipe: Recipe | None = None,
        ordered: int | None = None,
        **options: object,
    ) -> None:
        self.clock = Clock()
        self.names = Names()
        self.names.secure = secure
        self.output = Output()
        self.notices: list[str] = []
        self.source = Source(read_requests(_raising(items), recipe or Recipe()))
        self.options = Options(**{"concurrency": 4, **options})  # type: ignore[arg-type]
        between = None if ordered is None else Ordered(self.source, self.output, ordered)
        self.frontier = Frontier(
            self.source if between is None else between.requests(),
            self.options,
            reach=self.names,
            builder=RequestBuilder("x", keep_alive=self.options.keep_alive),
            output=between or self.output,
            open_store=open_store or store_opener(self.options),
            notice=self.notices.append,
            clock=self.clock,
            chance=random.random,
            calendar=float,
            backend="none",
        )

    # What happens to an exchange

    def take(self) -> Exchange:
        """The next exchange, which must be there."""
        carried = self.frontier.take()
        assert carried is not None
        return carried.core

    def take_all(self) -> list[Exchange]:
        """Exchanges until none may start."""
        taken = []
        while (carried := self.frontier.take()) is not None:
            taken.append(carried.core)
        return taken

    def answer(self, exchange: Exchange, wire: bytes = CLOSING) -> Exchange | None:
        """Let a server answer with these bytes and then close; settle."""
        talk(exchange, wire)
        return self.settle(exchange)

    def keep(self, exchange: Exchange) -> Exchange | None:
        """Let a server answer and keep the connection; settle."""
        return self.answer(exchange, KEEPING)

    def die(self, exchange: Exchange) -> Exchange | None:
        """Let the server hang up without a byte; settle."""
        return self.answer(exchange, b"")

    def starve(self, exchange: Exchange) -> Exchange | None:
        """Let there be no descriptor for it; settle."""
        exchange.fail(OSError(errno.EMFILE, "Too many open files"))
        return self.settle(exchange)

    def settle(self, exchange: Exchange) -> Exchange | None:
        assert exchange.done
        successor = self.frontier.settle(exchange)
        return None if successor is None else successor.core

    # What came of it

    @property
    def results(self) -> list[Result]:
        return self.output.results

    @property
    def finished(self) -> bool:
        """Nothing may start, nothing is in flight and nothing is to come."""
        return self.frontier.take() is None and self.frontier.exhausted

    @property
    def codes(self) -> list[str]:
        """How each input ended, by index: "ok" or a code."""
        ordered = sorted(self.results, key=lambda result: result.index)
        return [result.error.code if result.error else "ok" for result in ordered]

    def check_one_record_each(self) -> None:
        """Exactly one record for each input that was read, and none for another."""
        assert Counter(result.index for result in self.results) == Counter(range(self.source.read))


def talk(exchange: Exchange, wire: bytes) -> None:
    """Connect, send, receive, and let the server close where its reply has not ended by itself."""
    if not exchange.reused:
        exchange.connected()
    exchange.sent(len(exchange.outgoing))
    if wire:
        exchange.feed(wire)
    if not exchange.done:
        exchange.feed(b"")


def page(exchange: Exchange) -> str:
    """The URL of an exchange."""
    return exchange.job.url.text


def _raising(items: Iterable[str | Exception | None]) -> Iterator[str | None]:
    for item in items:
        if isinstance(item, Exception):
            raise item
        yield item
