"""Which proxy an origin is asked through, from `-x` and the environment, read as curl reads them.

Knows how a proxy is written and what no_proxy means. Must not know how a proxy is spoken to. Nothing raised here quotes
what was given, because a password may stand in it.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NoReturn, cast

import can_ada

from fetchmux.errors import UsageError
from fetchmux.model import Origin
from fetchmux.settings import Name

Scheme = Literal["http", "socks5", "socks5h"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# curl's, whatever the scheme.
DEFAULT_PORT = 1080
_SCHEME = re.compile(r"\s*+(?:([a-z][a-z0-9+.\-]*)://)?", re.IGNORECASE)
_BRACKETS = re.compile(r"^\[([^\]]*)\](?=/|$)")
_FORM = "[http|socks5|socks5h://][user:password@]host[:port]"
# RFC 1929: user name and password have one byte each for their length.
_LONGEST_LOGIN = 255


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        scheme: "http"; "socks5", which is told the target's address; "socks5h", which is told its name.
        name: host and port, to be looked up like an origin's.
        login: user name and password, or None.
    """

    scheme: Scheme
    name: Name
    login: tuple[bytes, bytes] | None = field(default=None, repr=False)

    @property
    def authorization(self) -> str | None:
        """The value of Proxy-Authorization (RFC 7617), or None."""
        return None if self.login is None else "Basic " + base64.b64encode(b":".join(self.login)).decode()

    def forwards(self, origin: Origin) -> bool:
        """Whether it is sent the request itself, in absolute-form with Proxy-Authorization; else a tunnel is dug."""
        return self.scheme == "http" and origin.scheme == "http"


class Proxies:
    """The proxies of one run.

    Args:
        option: the value of `-x`; it is for every origin, "" means that no proxy is used at all, None that the
            environment says.
        environment: http_proxy (HTTP_PROXY is not read: a web server would set it from a client's field named Proxy),
            https_proxy, all_proxy and no_proxy, the last three also in capitals. An empty variable counts as unset.

    Raises:
        UsageError: a value names no proxy, or one of a kind that is not supported.

    Attributes:
        used: every proxy that could be asked for.
    """

    def __init__(self, option: str | None, environment: Mapping[str, str]) -> None:
        if option is None:
            self._http = _from_variables(environment, "http_proxy", "all_proxy", "ALL_PROXY")
            self._https = _from_variables(environment, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        else:
            self._http = self._https = read_proxy(option, "-x/--proxy") if option else None
        self.used: tuple[Proxy, ...] = tuple(dict.fromkeys(filter(None, (self._http, self._https))))
        # As in curl, it holds for -x too.
        self._exempt = Exemptions(environment.get("no_proxy") or environment.get("NO_PROXY") or "")

    def proxy_for(self, origin: Origin) -> Proxy | None:
        """The proxy to ask `origin` through, or None: ask it directly."""
        proxy = self._https if origin.scheme == "https" else self._http
        return None if proxy is None or origin.name[0] in self._exempt else proxy


class Exemptions:
    """The hosts of a no_proxy value: `host in exemptions`.

    Entries are separated by commas or blanks. A name stands for itself and all below it, with or without a leading
    dot; an address for itself, a CIDR block for what lies in it; a `*` that is alone for everything. A host that is an
    address is not compared with names. An entry with a port matches nothing, as in curl.
    """

    def __init__(self, text: str) -> None:
        self._all = text.strip() == "*"
        self._names: set[str] = set()
        self._networks: list[Network] = []
        for entry in text.replace(",", " ").split():
            network = _network(entry)
            if network is None:
                self._names.add(entry.lower().removesuffix(".").removeprefix("."))
            else:
                self._networks.append(network)
        self._names.discard("")

    def __contains__(self, host: str) -> bool:
        if self._all:
            return True
        address = _network(host) if self._networks or self._names else None
        if address is not None:
            return any(address[0] in network for network in self._networks)
        if not self._names:
            return False
        labels = host.lower().removesuffix(".").split(".")
        return any(".".join(labels[first:]) in self._names for first in range(len(labels)))


def read_proxy(text: str, source: str) -> Proxy:
    """Parse `[scheme://][user:password@]host[:port]`. Raises UsageError, which names `source` as what to mend."""
    match = _SCHEME.match(text)
    assert match is not None
    scheme = (match[1] or "http").lower()
    if scheme not in ("http", "socks5", "socks5h"):
        words = "an https:// proxy is not supported" if scheme == "https" else "the kind of proxy is unknown"
        _refuse(source, f"{words}, only http://, socks5:// and socks5h:// are")
    rest = text[match.end() :]
    try:
        # A parser of URLs does not show a port that is the scheme's own, and 80 and 443 cannot both be.
        url, other = can_ada.parse(f"http://{rest}"), can_ada.parse(f"https://{rest}")
    except (ValueError, TypeError):
        # TypeError: bytes that are no UTF-8 stand in the environment as surrogates.
        _refuse(source, f"this is no proxy, {_FORM} is")
    if url.pathname != "/" or url.search or url.hash:
        _refuse(source, "something follows host and port (in a password, / ? # are to be written as %2F %3F %23)")
    port = int(url.port or other.port or DEFAULT_PORT)
    if not port:
        _refuse(source, f"nothing listens on port 0, {_FORM} is a proxy")
    login = _login(url.username, url.password)
    if login is not None and scheme != "http" and max(map(len, login)) > _LONGEST_LOGIN:
        _refuse(source, f"a SOCKS proxy takes at most {_LONGEST_LOGIN} bytes of user name and of password")
    return Proxy(cast(Scheme, scheme), (url.hostname.strip("[]"), port), login)


def _from_variables(environment: Mapping[str, str], *variables: str) -> Proxy | None:
    """The proxy that the first variable with a value names."""
    for variable in variables:
        if environment.get(variable):
            return read_proxy(environment[variable], variable)
    return None


def _login(user: str, password: str) -> tuple[bytes, bytes] | None:
    """User name and password from their percent-encoded forms."""
    if not user and not password:
        return None
    return urllib.parse.unquote_to_bytes(user), urllib.parse.unquote_to_bytes(password)


def _network(text: str) -> Network | None:
    """The addresses that `text` spells, IPv6 with or without brackets, or None for a name."""
    text = _BRACKETS.sub(r"\1", text)
    if not (text[-1:].isdigit() or ":" in text):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _refuse(source: str, words: str) -> NoReturn:
    raise UsageError(f"{source}: {words}") from None
