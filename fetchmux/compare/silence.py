"""Connections that stand open and silent beside a trial: the strategy has to watch them like any other.

They are exchanges of the same run, for a page that never comes; they go first, stand before the clock runs, and are
cancelled when it has stopped. So each strategy holds them in its own way: in its poll set, on a stack, in a thread.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

# How long the last of them may take to stand, in seconds.
_PATIENCE = 30.0


class CannotHold(Exception):
    """The strategy cannot have so many connections; the text says how many it can."""


class Silence:
    """So many connections to the embedded origin's page `url`, where nothing is ever answered.

    Attributes:
        ends: ends the run; to be set before `end` is called.
    """

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._count = count
        self.ends: Callable[[], None] = lambda: None

    def items(self, notices: Sequence[str]) -> Iterator[str | None]:
        """Inputs that open them, and then nothing to read until all stand. Raises CannotHold.

        Notices of the run tell whether it had to make do with fewer.
        """
        if not self._count:
            return
        for _ in range(self._count):
            yield self._url
        end = time.monotonic() + _PATIENCE
        while (standing := self._standing()) < self._count:
            if notices or time.monotonic() > end:
                reason = notices[0] if notices else f"after {_PATIENCE:g} s no more stood"
                raise CannotHold(f"it holds {standing:,} of {self._count:,} silent connections: {reason}")
            yield None

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
