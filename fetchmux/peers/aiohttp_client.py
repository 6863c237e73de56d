"""aiohttp: one session for all, on asyncio; bytes are parsed by C where the wheel has it.

How it is used at its best: one `ClientSession`, whose connector holds as many connections as the window is wide; no
cookie jar, no decompression, no look at the environment. A coroutine awaits the head, then the whole body.
"""

from __future__ import annotations

import asyncio
import importlib.util
from typing import TYPE_CHECKING

from fetchmux.backends import Work
from fetchmux.errors import Code, Phase
from fetchmux.exchange import Exchange
from fetchmux.peers._tasks import Crew
from fetchmux.peers.reply import Meaning, Reply, fields, headed
from fetchmux.settings import Options

if TYPE_CHECKING:
    import aiohttp


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("aiohttp") is None:
        return "aiohttp is not installed: pip install 'fetchmux[peers]'"
    return None


def run(frontier: Work, options: Options) -> None:
    """Fetch everything on a loop of its own."""
    asyncio.run(_work(frontier, options))


async def _work(frontier: Work, options: Options) -> None:
    async with _session(options) as session:

        async def fetch(exchange: Exchange) -> Reply:
            return await _fetch(session, exchange)

        await Crew(frontier, options, fetch, _meanings()).work()


def _session(options: Options) -> aiohttp.ClientSession:
    import aiohttp

    return aiohttp.ClientSession(
        # `force_close` is how aiohttp is told that a connection is for one request only.
        connector=aiohttp.TCPConnector(limit=options.concurrency, force_close=not options.keep_alive),
        timeout=aiohttp.ClientTimeout(
            total=None, sock_connect=options.connect_timeout, sock_read=options.idle_timeout
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        auto_decompress=False,
        trust_env=False,
    )  # fmt: skip


async def _fetch(session: aiohttp.ClientSession, exchange: Exchange) -> Reply:
    from yarl import URL

    job = exchange.job
    url = URL(job.url.text, encoded=True)
    async with session.request(
        job.method, url, headers=fields(exchange), data=job.body or None, allow_redirects=False
    ) as response:
        headed(exchange)
        body = await response.read()
    version = response.version
    return Reply(
        response.status,
        response.reason or "",
        f"{version.major}.{version.minor}" if version else "1.1",
        [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers],
        body,
    )


def _meanings() -> tuple[Meaning, ...]:
    import aiohttp
    from aiohttp import http_exceptions

    return (
        Meaning(aiohttp.ClientConnectorDNSError, Code.RESOLVE_FAILED, Phase.RESOLVE),
        Meaning(aiohttp.ClientConnectorSSLError, Code.TLS_FAILED, Phase.TLS),
        Meaning(aiohttp.ClientConnectorCertificateError, Code.TLS_FAILED, Phase.TLS),
        Meaning(aiohttp.ConnectionTimeoutError, Code.TIMEOUT, Phase.CONNECT),
        Meaning(aiohttp.ServerTimeoutError, Code.TIMEOUT, Phase.HEAD),
        Meaning(aiohttp.ClientPayloadError, Code.TRUNCATED_BODY, Phase.BODY, "Not enough data"),
        Meaning(http_exceptions.TransferEncodingError, Code.MALFORMED_BODY, Phase.BODY),
        Meaning(aiohttp.ClientPayloadError, Code.TRUNCATED_BODY, Phase.BODY),
        Meaning(aiohttp.ClientResponseError, Code.TRUNCATED_BODY, Phase.BODY, "Not enough data"),
        Meaning(aiohttp.ClientResponseError, Code.MALFORMED_BODY, Phase.BODY, "chunk size"),
        Meaning(aiohttp.ClientResponseError, Code.HEAD_TOO_LARGE, Phase.HEAD, "Too many headers"),
        Meaning(http_exceptions.LineTooLong, Code.HEAD_TOO_LARGE, Phase.HEAD),
        Meaning(aiohttp.ClientResponseError, Code.MALFORMED_HEAD, Phase.HEAD),
        Meaning(aiohttp.ServerDisconnectedError, Code.CONNECTION_LOST, Phase.HEAD, "RawResponseMessage"),
        Meaning(aiohttp.ServerDisconnectedError, Code.EMPTY_REPLY, Phase.HEAD),
    )
