"""geventhttpclient: greenlets on gevent's own sockets, nothing patched; bytes are parsed by C (llhttp).

How it is used at its best: one `HTTPClient` for each origin, whose pool holds as many connections as the window is
wide. It lends a socket for one request and takes it back when the body has been read.
"""

from __future__ import annotations

import importlib.util
import time
from typing import TYPE_CHECKING, Any

from fetchmux.backends import Work
from fetchmux.backends._gevent_hub import unprinted_interrupts
from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Carried, Exchange
from fetchmux.model import Origin
from fetchmux.peers.reply import Meaning, Reply, begin, fields, fill, headed, late, lose
from fetchmux.settings import Options

if TYPE_CHECKING:
    from geventhttpclient.client import HTTPClient

# Clients, and with them idle connections, that are kept.
_MOST_ORIGINS = 100


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("geventhttpclient") is None:
        return "geventhttpclient is not installed: pip install 'fetchmux[peers]'"
    return None


def run(frontier: Work, options: Options) -> None:
    """Start greenlets as exchanges come; the window bounds how many there are."""
    pool = Pool(frontier, options)
    with unprinted_interrupts():
        try:
            pool.work()
        finally:
            pool.close()


class Pool:
    """The greenlets and the clients of one run."""

    def __init__(self, frontier: Work, options: Options) -> None:
        import gevent
        import gevent.event

        self._gevent = gevent
        self._frontier = frontier
        self._options = options
        self._meanings = _meanings()
        self._clients: dict[Origin, HTTPClient] = {}
        self._rested = gevent.event.Event()
        self._crew: dict[Any, Exchange | None] = {}
        self._accident: BaseException | None = None

    def work(self) -> None:
        """Hand out exchanges until the frontier is exhausted. Raises what a greenlet stumbled over."""
        while self._accident is None and not self._frontier.exhausted:
            while (carried := self._frontier.take()) is not None:
                self._crew[self._gevent.spawn(self._serve, carried)] = None
            self._rested.wait(self._frontier.timeout())
            self._rested.clear()
            self._sweep()
        if self._accident is not None:
            raise self._accident

    def close(self) -> None:
        """End every greenlet where it stands, and close what is open."""
        self._gevent.killall(list(self._crew))
        for client in self._clients.values():
            client.close()

    def _sweep(self) -> None:
        """Wake whoever waits for what has been cancelled."""
        for greenlet, exchange in list(self._crew.items()):
            if exchange is not None and exchange.cancelled:
                greenlet.kill(self._gevent.Timeout(), block=False)

    def _serve(self, first: Carried) -> None:
        """A greenlet's life: request after request, as long as the frontier has something for it."""
        carried: Carried | None = first
        try:
            while carried is not None:
                self._fetch(begin(carried, self._options))
                carried = self._frontier.take()
        except BaseException as error:
            # Left to gevent, it would be printed, and the run would go on without this greenlet.
            self._accident = error
        del self._crew[self._gevent.getcurrent()]
        self._rested.set()

    def _fetch(self, exchange: Exchange) -> None:
        """One request; a timeout of gevent's ends it wherever it waits."""
        self._crew[self._gevent.getcurrent()] = exchange
        limit = self._gevent.Timeout.start_new(exchange.deadline - time.monotonic())
        try:
            reply = self._converse(exchange)
        except self._gevent.Timeout:
            late(exchange, self._options)
        except Exception as error:
            lose(exchange, error, self._meanings)
        else:
            fill(exchange, reply)
        finally:
            limit.close()
        self._crew[self._gevent.getcurrent()] = None
        self._frontier.settle(exchange)

    def _converse(self, exchange: Exchange) -> Reply:
        job = exchange.job
        client = self._client(job.url.origin)
        # It sends text as Latin-1.
        headers = {name: value.encode().decode("latin-1") for name, value in fields(exchange)}
        with client.request(job.method, job.url.target, job.body, headers) as response:
            headed(exchange)
            body = bytes(response.read())
            if not response.message_complete:
                raise FetchError(Code.TRUNCATED_BODY, "the stream ended before the body", Phase.BODY)
        version = response.get_http_version().removeprefix("HTTP/")
        pairs = [(name, str(value)) for name, value in response.items()]
        return Reply(response.status_code, response.status_message or "", version, pairs, body)

    def _client(self, origin: Origin) -> HTTPClient:
        from geventhttpclient.client import HTTPClient

        client = self._clients.get(origin)
        if client is None:
            if len(self._clients) >= _MOST_ORIGINS:
                self._clients.pop(next(iter(self._clients))).close()
            client = self._clients[origin] = HTTPClient.from_url(
                f"{origin.scheme}://{origin.host_header}/",
                concurrency=self._options.concurrency,
                connection_timeout=self._options.connect_timeout,
                network_timeout=self._options.idle_timeout,
            )
        return client


def _meanings() -> tuple[Meaning, ...]:
    from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

    return (
        Meaning(HTTPConnectionClosed, Code.EMPTY_REPLY, Phase.HEAD),
        # One kind for all that the parser finds.
        Meaning(HTTPParseError, Code.MALFORMED_BODY, Phase.BODY, "chunk size"),
        Meaning(HTTPParseError, Code.TRUNCATED_BODY, Phase.BODY, "Incomplete response"),
        Meaning(HTTPParseError, Code.CONNECTION_LOST, Phase.HEAD, "EOF"),
        Meaning(HTTPParseError, Code.MALFORMED_HEAD, Phase.HEAD),
    )
