"""pycurl: libcurl's multi interface, with a selector of ours; waiting, connecting and HTTP are libcurl's.

How it is used at its best: handles that are used again; libcurl says which sockets it waits for and how long
(`M_SOCKETFUNCTION`, `M_TIMERFUNCTION`), and is called for those only that are ready (`socket_action`). It tells most of
all peers: the parts of the time, the address, whether a connection was used again.
"""

from __future__ import annotations

import importlib.util
import selectors
import time
from typing import TYPE_CHECKING, Any

from fetchmux.backends import Work
from fetchmux.exchange import Carried
from fetchmux.peers.reply import begin, lose
from fetchmux.settings import Options

if TYPE_CHECKING:
    from fetchmux.peers._pycurl import Transfer


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
        from fetchmux.peers._pycurl import Transfer

        exchange = begin(carried, self._options)
        handle = self._idle.pop() if self._idle else self._curl.Curl()
        transfer = Transfer(exchange, handle, self._options)
        try:
            transfer.dial()
            self._multi.add_handle(handle)
        except Exception as error:
            self._idle.append(handle)
            lose(exchange, error)
            self._frontier.settle(exchange)
        else:
            self._transfers[handle] = transfer

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
                self._transfers[handle].succeed()
                self._release(handle)
            for handle, number, message in broken:
                self._transfers[handle].fail(number, message)
                self._release(handle)

    def _sweep(self, now: float) -> None:
        """Give up what is past its deadline, be it late or cancelled."""
        for handle, transfer in list(self._transfers.items()):
            if now >= transfer.exchange.deadline:
                transfer.give_up()
                self._release(handle)

    def _release(self, handle: Any) -> None:
        """The exchange is done, and the handle is free."""
        transfer = self._transfers.pop(handle)
        self._multi.remove_handle(handle)
        self._idle.append(handle)
        self._frontier.settle(transfer.exchange)
