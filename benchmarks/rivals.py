"""HTTP libraries at many small pages, each as its own documentation would have it used.

    python -m benchmarks.rivals LIBRARY LIST WINDOW [--close]

Reads the URLs of a file, holds at most WINDOW requests open, reads each body whole, and writes nothing: a record would
cost them more. With --close each request has a connection of its own. Fails when a status is not 200.
"""

from __future__ import annotations

import argparse
import asyncio
import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def pycurl_multi(urls: Iterator[str], window: int, *, close: bool) -> None:
    """Libcurl's multi interface through pycurl."""
    import pycurl

    multi: Any = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, window)
    free = [pycurl.Curl() for _ in range(window)]
    for easy in free:
        easy.setopt(pycurl.FORBID_REUSE, close)
    busy = 0
    while True:
        while free and (url := next(urls, None)) is not None:
            easy = free.pop()
            easy.setopt(pycurl.URL, url)
            easy.setopt(pycurl.WRITEDATA, io.BytesIO())
            multi.add_handle(easy)
            busy += 1
        if not busy:
            return
        multi.perform()
        _, done, failed = multi.info_read()
        for easy in done:
            check(easy.getinfo(pycurl.RESPONSE_CODE))
            multi.remove_handle(easy)
            free.append(easy)
        busy -= len(done)
        check(500 if failed else 200)
        if not done:
            multi.select(1.0)


def aiohttp_session(urls: Iterator[str], window: int, *, close: bool) -> None:
    """One ClientSession, WINDOW tasks."""
    import aiohttp

    async def main() -> None:
        connector = aiohttp.TCPConnector(limit=window, force_close=close)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def work() -> None:
                for url in urls:
                    async with session.get(url) as response:
                        await response.read()
                        check(response.status)

            await asyncio.gather(*(work() for _ in range(window)))

    asyncio.run(main())


def httpx_async(urls: Iterator[str], window: int, *, close: bool) -> None:
    """One AsyncClient, WINDOW tasks."""
    import httpx

    async def main() -> None:
        limits = httpx.Limits(max_connections=window, max_keepalive_connections=0 if close else window)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:

            async def work() -> None:
                for url in urls:
                    check((await client.get(url)).status_code)

            await asyncio.gather(*(work() for _ in range(window)))

    asyncio.run(main())


def urllib3_threads(urls: Iterator[str], window: int, *, close: bool) -> None:
    """One PoolManager, WINDOW threads."""
    import urllib3

    pool = urllib3.PoolManager(maxsize=window, block=True)
    headers = {"Connection": "close"} if close else None
    spread(lambda url: check(pool.request("GET", url, headers=headers).status), urls, window)


def requests_threads(urls: Iterator[str], window: int, *, close: bool) -> None:
    """One Session, WINDOW threads."""
    import requests
    import requests.adapters

    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=window))
    headers = {"Connection": "close"} if close else None
    spread(lambda url: check(session.get(url, headers=headers).status_code), urls, window)


def geventhttpclient_pool(urls: Iterator[str], window: int, *, close: bool) -> None:
    """One HTTPClient with a pool of connections, WINDOW greenlets."""
    import gevent.pool
    from geventhttpclient import URL, HTTPClient  # type: ignore[import-untyped, unused-ignore]

    client: Any = None

    def fetch(text: str) -> None:
        response = client.get(URL(text).request_uri)
        response.read()
        check(response.status_code)

    first = next(urls)
    headers = {"Connection": "close"} if close else {}
    client = HTTPClient.from_url(first, concurrency=window, headers=headers, connection_timeout=60, network_timeout=60)
    fetch(first)
    for _ in gevent.pool.Pool(window).imap_unordered(fetch, urls):
        pass


def spread(fetch: Callable[[str], None], urls: Iterable[str], window: int) -> None:
    """Fetch in threads."""
    with ThreadPoolExecutor(window) as threads:
        for _ in threads.map(fetch, urls):
            pass


def check(status: int) -> None:
    """Raise unless it worked: a failure is quick."""
    if status != 200:
        raise SystemExit(f"status {status}")


LIBRARIES: dict[str, Callable[..., None]] = {
    "pycurl": pycurl_multi,
    "aiohttp": aiohttp_session,
    "httpx": httpx_async,
    "urllib3": urllib3_threads,
    "requests": requests_threads,
    "geventhttpclient": geventhttpclient_pool,
}


def main() -> None:
    """Fetch the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("list", type=Path)
    parser.add_argument("window", type=int)
    parser.add_argument("--close", action="store_true")
    given = parser.parse_args()
    LIBRARIES[given.library](iter(given.list.read_text().split()), given.window, close=given.close)


if __name__ == "__main__":
    main()
