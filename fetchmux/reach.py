"""How hosts are reached in one run: names, TLS and proxies, joined.

Knows which of them an origin needs and in which order they wrap an exchange. Must not know what is fetched next, nor
how a strategy waits.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fetchmux.errors import UsageError
from fetchmux.exchange import Carried, Clock, Exchange
from fetchmux.model import Address, Origin
from fetchmux.policy.proxies import Proxies
from fetchmux.resolve import Answer, Constant, Public, Resolver
from fetchmux.settings import Name, Network, TlsOptions

if TYPE_CHECKING:
    from fetchmux.tls import Contexts

_MOST_ORIGINS = 100_000


class _Chosen(tuple[str, int]):
    """The name of a proxy: the user's own choice, which no guard refuses."""


class Reach:
    """The ways to the hosts of one run.

    Args:
        network: what the user said of them.
        environment: where proxies are named, too.
        user_agent: what fetchmux calls itself before a proxy.
        clock: seconds, monotonic.

    Raises:
        UsageError: a proxy or a certificate that cannot be used.
    """

    def __init__(self, network: Network, environment: Mapping[str, str], user_agent: str, clock: Clock) -> None:
        self._network = network
        self._user_agent = user_agent
        self._resolver = Resolver(clock, network)
        self._contexts: Contexts | None = None
        # A socket of this machine is reached through no proxy.
        self._proxies = Proxies(network.proxy if network.unix_socket is None else "", environment)
        self._check_proxies()
        self.answered = self._resolver.answered
        self._public = Public(self._resolver) if network.no_private else self._resolver
        self._socket = None if network.unix_socket is None else Constant(_unix(network.unix_socket))
        if network.tls != TlsOptions():
            # A file that cannot be used is a mistake to be told before anything is fetched.
            self._tls()
        self._dialled: dict[Origin, tuple[Name, ...]] = {}
        # What a socks5 proxy is told of names, the latest last: an answer must outlive the resolver's, for a job may
        # have waited long since it was given.
        self._relays = any(proxy.scheme == "socks5" for proxy in self._proxies.used)
        self._targets: dict[Name, Address] = {}

    def lookup(self, name: Name) -> Answer | None:
        """The addresses of a name, why there are none, or None while the question is open."""
        if self._socket is not None:
            return self._socket.lookup(name)
        if isinstance(name, _Chosen):
            return self._resolver.lookup(name)
        found = self._public.lookup(name)
        if self._relays and isinstance(found, tuple):
            self._targets.pop(name, None)
            self._targets[name] = found[0]
            if len(self._targets) > _MOST_ORIGINS:
                del self._targets[next(iter(self._targets))]
        return found

    def tend(self) -> None:
        """Somebody waits for an address: called again and again meanwhile."""
        self._resolver.tend()

    def dial(self, origin: Origin) -> tuple[Name, ...]:
        """The names that must be known before `origin` can be reached; connect to the last one."""
        if not self._proxies.used:
            return (origin.name,)
        names = self._dialled.get(origin)
        if names is None:
            proxy = self._proxies.proxy_for(origin)
            names = (origin.name,) if proxy is None else (_Chosen(proxy.name),)
            if proxy is not None and proxy.scheme == "socks5":
                names = (origin.name, _Chosen(proxy.name))
            if len(self._dialled) >= _MOST_ORIGINS:
                self._dialled.clear()
            self._dialled[origin] = names
        return names

    def forwarded(self, origin: Origin) -> tuple[bool, str | None]:
        """Whether a request is sent to a proxy as it is, in absolute-form, and with which Proxy-Authorization."""
        proxy = self._proxies.proxy_for(origin) if self._proxies.used else None
        if proxy is None or not proxy.forwards(origin):
            return False, None
        return True, proxy.authorization

    def wrap(self, exchange: Exchange, predecessor: Carried | None) -> Carried:
        """What a strategy carries for `exchange`, on the connection of `predecessor` if there is one."""
        origin, proxies = exchange.job.url.origin, self._proxies
        carried: Carried = exchange
        if origin.scheme == "https":
            carried = self._tls().wrap(exchange, predecessor)
        proxy = proxies.proxy_for(origin) if proxies.used else None
        if proxy is None or predecessor is not None:
            return carried
        from fetchmux.tunnel import through

        target = self._targets[origin.name] if proxy.scheme == "socks5" else None
        return through(carried, proxy, user_agent=self._user_agent, target=target)

    def close(self) -> None:
        """Let the resolver's threads end."""
        self._resolver.close()

    def _tls(self) -> Contexts:
        """Certificates and sessions; the first use loads OpenSSL, which most runs do not need."""
        if self._contexts is None:
            from fetchmux.tls import Contexts

            self._contexts = Contexts(self._network.tls)
        return self._contexts

    def _check_proxies(self) -> None:
        for proxy in self._proxies.used:
            from fetchmux.tunnel import missing

            remedy = missing(proxy)
            if remedy is not None:
                raise UsageError(remedy)
            if self._network.no_private and proxy.scheme != "socks5":
                raise UsageError("--no-private cannot hold with a proxy that looks names up itself")


def _unix(path: str) -> Address:
    return Address(socket.AF_UNIX, path)
