"""Names to addresses: a few threads outside the strategies, one question for each name at a time, a cache.

`lookup` never waits: it answers, or says that the question is open. Knows the system's resolver; must not know what a
request or a strategy is. In a process patched by gevent the threads are greenlets, by nobody's doing here.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from fetchmux.errors import SCARCITY, Code, FetchError, Phase
from fetchmux.model import Address
from fetchmux.policy.retries import NAME_PAUSE
from fetchmux.settings import Name, Network

THREADS = 8
# Names whose servers are silent hold their threads for many seconds. When no question has been taken up for so long
# while some wait, there is one more thread, up to so many.
STUCK = 0.5
MOST_THREADS = 64
# How long an answer holds, in seconds: the system's resolver does not tell the records' own lifetimes.
LIFETIME = 60.0
# And a failure that may pass: whoever asks again does so after this time, and not of the cache.
_PASSING_LIFETIME = NAME_PAUSE * 0.9
SCARCITY_PAUSE = 0.05
# How long the end of a run waits for threads that are about to end.
PARTING = 0.2
_MOST_NAMES = 100_000

ANY_NETWORK = Network()
_FAMILIES = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}

Answer = tuple[Address, ...] | FetchError


class Resolver:
    """Looks up names for one run. Close it, or its threads stay until the process ends.

    Args:
        clock: seconds, monotonic.
        network: which addresses are wanted, and which are known beforehand.
    """

    def __init__(self, clock: Callable[[], float], network: Network = ANY_NETWORK) -> None:
        self._family = _FAMILIES[network.family]
        self._fixed = {name: _spelt_out(name[1], texts) for name, texts in network.fixed}
        # Names whose answers have come since somebody last looked; threads append, the frontier pops.
        self.answered: deque[Name] = deque()
        self._clock = clock
        self._answers: dict[Name, tuple[float, Answer]] = {}
        self._asked: set[Name] = set()
        self._questions: queue.SimpleQueue[Name | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._taken_at = 0.0

    def lookup(self, name: Name) -> Answer | None:
        """The addresses of a name in the system's order of preference, why there are none, or None: not yet known."""
        known = self._answers.get(name)
        if known is not None and (known[0] > self._clock() or name in self._asked):
            return known[1]
        told = self._fixed.get(name) or literal(*name)
        if told is not None:
            self._make_room()
            answer = self._wanted(told)
            self._answers[name] = (float("inf"), answer)
            return answer
        if name not in self._asked:
            self._ask(name)
        return None

    def tend(self) -> None:
        """Called now and then while somebody waits: names behind silent ones shall not wait for those."""
        now = self._clock()
        if self._questions.qsize() and now - self._taken_at > STUCK and len(self._threads) < MOST_THREADS:
            self._taken_at = now
            self._start_thread()

    def close(self) -> None:
        """Let the threads end; one that is deep in a slow question is left to the end of the process."""
        for _ in self._threads:
            self._questions.put(None)
        patience = self._clock() + PARTING
        for thread in self._threads:
            thread.join(max(0.0, patience - self._clock()))

    def _ask(self, name: Name) -> None:
        self._make_room()
        self._asked.add(name)
        self._questions.put(name)
        if len(self._threads) < min(THREADS, len(self._asked)):
            self._start_thread()

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._answer_all, name="fetchmux-resolve", daemon=True)
        # Without threads the question waits for one that exists; with none at all it times out as such.
        with contextlib.suppress(RuntimeError):
            thread.start()
            self._threads.append(thread)

    def _wanted(self, addresses: tuple[Address, ...]) -> Answer:
        """Those of the family that is asked for."""
        if self._family == socket.AF_UNSPEC:
            return addresses
        wanted = tuple(address for address in addresses if address.family == self._family)
        version = 4 if self._family == socket.AF_INET else 6
        return wanted or FetchError(Code.RESOLVE_FAILED, f"there is no IPv{version} address", Phase.RESOLVE)

    def _make_room(self) -> None:
        if len(self._answers) >= _MOST_NAMES:
            self._answers.clear()

    def _answer_all(self) -> None:
        while (name := self._questions.get()) is not None:
            self._taken_at = self._clock()
            answer = _resolve(*name, self._family)
            if answer is None:
                time.sleep(SCARCITY_PAUSE)
                self._questions.put(name)
                continue
            lifetime = _PASSING_LIFETIME if isinstance(answer, FetchError) and answer.passing else LIFETIME
            self._answers[name] = (self._clock() + lifetime, answer)
            self._asked.discard(name)
            self.answered.append(name)


