"""One transfer of libcurl: what its handle is told, and what can be asked of it afterwards.

Knows libcurl's options, numbers and callbacks. Must not know how many transfers there are, nor who waits for them.
"""

from __future__ import annotations

import os
from typing import Any

from fetchmux.errors import Code, FetchError, Phase, classify
from fetchmux.exchange import Exchange
from fetchmux.http.head import parse_head
from fetchmux.model import Address
from fetchmux.peers.reply import Reply, fields, fill, headed, late, lose
from fetchmux.peers.trust import system_store
from fetchmux.settings import Options

# By libcurl's number, and by a word of the message where one number is for many failures. What is not here is
# `internal`, with libcurl's words.
_MEANINGS = (
    (1, "", Code.MALFORMED_HEAD, Phase.HEAD),
    (6, "", Code.RESOLVE_FAILED, Phase.RESOLVE),
    (8, "", Code.MALFORMED_HEAD, Phase.HEAD),
    (18, "", Code.TRUNCATED_BODY, Phase.BODY),
    (35, "", Code.TLS_FAILED, Phase.TLS),
    (52, "", Code.EMPTY_REPLY, Phase.HEAD),
    (55, "", Code.CONNECTION_LOST, Phase.SEND),
    (56, "chunk", Code.MALFORMED_BODY, Phase.BODY),
    (56, "headers", Code.HEAD_TOO_LARGE, Phase.HEAD),
    (56, "", Code.CONNECTION_LOST, Phase.HEAD),
    (60, "", Code.TLS_FAILED, Phase.TLS),
    (100, "", Code.HEAD_TOO_LARGE, Phase.HEAD),
)


class Transfer:
    """An exchange on a handle, and what libcurl has delivered for it."""

    def __init__(self, exchange: Exchange, handle: Any, options: Options) -> None:
        import pycurl

        self.exchange = exchange
        self._curl = pycurl
        self._handle = handle
        self._options = options
        self._lines: list[bytes] = []
        self._body: list[bytes] = []

    def dial(self) -> None:
        """Tell the handle all about one request. A reset forgets options, and keeps connections."""
        curl, options, job, tell = self._curl, self._options, self.exchange.job, self._handle.setopt
        self._handle.reset()
        tell(curl.URL, job.url.text)
        tell(curl.HTTPHEADER, [f"{name}: {value}".encode() for name, value in fields(self.exchange)])
        tell(curl.HEADERFUNCTION, self._lines.append)
        tell(curl.WRITEFUNCTION, self._body.append)
        tell(curl.HTTP_VERSION, curl.CURL_HTTP_VERSION_1_1)
        tell(curl.PATH_AS_IS, 1)
        tell(curl.NOSIGNAL, 1)
        tell(curl.PROXY, "")
        tell(curl.CONNECTTIMEOUT_MS, max(1, round(options.connect_timeout * 1000)))
        # Less than a byte a second for so many seconds is silence.
        tell(curl.LOW_SPEED_LIMIT, 1)
        tell(curl.LOW_SPEED_TIME, max(1, round(options.idle_timeout)))
        tell(curl.FORBID_REUSE, not options.keep_alive)
        if job.url.origin.scheme == "https" and (store := system_store()) is not None:
            tell(curl.CAPATH if os.path.isdir(store) else curl.CAINFO, store)
        if job.body:
            tell(curl.POSTFIELDS, job.body)
        if job.method == "HEAD":
            tell(curl.NOBODY, 1)
        elif job.method != "GET" or job.body:
            tell(curl.CUSTOMREQUEST, job.method)

    def succeed(self) -> None:
        """The transfer has ended well."""
        self._note()
        try:
            fill(self.exchange, self._reply())
        except FetchError as error:
            lose(self.exchange, error)

    def fail(self, number: int, message: str) -> None:
        """The transfer has ended otherwise."""
        self._note_head()
        lose(self.exchange, self._named(number, message))

    def give_up(self) -> None:
        """The deadline has passed."""
        self._note_head()
        late(self.exchange, self._options)

    def _note(self) -> None:
        """What libcurl knows of the way that the reply took."""
        curl, ask, exchange = self._curl, self._handle.getinfo, self.exchange
        start = exchange.started_at
        exchange.reused = ask(curl.NUM_CONNECTS) == 0
        exchange.connected_at = start + ask(curl.CONNECT_TIME)
        exchange.secured_at = max(exchange.connected_at, start + ask(curl.APPCONNECT_TIME))
        exchange.sent_at = max(exchange.secured_at, start + ask(curl.PRETRANSFER_TIME))
        exchange.first_at = start + ask(curl.STARTTRANSFER_TIME)
        exchange.address = Address(exchange.address.family, (ask(curl.PRIMARY_IP), ask(curl.PRIMARY_PORT)))
        exchange.collector.wire_size = int(ask(curl.HEADER_SIZE) + ask(curl.SIZE_DOWNLOAD_T))

    def _note_head(self) -> None:
        """The head is known to be whole when its empty line has been delivered."""
        if self._lines and not self._lines[-1].strip():
            headed(self.exchange)

    def _named(self, number: int, message: str) -> FetchError:
        if number == self._curl.E_COULDNT_CONNECT:
            errno = self._handle.getinfo(self._curl.OS_ERRNO)
            return classify(OSError(errno, message) if errno else OSError(message), Phase.CONNECT)
        if number == self._curl.E_OPERATION_TIMEDOUT:
            connected = self._handle.getinfo(self._curl.CONNECT_TIME) > 0
            return FetchError(Code.TIMEOUT, message, Phase.HEAD if connected else Phase.CONNECT)
        for known, word, code, phase in _MEANINGS:
            if number == known and word in message:
                return FetchError(code, message, phase)
        return FetchError(Code.INTERNAL, message, Phase.HEAD)

    def _reply(self) -> Reply:
        """The last head is the reply's, those before it were interim ones. Raises FetchError for one that is none."""
        lines = self._lines
        start = max(place for place, line in enumerate(lines) if line.startswith(b"HTTP/"))
        head = parse_head(b"".join(line for line in lines[start:] if line.strip()))
        return Reply(head.status, head.reason, head.version, head.fields, b"".join(self._body))
