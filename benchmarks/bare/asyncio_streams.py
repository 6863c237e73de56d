"""asyncio's streams, straight: as many tasks as the window says take URLs from one list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from benchmarks.bare.conversation import CHUNK, Fetch, arguments


async def work(urls: Iterator[str]) -> None:
    """Fetch until the list ends."""
    for url in urls:
        exchange = Fetch(url)
        reader, writer = await asyncio.open_connection(*exchange.address)
        writer.write(exchange.request)
        while not exchange.take(await reader.read(CHUNK)):
            pass
        writer.close()
        exchange.write()


async def main() -> None:
    """All workers at once."""
    urls, window = arguments()
    await asyncio.gather(*(work(urls) for _ in range(window)))


if __name__ == "__main__":
    asyncio.run(main())
