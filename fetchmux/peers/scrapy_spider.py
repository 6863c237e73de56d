"""Scrapy: a spider on Twisted's reactor, which runs on asyncio's loop as Scrapy wants it.

How it is used at its best for plain requests: `start` gives the first ones, and each answer's callback the next, so
that the engine is never idle; the middleware that would change requests or hide replies, and the extensions, are off.

There is one reactor in a process. It runs whenever its loop does, so a second crawl finds it as the first one did. The
process belongs to this peer alone. Scrapy has one limit of time, for the whole of an attempt.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from fetchmux.backends import Work
from fetchmux.errors import Code, Phase
from fetchmux.exchange import Carried, Exchange
from fetchmux.peers.reply import Meaning, Reply, begin, fields, fill, late, lose
from fetchmux.settings import Options

if TYPE_CHECKING:
    import scrapy


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("scrapy") is None:
        return "scrapy is not installed: pip install 'fetchmux[peers]'"
    return None


def prepare() -> None:
    """Make the process Twisted's, on a loop of asyncio that every run will use."""
    from twisted.internet import asyncioreactor

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    install: Any = asyncioreactor.install
    install(loop)
    # Scrapy reports each failure that the record tells anyway.
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)


def run(frontier: Work, options: Options) -> None:
    """Crawl until the frontier is exhausted."""
    from twisted.internet import reactor

    if not reactor.running:
        reactor.startRunning(installSignalHandlers=False)
        # Those that look names up must not keep a process alive that is done.
        pool: Any = reactor.getThreadPool()
        pool.threadFactory = functools.partial(threading.Thread, daemon=True)
    asyncio.get_event_loop().run_until_complete(Desk(frontier, options).work())


class Desk:
    """Between the frontier and a spider.

    Attributes:
        carried: the exchanges that the spider has.
    """

    def __init__(self, frontier: Work, options: Options) -> None:
        self._frontier = frontier
        self._options = options
        self._carried: set[Exchange] = set()
        self._meanings = _meanings()
        self._accident: BaseException | None = None

    async def work(self) -> None:
        """Crawl, and give up what is past its deadline. A crawl that still waits for that is not waited for."""
        from scrapy.crawler import AsyncCrawlerRunner

        runner = AsyncCrawlerRunner(_settings(self._options))
        crawl = runner.crawl(_spider(), desk=self)
        while not crawl.done() and self._accident is None and not self._frontier.exhausted:
            await asyncio.wait([crawl], timeout=self._frontier.timeout())
            self._sweep(time.monotonic())
        if self._accident is not None:
            raise self._accident
        await self._part(crawl)

    async def _part(self, crawl: asyncio.Task[None]) -> None:
        await asyncio.wait([crawl], timeout=1.0)
        if crawl.done():
            crawl.result()

    async def first(self) -> AsyncIterator[scrapy.Request]:
        """For the spider: whatever may start, as long as the frontier has something."""
        while not self._frontier.exhausted:
            while (carried := self._frontier.take()) is not None:
                yield self._request(carried)
            await asyncio.sleep(self._frontier.timeout())

    def answered(self, exchange: Exchange, outcome: Reply | BaseException) -> Iterator[scrapy.Request]:
        """For the spider: hand in what came of a request, and get what may start now."""
        if exchange in self._carried:
            self._carried.discard(exchange)
            if isinstance(outcome, Reply):
                fill(exchange, outcome)
            else:
                lose(exchange, outcome, self._meanings)
            self._frontier.settle(exchange)
        while (carried := self._frontier.take()) is not None:
            yield self._request(carried)

    def _request(self, carried: Carried) -> scrapy.Request:
        import scrapy

        exchange = begin(carried, self._options)
        self._carried.add(exchange)
        job = exchange.job
        return scrapy.Request(
            job.url.text,
            method=job.method,
            headers=fields(exchange),
            body=job.body,
            dont_filter=True,
            meta={"verbatim_url": True},
            cb_kwargs={"exchange": exchange},
        )

    def _sweep(self, now: float) -> None:
        for exchange in list(self._carried):
            if now >= exchange.deadline:
                self._carried.discard(exchange)
                late(exchange, self._options)
                self._frontier.settle(exchange)


def _spider() -> type[scrapy.Spider]:
    """Made late: Scrapy takes most of a second to import."""
    import scrapy

    class Fetching(scrapy.Spider):
        """Asks what it is told to."""

        name = "fetchmux"
        desk: Desk

        async def start(self) -> AsyncIterator[Any]:
            async for request in self.desk.first():
                request.callback, request.errback = self.parse, self.failed
                yield request

        def parse(self, response: Any, *, exchange: Exchange) -> Iterator[Any]:
            return self._next(exchange, _reply(response))

        def failed(self, failure: Any) -> Iterator[Any]:
            return self._next(failure.request.cb_kwargs["exchange"], failure.value)

        def _next(self, exchange: Exchange, outcome: Reply | BaseException) -> Iterator[Any]:
            for request in self.desk.answered(exchange, outcome):
                request.callback, request.errback = self.parse, self.failed
                yield request

    return Fetching


def _reply(response: Any) -> Reply:
    """Scrapy keeps no reason phrase, and sorts fields by name."""
    pairs = [(name, value) for name, values in response.headers.items() for value in values]
    version = (response.protocol or "HTTP/1.1").removeprefix("HTTP/")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]
    return Reply(response.status, "", version, headers, response.body)


def _settings(options: Options) -> dict[str, Any]:
    return {
        "CONCURRENT_REQUESTS": options.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": options.concurrency,
        "DOWNLOAD_TIMEOUT": options.timeout,
        "DOWNLOAD_MAXSIZE": 0,
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
    }


def _meanings() -> tuple[Meaning, ...]:
    from OpenSSL import SSL
    from scrapy import exceptions
    from twisted.internet import error
    from twisted.web.client import ResponseFailed

    return (
        Meaning(exceptions.CannotResolveHostError, Code.RESOLVE_FAILED, Phase.RESOLVE),
        Meaning(exceptions.DownloadConnectionRefusedError, Code.CONNECT_REFUSED, Phase.CONNECT),
        Meaning(exceptions.DownloadTimeoutError, Code.TIMEOUT, Phase.HEAD),
        Meaning(exceptions.ResponseDataLossError, Code.TRUNCATED_BODY, Phase.BODY),
        Meaning(SSL.Error, Code.TLS_FAILED, Phase.TLS),
        Meaning(error.ConnectionDone, Code.EMPTY_REPLY, Phase.HEAD),
        Meaning(error.ConnectionLost, Code.CONNECTION_LOST, Phase.HEAD),
        # What remains of these is a head that Twisted could not read.
        Meaning(ResponseFailed, Code.MALFORMED_HEAD, Phase.HEAD),
    )
