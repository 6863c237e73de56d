"""The table of peers: clients of others, with an HTTP stack of their own, shown apart from the strategies.

Knows names and one line about each, as the table of strategies does; the files are in `fetchmux.peers`.
"""

from __future__ import annotations

from functools import partial

from fetchmux.backends.spec import Spec

_peer = partial(Spec, family="peer", peer=True)

PEERS = (
    _peer(
        "requests", "fetchmux.peers.requests_one",
        summary="requests, one after another in one session",
        limit="one wait at a time: the run takes the sum of all waits",
        serial=True,
    ),
    _peer(
        "requests-threads", "fetchmux.peers.requests_threads",
        summary="requests in a fixed set of threads with a session each",
        limit="a stack for each and one interpreter lock for all, most of it for building and parsing",
    ),
    _peer(
        "requests-gevent", "fetchmux.peers.requests_gevent",
        summary="the code of requests-threads, unchanged, after gevent's monkey patching",
        limit="one core's CPU, most of it for building and parsing",
        solitary=True,
    ),
    _peer(
        "aiohttp", "fetchmux.peers.aiohttp_client",
        summary="coroutines in one aiohttp session, whose parser is written in C",
        limit="one core's CPU",
    ),
    _peer(
        "httpx", "fetchmux.peers.httpx_client",
        summary="coroutines in one httpx client, whose parser is written in Python",
        limit="one core's CPU, most of it for building and parsing",
    ),
    _peer(
        "pycurl", "fetchmux.peers.pycurl_multi",
        summary="libcurl's multi interface: waiting and HTTP are both in C",
        limit="one core's CPU, most of it for handing options and results over",
    ),
    _peer(
        "geventhttpclient", "fetchmux.peers.geventhttp_client",
        summary="greenlets on a pool of gevent's sockets, with a parser in C",
        limit="one core's CPU",
    ),
    _peer(
        "scrapy", "fetchmux.peers.scrapy_spider",
        summary="a Scrapy spider on Twisted's reactor, without the middleware that would change requests",
        limit="one core's CPU, most of it in the layers between the engine and the socket",
        solitary=True,
    ),
)  # fmt: skip
