"""httpx: one async client for all, on asyncio; what arrives is parsed by Python (h11).

How it is used at its best: one `AsyncClient`, whose pool holds as many connections as the window is wide, with no
fields of its own, no cookies kept and no look at the environment.
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import importlib.util
import ssl
from typing import TYPE_CHECKING

from fetchmux.backends import Work
from fetchmux.errors import Code, Phase
from fetchmux.exchange import Exchange
from fetchmux.peers._tasks import Crew
from fetchmux.peers.reply import Meaning, Reply, fields
from fetchmux.settings import Options

if TYPE_CHECKING:
    import httpx


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("httpx") is None:
        return "httpx is not installed: pip install 'fetchmux[peers]'"
    return None


def run(frontier: Work, options: Options) -> None:
    """Fetch everything on a loop of its own."""
    asyncio.run(_work(frontier, options))


async def _work(frontier: Work, options: Options) -> None:
    async with _client(options) as client:

        async def fetch(exchange: Exchange) -> Reply:
            return await _fetch(client, exchange)

        await Crew(frontier, options, fetch, _meanings()).work()


def _client(options: Options) -> httpx.AsyncClient:
    import httpx

    client = httpx.AsyncClient(
        limits=httpx.Limits(
            max_connections=options.concurrency,
            max_keepalive_connections=options.concurrency if options.keep_alive else 0,
        ),
        timeout=httpx.Timeout(options.idle_timeout, connect=options.connect_timeout, pool=None),
        verify=ssl.create_default_context(),
        trust_env=False,
    )
    client.headers.clear()
    client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return client


async def _fetch(client: httpx.AsyncClient, exchange: Exchange) -> Reply:
    job = exchange.job
    response = await client.request(job.method, job.url.text, headers=_encoded(exchange), content=job.body or None)
    return Reply(
        response.status_code,
        response.reason_phrase,
        response.http_version.removeprefix("HTTP/"),
        [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw],
        response.content,
    )


def _encoded(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in fields(exchange)]


def _meanings() -> tuple[Meaning, ...]:
    import httpx

    return (
        Meaning(httpx.ConnectTimeout, Code.TIMEOUT, Phase.CONNECT),
        Meaning(httpx.TimeoutException, Code.TIMEOUT, Phase.HEAD),
        # One kind for all that is wrong with a reply.
        Meaning(httpx.RemoteProtocolError, Code.EMPTY_REPLY, Phase.HEAD, "without sending a response"),
        Meaning(httpx.RemoteProtocolError, Code.TRUNCATED_BODY, Phase.BODY, "without sending complete message body"),
        Meaning(httpx.RemoteProtocolError, Code.MALFORMED_BODY, Phase.BODY, "chunk"),
        Meaning(httpx.RemoteProtocolError, Code.HEAD_TOO_LARGE, Phase.HEAD, "too long"),
        Meaning(httpx.RemoteProtocolError, Code.MALFORMED_HEAD, Phase.HEAD),
    )
