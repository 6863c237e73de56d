"""The way to the hosts that peers take: their own. The frontier is told an address that nobody uses.

Knows which of the user's options that rules out. Must not look anything up.
"""

from __future__ import annotations

import functools
import socket
from collections import deque
from collections.abc import Iterator, Mapping

from fetchmux.errors import UsageError
from fetchmux.exchange import Carried, Exchange
from fetchmux.model import Address, Origin
from fetchmux.policy.proxies import Proxies
from fetchmux.resolve import Answer, literal
from fetchmux.settings import MAX_HEAD, Name, Network, Options, TlsOptions

_literal = functools.lru_cache(4_096)(literal)
_UNKNOWN = (Address(socket.AF_UNSPEC, ""),)


class Direct:
    """Every host is reached by whoever wants to."""

    def __init__(self) -> None:
        self.answered: deque[Name] = deque()

    def dial(self, origin: Origin) -> tuple[Name, ...]:
        """The host itself."""
        return (origin.name,)

    def lookup(self, name: Name) -> Answer:
        """An address that is one already is what the record will show; of a name the peer alone knows it."""
        return _literal(*name) or _UNKNOWN

    def tend(self) -> None:
        """Nobody ever waits for an answer."""

    def wrap(self, exchange: Exchange, predecessor: Carried | None) -> Carried:
        """TLS is the peer's own."""
        return exchange

    def forwarded(self, origin: Origin) -> tuple[bool, str | None]:
        """There is no proxy."""
        return False, None

    def close(self) -> None:
        """Nothing was opened."""


def refuse(peer: str, options: Options, network: Network, environment: Mapping[str, str]) -> None:
    """Raise UsageError for what the user asked for and a peer would ignore."""
    asked = ", ".join(_beyond(options, network))
    if asked:
        raise UsageError(f"{peer} brings its own HTTP stack, which cannot honour {asked}: name a strategy for that")
    if Proxies(network.proxy, environment).used:
        raise UsageError(f"{peer} asks hosts directly, but the environment names a proxy: --proxy '' ignores that")


def _beyond(options: Options, network: Network) -> Iterator[str]:
    """The options, as they are spelled, that only fetchmux's own stack has."""
    told = {
        "-4 or -6": network.family,
        "--resolve": network.fixed,
        "--no-private": network.no_private,
        "--unix-socket": network.unix_socket,
        "--proxy": network.proxy,
        "--cacert, --cert, --insecure or --tls-min": network.tls != TlsOptions(),
        "--compressed": options.compressed,
        "--har or --warc": options.archive,
        "--max-body": options.max_body,
        "--max-head": options.max_head != MAX_HEAD,
    }
    return (spelled for spelled, given in told.items() if given)