def literal(host: str, port: int) -> tuple[Address, ...] | None:
    """The address that `host` spells out itself, or None for a name."""
    if not (host[-1:].isdigit() or ":" in host):
        return None
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return None
    if version == 4:
        return (Address(socket.AF_INET, (host, port)),)
    return (Address(socket.AF_INET6, (host, port, 0, 0)),)


def _spelt_out(port: int, texts: tuple[str, ...]) -> tuple[Address, ...]:
    return tuple(address for text in texts for address in literal(text, port) or ())


def _resolve(host: str, port: int, family: int) -> Answer | None:
    """Ask the system. None when it lacked a descriptor: ask again later."""
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except socket.gaierror as error:
        passing = error.errno == socket.EAI_AGAIN
        return FetchError(Code.RESOLVE_FAILED, str(error.strerror), Phase.RESOLVE, passing=passing)
    except OSError as error:
        if error.errno in SCARCITY:
            return None
        return FetchError(Code.RESOLVE_FAILED, str(error), Phase.RESOLVE)
    except UnicodeError:
        return FetchError(Code.RESOLVE_FAILED, "the name is too long to be looked up", Phase.RESOLVE)
    return _alternating([Address(found_family, sockaddr) for found_family, _, _, _, sockaddr in found])


def _alternating(addresses: list[Address]) -> tuple[Address, ...]:
    """The families by turns, each in its order, the first one first (RFC 8305, 4): one broken family costs one try."""
    first = [address for address in addresses if address.family == addresses[0].family]
    rest = [address for address in addresses if address.family != addresses[0].family]
    turns = itertools.zip_longest(first, rest)
    return tuple(address for turn in turns for address in turn if address is not None)


class Public:
    """Another lookup, of which only addresses of the public internet are handed on."""

    def __init__(self, names: Resolver) -> None:
        self.answered = names.answered
        self._names = names
        self._seen: dict[Name, tuple[Answer, Answer]] = {}

    def lookup(self, name: Name) -> Answer | None:
        """Like `Resolver.lookup`; a name with none but private addresses is `address-blocked`."""
        found = self._names.lookup(name)
        if not isinstance(found, tuple):
            return found
        seen = self._seen.get(name)
        if seen is None or seen[0] is not found:
            public = tuple(address for address in found if is_public(address.sockaddr[0]))
            blocked = FetchError(Code.ADDRESS_BLOCKED, "the address is private (--no-private)", Phase.RESOLVE)
            if len(self._seen) >= _MOST_NAMES:
                self._seen.clear()
            seen = self._seen[name] = (found, public or blocked)
        return seen[1]


class Constant:
    """A lookup with one answer to every question: a Unix socket, say."""

    def __init__(self, address: Address) -> None:
        self.answered: deque[Name] = deque()
        self._answer = (address,)

    def lookup(self, name: Name) -> Answer | None:
        """The address."""
        return self._answer


def is_public(text: str) -> bool:
    """Whether an address is of the public internet; one that carries another (RFC 3056, 4291, 6052) counts as that."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if carried is None and address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is None and address not in _GLOBAL_UNICAST:
            return False
        address = carried or address
    return address.is_global and not address.is_multicast


# All that has been given out of the internet's IPv6 addresses (RFC 4291, 2.4): not ::127.0.0.1, not fec0::1.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
