"""Connections that stand open and silent beside a trial: the strategy has to watch them like any other.

They are exchanges of the same run, for a page that never comes; they go first, stand before the clock runs, and are
cancelled when it has stopped. So each strategy holds them in its own way: in its poll set, on a stack, in a thread.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

# How long the last of them may take to stand, in seconds.
_PATIENCE = 30.0


class CannotHold(Exception):
    """The strategy cannot have so many connections; the text says why, and `most` how many it can."""

    most = 0


class Silence:
    """So many connections to the embedded origin's page `url`, where nothing is ever answered.

    Attributes:
        ends: ends the run; to be set before it begins.
        failure: why not all of them stood.
    """

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._count = count
        self._whole = not count
        self.ends: Callable[[], None] = lambda: None
        self.failure: CannotHold | None = None

    def items(self) -> Iterator[str | None]:
        """Inputs that open them, and then nothing to read until all stand."""
        for _ in range(self._count):
            yield self._url
        end = time.monotonic() + _PATIENCE
        while not self._whole:
            self._whole = self._standing() >= self._count
            if not self._whole and time.monotonic() > end:
                self._fail(f"after {_PATIENCE:g} s no more stood")
            yield None

    def noticed(self, sentence: str) -> None:
        """The run has told something: before all stand, it is that there is no room for them."""
        if not self._whole:
            self._fail(sentence)

    def _fail(self, reason: str) -> None:
        self.failure = CannotHold(f"it cannot hold {self._count:,} silent connections: {reason}")
        self.ends()

    def end(self) -> None:
        """The clock has stopped: let go of them."""
        if self._count:
            self.ends()

    def _standing(self) -> int:
        """How many the origin has."""
        parts = urlsplit(self._url)
        with socket.create_connection((parts.hostname or "", parts.port or 80)) as sock:
            sock.sendall(b"GET /waiting HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: sock.recv(4096), b""))
        return int(json.loads(answer.partition(b"\r\n\r\n")[2])["silent"])
