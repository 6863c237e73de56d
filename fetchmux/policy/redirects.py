"""Redirects: where a reply sends its request, and what of the request goes along. Pure. RFC 9110, 15.4."""

from __future__ import annotations

from typing import NamedTuple

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.http.head import Head
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Headers, Url

STATUSES = frozenset({301, 302, 303, 307, 308})
# They describe a body and go with it.
_OF_THE_BODY = frozenset({"content-type", "content-length", "content-encoding", "content-language"})
# They were meant for one origin.
_OF_THE_ORIGIN = frozenset({"authorization", "cookie", "host", "proxy-authorization"})


class Next(NamedTuple):
    """The request that a redirect asks for."""

    url: Url
    method: str
    headers: Headers
    body: bytes


def follow(head: Head, url: Url, method: str, headers: Headers, body: bytes, urls: UrlReader) -> Next | None:
    """The next request, or None where the reply names no place to go to.

    Raises FetchError `bad-redirect` for a place that cannot be fetched.
    """
    location = next((value for name, value in head.fields if name.lower() == "location"), None)
    if head.status not in STATUSES or location is None:
        return None
    try:
        there = urls.join(url, _as_sent(location))
    except FetchError as error:
        raise FetchError(Code.BAD_REDIRECT, f"the redirect leads nowhere: {error.message}", Phase.HEAD) from None
    if there.origin.scheme == url.origin.scheme and there.origin.host_header == url.origin.host_header:
        # The same object, so that the open connection is recognised; and the URL's own credentials still hold.
        there = Url(url.origin, there.target, there.text, there.authorization or url.authorization)
    else:
        headers = _without(headers, _OF_THE_ORIGIN)
    if _becomes_get(head.status, method):
        return Next(there, "GET", _without(headers, _OF_THE_BODY), b"")
    return Next(there, method, headers, body)


def _becomes_get(status: int, method: str) -> bool:
    """303 asks for a look at something else; 301 and 302 do so after POST, by old custom."""
    return (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST")


def _without(headers: Headers, names: frozenset[str]) -> Headers:
    return tuple(field for field in headers if field[0].lower() not in names)


def _as_sent(location: str) -> str:
    """A field value's bytes as UTF-8 where they are that: servers send what they have."""
    try:
        return location.encode("latin-1").decode()
    except UnicodeError:
        return location
