"""Cookies that a hop sets for the later hops of the same input. The rules are those of http.cookiejar."""

from __future__ import annotations

import http.cookiejar
import pickle
import urllib.request
from email.message import Message

from fetchmux.model import Headers


class Cookies:
    """The cookies of one input."""

    def __init__(self) -> None:
        policy = http.cookiejar.DefaultCookiePolicy
        # As browsers do and Python does not: without a Domain it is for that host alone (RFC 6265, 5.3).
        self._jar = http.cookiejar.CookieJar(policy(strict_ns_domain=policy.DomainStrictNonDomain))

    def dump(self) -> bytes:
        """All of them, for another process of this program."""
        return pickle.dumps(list(self._jar))

    def load(self, dumped: bytes) -> None:
        """Take those that another one of these has had."""
        for cookie in pickle.loads(dumped):
            self._jar.set_cookie(cookie)

    def take(self, fields: list[tuple[str, str]], url: str) -> None:
        """Keep what a reply from `url` sets."""
        self._jar.extract_cookies(_Reply(fields), urllib.request.Request(url))  # type: ignore[arg-type]

    def give(self, url: str) -> str | None:
        """The value of the Cookie field for a request to `url`, or None."""
        request = urllib.request.Request(url)
        self._jar.add_cookie_header(request)
        value = request.get_header("Cookie")
        return None if value is None else _as_set(value)


class _Reply:
    """What a jar wants to see of a reply."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._message = Message()
        for name, value in fields:
            self._message[name] = value

    def info(self) -> Message:
        return self._message


def _as_set(value: str) -> str:
    """The text whose UTF-8 bytes a server has set, where they are that: fields are sent as UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def with_cookies(headers: Headers, value: str | None) -> Headers:
    """`headers` with the cookies beside those that the user sends."""
    if value is None:
        return headers
    own = next((sent for name, sent in headers if name.lower() == "cookie" and sent), None)
    others = tuple(field for field in headers if field[0].lower() != "cookie")
    return (*others, ("Cookie", value if own is None else f"{own}; {value}"))
