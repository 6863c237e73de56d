"""Proxies as wrappers: the surface of an exchange, which first speaks with a proxy and then is no longer noticed.

Knows who has to be spoken to in which language. Must not know sockets, nor which proxy an origin is asked through: the
policy says that. What is wrapped is itself an exchange, plain or in TLS, and waits until the way to its server is open.
"""

from __future__ import annotations

import importlib.util

from fetchmux.exchange import Carried
from fetchmux.model import Address
from fetchmux.policy.proxies import Proxy
from fetchmux.settings import MAX_HEAD
from fetchmux.tunnel.connect import Connect
from fetchmux.tunnel.tunnel import Forward, Tunnel

__all__ = ["Tunnel", "missing", "through"]


def missing(proxy: Proxy) -> str | None:
    """Why such a proxy cannot be spoken to here, with the remedy; None when it can."""
    if proxy.scheme == "http" or importlib.util.find_spec("socksio"):
        return None
    return f"a {proxy.scheme}:// proxy needs the package socksio: pip install 'fetchmux[socks]'"


def through(
    inner: Carried, proxy: Proxy, *, user_agent: str, target: Address | None = None, max_head: int = MAX_HEAD
) -> Tunnel:
    """Wrap the first exchange on a connection to `proxy`; its address must be the proxy's.

    Args:
        inner: the exchange, for an https origin already wrapped in TLS.
        proxy: whom to speak to.
        user_agent: what fetchmux calls itself before an HTTP proxy.
        target: the origin's own address, which "socks5" needs and the others do not.
        max_head: most bytes of an HTTP proxy's answer.
    """
    origin = inner.core.job.url.origin
    if proxy.forwards(origin):
        return Tunnel(inner, Forward())
    if proxy.scheme == "http":
        return Tunnel(inner, Connect(origin.name, user_agent, proxy.authorization, max_head))
    from fetchmux.tunnel.socks import Socks

    if proxy.scheme == "socks5h":
        return Tunnel(inner, Socks(origin.name, proxy.login))
    if target is None:
        raise ValueError("a socks5 proxy is told an address")
    return Tunnel(inner, Socks(target.sockaddr[:2], proxy.login))
