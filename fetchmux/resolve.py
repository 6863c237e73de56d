"""Names to addresses: a few threads outside the strategies, one question for each name at a time, a cache.

`lookup` never waits: it answers, or says that the question is open. Knows the system's resolver; must not know what a
request or a strategy is. In a process patched by gevent the threads are greenlets, by nobody's doing here.
"""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from fetchmux.errors import SCARCITY, Code, FetchError, Phase
from fetchmux.model import Address, Name

THREADS = 8
# How long an answer holds, in seconds: the system's resolver does not tell the records' own lifetimes.
LIFETIME = 60.0
SCARCITY_PAUSE = 0.05
_MOST_NAMES = 100_000

Answer = tuple[Address, ...] | FetchError


class Resolver:
    """Looks up names for one run. Close it, or its threads stay until the process ends."""

    def __init__(self, clock: Callable[[], float]) -> None:
        # Names whose answers have come since somebody last looked; threads append, the frontier pops.
        self.answered: deque[Name] = deque()
        self._clock = clock
        self._answers: dict[Name, tuple[float, Answer]] = {}
        self._asked: set[Name] = set()
        self._questions: queue.SimpleQueue[Name | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def lookup(self, name: Name) -> Answer | None:
        """The addresses of a name in the system's order of preference, why there are none, or None: not yet known."""
        known = self._answers.get(name)
        if known is not None and (known[0] > self._clock() or name in self._asked):
            return known[1]
        literal = _literal(*name)
        if literal is not None:
            self._make_room()
            self._answers[name] = (float("inf"), (literal,))
            return (literal,)
        if name not in self._asked:
            self._ask(name)
        return None

    def close(self) -> None:
        """Let the threads end; one that is deep in a slow question is left to the end of the process."""
        for _ in self._threads:
            self._questions.put(None)
        for thread in self._threads:
            thread.join(0.2)

    def _ask(self, name: Name) -> None:
        self._make_room()
        self._asked.add(name)
        self._questions.put(name)
        if len(self._threads) < min(THREADS, len(self._asked)):
            thread = threading.Thread(target=self._answer_all, name="fetchmux-resolve", daemon=True)
            # Without threads the question waits for one that exists; with none at all it times out as such.
            with contextlib.suppress(RuntimeError):
                thread.start()
                self._threads.append(thread)

    def _make_room(self) -> None:
        if len(self._answers) >= _MOST_NAMES:
            self._answers.clear()

    def _answer_all(self) -> None:
        while (name := self._questions.get()) is not None:
            answer = _resolve(*name)
            if answer is None:
                time.sleep(SCARCITY_PAUSE)
                self._questions.put(name)
                continue
            self._answers[name] = (self._clock() + LIFETIME, answer)
            self._asked.discard(name)
            self.answered.append(name)


def _literal(host: str, port: int) -> Address | None:
    """The address that `host` spells out itself, or None for a name."""
    if not (host[-1:].isdigit() or ":" in host):
        return None
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return None
    if version == 4:
        return Address(socket.AF_INET, (host, port))
    return Address(socket.AF_INET6, (host, port, 0, 0))


def _resolve(host: str, port: int) -> Answer | None:
    """Ask the system. None when it lacked a descriptor: ask again later."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return FetchError(Code.RESOLVE_FAILED, str(error.strerror), Phase.RESOLVE)
    except OSError as error:
        if error.errno in SCARCITY:
            return None
        return FetchError(Code.RESOLVE_FAILED, str(error), Phase.RESOLVE)
    except UnicodeError:
        return FetchError(Code.RESOLVE_FAILED, "the name is too long to be looked up", Phase.RESOLVE)
    return tuple(Address(family, sockaddr) for family, _, _, _, sockaddr in found)
