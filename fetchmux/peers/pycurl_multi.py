"""pycurl: libcurl's multi interface, with a selector of ours; waiting, connecting and HTTP are libcurl's.

How it is used at its best: handles that are used again; libcurl says which sockets it waits for and how long
(`M_SOCKETFUNCTION`, `M_TIMERFUNCTION`), and is called for those only that are ready (`socket_action`). It tells most of
all peers: the parts of the time, the address, whether a connection was used again.
"""

from __future__ import annotations

import importlib.util
import selectors
import time
from typing import Any

from fetchmux.backends import Work
from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Carried, Exchange
from fetchmux.http.head import parse_head
from fetchmux.model import Address
from fetchmux.peers.reply import Reply, begin, fields, fill, headed, late, lose
from fetchmux.settings import Options

# By libcurl's number. What is not here is `internal`, with libcurl's words.
_MEANINGS = {
    1: (Code.MALFORMED_HEAD, Phase.HEAD),
    6: (Code.RESOLVE_FAILED, Phase.RESOLVE),
    8: (Code.MALFORMED_HEAD, Phase.HEAD),
    18: (Code.TRUNCATED_BODY, Phase.BODY),
    35: (Code.TLS_FAILED, Phase.TLS),
    52: (Code.EMPTY_REPLY, Phase.HEAD),
    55: (Code.CONNECTION_LOST, Phase.SEND),
    56: (Code.CONNECTION_LOST, Phase.HEAD),
    60: (Code.TLS_FAILED, Phase.TLS),
    100: (Code.HEAD_TOO_LARGE, Phase.HEAD),
}


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("pycurl") is None:
        return "pycurl is not installed: pip install 'fetchmux[peers]'"
    return None


def run(frontier: Work, options: Options) -> None:
    """Launch, sleep, let libcurl act, reap."""
    switchboard = Switchboard(frontier, options)
    try:
        switchboard.work()
    finally:
        switchboard.close()


class Transfer:
    """An exchange, and what libcurl has delivered for it."""

    __slots__ = ("body", "exchange", "lines")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.lines: list[bytes] = []
        self.body: list[bytes] = []


