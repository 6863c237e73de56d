"""What the three ways to use requests share: a session for many small requests, and one request in it.

Knows one session. Must not know who else has one, nor who runs while a call waits.
"""

from __future__ import annotations

import http.cookiejar
import importlib.util
from typing import TYPE_CHECKING

from fetchmux.errors import Code, Phase
from fetchmux.exchange import Exchange
from fetchmux.peers.reply import Meaning, Reply, fields, headed
from fetchmux.peers.trust import system_store
from fetchmux.settings import Options

if TYPE_CHECKING:
    import requests


def missing() -> str | None:
    """Why requests cannot run here."""
    if importlib.util.find_spec("requests") is None:
        return "requests is not installed: pip install 'fetchmux[peers]'"
    return None


def open_session() -> requests.Session:
    """A session that adds nothing to a request, keeps no cookies and looks at no environment, which takes long.

    It has one connection for each of its last hosts, since it has one request at a time.
    """
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.trust_env = False
    session.verify = system_store() or True
    session.headers.clear()
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=10, pool_maxsize=1, max_retries=0))
    return session


def fetch(session: requests.Session, exchange: Exchange, options: Options) -> Reply:
    """One request. Its time has no limit as a whole: requests knows limits for connecting and for silence only."""
    from urllib3.util import SKIP_HEADER

    job = exchange.job
    response = session.request(
        job.method,
        job.url.text,
        # Unless it is told to skip that field, urllib3 writes one of its own.
        headers={"Accept-Encoding": SKIP_HEADER} | {name: value.encode() for name, value in fields(exchange)},
        data=job.body or None,
        timeout=(options.connect_timeout, options.idle_timeout),
        allow_redirects=False,
        stream=True,
    )
    headed(exchange)
    # By the iterator that `content` uses, but without undoing a coding.
    body = b"".join(response.raw.stream(64 * 1024, decode_content=False))
    raw = response.raw
    version = "1.0" if raw.version == 10 else "1.1"
    return Reply(response.status_code, response.reason or "", version, list(raw.headers.items()), body)


def meanings() -> tuple[Meaning, ...]:
    """Of what requests raises, and urllib3 below it, and http.client below that."""
    import http.client

    import requests
    from urllib3 import exceptions

    return (
        Meaning(exceptions.NameResolutionError, Code.RESOLVE_FAILED, Phase.RESOLVE),
        Meaning(exceptions.SSLError, Code.TLS_FAILED, Phase.TLS),
        Meaning(requests.ConnectTimeout, Code.TIMEOUT, Phase.CONNECT),
        Meaning(exceptions.ReadTimeoutError, Code.TIMEOUT, Phase.HEAD),
        Meaning(http.client.RemoteDisconnected, Code.EMPTY_REPLY, Phase.HEAD),
        Meaning(http.client.LineTooLong, Code.HEAD_TOO_LARGE, Phase.HEAD),
        Meaning(exceptions.InvalidChunkLength, Code.MALFORMED_BODY, Phase.BODY),
        Meaning(exceptions.IncompleteRead, Code.TRUNCATED_BODY, Phase.BODY),
        Meaning(exceptions.ProtocolError, Code.TRUNCATED_BODY, Phase.BODY, "ended prematurely"),
        Meaning(exceptions.InvalidHeader, Code.MALFORMED_HEAD, Phase.HEAD),
        Meaning(http.client.HTTPException, Code.HEAD_TOO_LARGE, Phase.HEAD, "headers"),
        Meaning(http.client.BadStatusLine, Code.MALFORMED_HEAD, Phase.HEAD),
    )
