"""URLs by the WHATWG rules: what a browser's address bar takes is taken.

Knows the grammar through can_ada, and how to keep a password out of everything that is shown.
"""

from __future__ import annotations

import base64
import re
import urllib.parse
from collections.abc import Callable

import can_ada

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.model import Origin, Url

# The value of an Authorization field for a host, or None.
Logins = Callable[[str], str | None]

_PORTS = {"http": 80, "https": 443}
_USUAL = ("http://", "https://")
_HTTP = re.compile(r"\s*https?:", re.IGNORECASE)
# "mailto:", "ftp://" name a scheme; "localhost:8080" names a port.
_OTHER_SCHEME = re.compile(r"\s*[a-z][a-z0-9+.\-]*:(?!\d)", re.IGNORECASE)
_USERINFO = re.compile(r"^(\s*+(?:[a-z][a-z0-9+.\-]*:(?=[/\\])|https?:)?[/\\]*+)[^/\\?#]*@", re.IGNORECASE)
_AUTHORITY = re.compile(r"([/\\]{2})[^/\\?#\s]*@")
_MOST_ORIGINS = 100_000
# A URL is read without these at its ends, and without these anywhere (WHATWG URL, 4.4).
_ENDS = "".join(map(chr, range(0x21)))
_IGNORED = dict.fromkeys(map(ord, "\t\n\r"))


class UrlReader:
    """Reads the URLs of one run; every URL of an origin gets the same `Origin` object."""

    def __init__(self) -> None:
        self._authorities: dict[str, tuple[Origin, str | None, str]] = {}
        self._origins: dict[tuple[str, str], Origin] = {}

    def read(self, text: str) -> Url:
        """Parse what a person or a program wrote; without a scheme it means http.

        Raises FetchError `bad-url`.
        """
        if not text.isprintable():
            text = _heard(text)
        if not text.startswith(_USUAL) and not _HTTP.match(text):
            if _OTHER_SCHEME.match(text):
                raise bad_url("only http and https are fetched")
            text = "http://" + text.lstrip()
        try:
            href: str = can_ada.parse(text).href
        except (ValueError, TypeError):
            # TypeError: lone surrogates, which stand for bytes that were no text.
            raise bad_url("this is no URL") from None
        # A normalised http URL always has a path, so the authority ends at the third slash.
        end = href.index("/", 8)
        authority = href[:end]
        known = self._authorities.get(authority)
        if known is None:
            known = self._learn(authority, href)
        origin, authorization, shown = known
        target = href[end:]
        if "#" in target:
            target = target.partition("#")[0]
        return Url(origin, target, shown + target, authorization)

    def join(self, base: Url, reference: str) -> Url:
        """What `reference` means on the page at `base` (WHATWG URL, 4.4). Raises FetchError `bad-url`."""
        reference = _heard(reference).strip(" ")
        scheme, _, rest = reference.partition(":")
        if scheme.lower() == base.origin.scheme and not rest.startswith("//"):
            # By old custom "http:page" is a page beside this one, if this one is of http, too.
            reference = rest
        elif _HTTP.match(reference) or _OTHER_SCHEME.match(reference):
            return self.read(reference)
        start = reference[:2].replace("\\", "/")
        if start == "//":
            return self.read(f"{base.origin.scheme}:{reference}")
        root = f"{base.origin.scheme}://{base.origin.host_header}"
        path = base.target.partition("?")[0]
        if start[:1] == "/":
            return self.read(root + reference)
        if start[:1] == "?":
            return self.read(root + path + reference)
        if start[:1] in ("", "#"):
            return self.read(root + base.target)
        return self.read(root + path[: path.rindex("/") + 1] + reference)

    def _learn(self, authority: str, href: str) -> tuple[Origin, str | None, str]:
        """Take an authority apart, once."""
        if len(self._authorities) >= _MOST_ORIGINS:
            self._authorities.clear()
            self._origins.clear()
        url = can_ada.parse(href)
        scheme = url.protocol[:-1]
        origin = self._origins.get((scheme, url.host))
        if origin is None:
            host = url.hostname.strip("[]")
            name = (host, int(url.port) if url.port else _PORTS[scheme])
            origin = self._origins[scheme, url.host] = Origin(scheme, name, url.host)
        known = (origin, _authorization(url.username, url.password), f"{scheme}://{url.host}")
        self._authorities[authority] = known
        return known


def with_login(url: Url, logins: Logins) -> Url:
    """The URL with whatever credentials its host has, unless it brings its own."""
    if url.authorization is not None:
        return url
    return Url(url.origin, url.target, url.text, logins(url.origin.name[0]))


def mask(text: str) -> str:
    """A URL as it may be shown: whatever stands where it has user name and password is replaced."""
    return _AUTHORITY.sub(r"\1***@", _USERINFO.sub(r"\1***@", _heard(text))) if "@" in text else text


def veil(text: str) -> str:
    """What was no URL, as it may be shown: it may hold a password anywhere between its first colon and its last @."""
    first, last = text.find(":"), text.rfind("@")
    return mask(text) if not 0 <= first < last else text[: first + 1] + "***" + text[last:]


def bad_url(message: str) -> FetchError:
    """The failure of an input that names nothing to fetch."""
    return FetchError(Code.BAD_URL, message, Phase.INPUT)


def _heard(text: str) -> str:
    """`text` without the characters that are skipped wherever they stand in a URL."""
    return text.strip(_ENDS).translate(_IGNORED)


def _authorization(user: str, password: str) -> str | None:
    """Basic credentials (RFC 7617) from the percent-encoded parts of a URL."""
    if not user and not password:
        return None
    pair = urllib.parse.unquote_to_bytes(user) + b":" + urllib.parse.unquote_to_bytes(password)
    return "Basic " + base64.b64encode(pair).decode()