class Switchboard:
    """All transfers of one run."""

    def __init__(self, frontier: Work, options: Options) -> None:
        import pycurl

        self._curl = pycurl
        self._frontier = frontier
        self._options = options
        self._selector = selectors.DefaultSelector()
        self._due: float | None = None
        self._multi = multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        multi.setopt(pycurl.M_MAXCONNECTS, options.concurrency)
        self._idle: list[pycurl.Curl] = []
        self._transfers: dict[pycurl.Curl, Transfer] = {}

    def work(self) -> None:
        """Work until the frontier is exhausted."""
        while not self._frontier.exhausted:
            while (carried := self._frontier.take()) is not None:
                self._launch(carried)
            self._turn(self._frontier.timeout())
            self._reap()
            self._sweep(time.monotonic())

    def close(self) -> None:
        """Close every connection."""
        for handle in self._transfers:
            self._multi.remove_handle(handle)
        self._multi.close()
        for handle in (*self._idle, *self._transfers):
            handle.close()
        self._selector.close()

    def _launch(self, carried: Carried) -> None:
        exchange = begin(carried, self._options)
        transfer = Transfer(exchange)
        handle = self._idle.pop() if self._idle else self._curl.Curl()
        self._transfers[handle] = transfer
        try:
            self._dial(handle, transfer)
            self._multi.add_handle(handle)
        except Exception as error:
            del self._transfers[handle]
            self._idle.append(handle)
            lose(exchange, error)
            self._frontier.settle(exchange)

    def _dial(self, handle: Any, transfer: Transfer) -> None:
        """Tell the handle all about one request. A reset forgets options, and keeps connections."""
        curl, options, job = self._curl, self._options, transfer.exchange.job
        handle.reset()
        handle.setopt(curl.URL, job.url.text)
        handle.setopt(curl.HTTPHEADER, [f"{name}: {value}".encode() for name, value in fields(transfer.exchange)])
        handle.setopt(curl.HEADERFUNCTION, transfer.lines.append)
        handle.setopt(curl.WRITEFUNCTION, transfer.body.append)
        handle.setopt(curl.HTTP_VERSION, curl.CURL_HTTP_VERSION_1_1)
        handle.setopt(curl.PATH_AS_IS, 1)
        handle.setopt(curl.NOSIGNAL, 1)
        handle.setopt(curl.PROXY, "")
        handle.setopt(curl.CONNECTTIMEOUT_MS, max(1, round(options.connect_timeout * 1000)))
        # Less than a byte a second for so many seconds is silence.
        handle.setopt(curl.LOW_SPEED_LIMIT, 1)
        handle.setopt(curl.LOW_SPEED_TIME, max(1, round(options.idle_timeout)))
        handle.setopt(curl.FORBID_REUSE, not options.keep_alive)
        if job.body:
            handle.setopt(curl.POSTFIELDS, job.body)
        if job.method == "HEAD":
            handle.setopt(curl.NOBODY, 1)
        elif job.method != "GET" or job.body:
            handle.setopt(curl.CUSTOMREQUEST, job.method)

    def _turn(self, longest: float) -> None:
        """Sleep until a socket is ready or libcurl's timer is due, and let libcurl act."""
        if self._due is not None:
            longest = min(longest, max(0.0, self._due - time.monotonic()))
        for key, events in self._selector.select(longest):
            mask = self._curl.CSELECT_IN * bool(events & selectors.EVENT_READ)
            mask |= self._curl.CSELECT_OUT * bool(events & selectors.EVENT_WRITE)
            self._multi.socket_action(key.fd, mask)
        if self._due is not None and time.monotonic() >= self._due:
            self._due = None
            self._multi.socket_action(self._curl.SOCKET_TIMEOUT, 0)

    def _watch(self, what: int, fd: int, multi: object, data: object) -> None:
        """libcurl: wait for this at that socket."""
        known = fd in self._selector.get_map()
        if what == self._curl.POLL_REMOVE:
            if known:
                self._selector.unregister(fd)
            return
        events = selectors.EVENT_READ * bool(what & self._curl.POLL_IN)
        events |= selectors.EVENT_WRITE * bool(what & self._curl.POLL_OUT)
        if known:
            self._selector.modify(fd, events)
        else:
            self._selector.register(fd, events)

    def _set_timer(self, milliseconds: int) -> None:
        """libcurl: call after so long, whatever happens; -1: no need."""
        self._due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _reap(self) -> None:
        """Take what has ended."""
        left = 1
        while left:
            left, whole, broken = self._multi.info_read()
            for handle in whole:
                self._end(handle, None)
            for handle, number, message in broken:
                self._end(handle, (number, message))

    def _sweep(self, now: float) -> None:
        """Give up what is past its deadline, be it late or cancelled."""
        for handle, transfer in list(self._transfers.items()):
            if now >= transfer.exchange.deadline:
                _note_head(transfer)
                late(transfer.exchange, self._options)
                self._release(handle)
                self._frontier.settle(transfer.exchange)

    def _end(self, handle: Any, failure: tuple[int, str] | None) -> None:
        transfer = self._transfers[handle]
        exchange = transfer.exchange
        try:
            if failure is not None:
                _note_head(transfer)
                raise self._named(handle, *failure)
            self._note(handle, exchange)
            fill(exchange, _reply(transfer))
        except FetchError as error:
            lose(exchange, error)
        self._release(handle)
        self._frontier.settle(exchange)

    def _release(self, handle: Any) -> None:
        del self._transfers[handle]
        self._multi.remove_handle(handle)
        self._idle.append(handle)

    def _note(self, handle: Any, exchange: Exchange) -> None:
        """What libcurl knows of the way that the reply took."""
        curl, ask, start = self._curl, handle.getinfo, exchange.started_at
        exchange.reused = ask(curl.NUM_CONNECTS) == 0
        exchange.connected_at = start + ask(curl.CONNECT_TIME)
        exchange.secured_at = max(exchange.connected_at, start + ask(curl.APPCONNECT_TIME))
        exchange.sent_at = max(exchange.secured_at, start + ask(curl.PRETRANSFER_TIME))
        exchange.first_at = start + ask(curl.STARTTRANSFER_TIME)
        exchange.address = Address(exchange.address.family, (ask(curl.PRIMARY_IP), ask(curl.PRIMARY_PORT)))
        exchange.collector.wire_size = int(ask(curl.HEADER_SIZE) + ask(curl.SIZE_DOWNLOAD_T))

    def _named(self, handle: Any, number: int, message: str) -> FetchError:
        connected = handle.getinfo(self._curl.CONNECT_TIME) > 0
        if number == self._curl.E_COULDNT_CONNECT:
            return _unconnected(handle.getinfo(self._curl.OS_ERRNO), message)
        if number == self._curl.E_OPERATION_TIMEDOUT:
            return FetchError(Code.TIMEOUT, message, Phase.HEAD if connected else Phase.CONNECT)
        if number == self._curl.E_RECV_ERROR and "chunk" in message:
            return FetchError(Code.MALFORMED_BODY, message, Phase.BODY)
        if number == self._curl.E_RECV_ERROR and "headers" in message:
            return FetchError(Code.HEAD_TOO_LARGE, message, Phase.HEAD)
        code, phase = _MEANINGS.get(number, (Code.INTERNAL, Phase.HEAD))
        return FetchError(code, message, phase)


def _unconnected(number: int, message: str) -> FetchError:
    """No connection: the system's error of that number has a name already."""
    from fetchmux.errors import classify

    return classify(OSError(number, message) if number else OSError(message), Phase.CONNECT)


def _note_head(transfer: Transfer) -> None:
    """The head is known to be whole when its empty line has been delivered."""
    if transfer.lines and not transfer.lines[-1].strip():
        headed(transfer.exchange)


def _reply(transfer: Transfer) -> Reply:
    """The last head is the reply's: those before it were interim ones. Raises FetchError for a head that is none."""
    lines = transfer.lines
    start = max(place for place, line in enumerate(lines) if line.startswith(b"HTTP/"))
    head = parse_head(b"".join(line for line in lines[start:] if line.strip()))
    return Reply(head.status, head.reason, head.version, head.fields, b"".join(transfer.body))
