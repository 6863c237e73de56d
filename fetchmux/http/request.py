"""The bytes of a request: the one builder behind every strategy.

Knows the order of fields and which of ours a user's field replaces. Must not know where the bytes go.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.model import Headers, Origin, Url

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# The surrogates stand for bytes of an argument that were no UTF-8.
_FORBIDDEN = re.compile(r"[\r\n\0\ud800-\udfff]")
# Methods that mean nothing without a body say so when they have none (RFC 9110, 8.6).
_EXPECTS_BODY = frozenset({"POST", "PUT", "PATCH"})
_MOST_ORIGINS = 10_000


# Whether an origin's requests go to a proxy as they are, and with which Proxy-Authorization.
Forwarded = Callable[[Origin], tuple[bool, str | None]]


def _directly(origin: Origin) -> tuple[bool, str | None]:
    return False, None


class RequestBuilder:
    """Builds request bytes: `METHOD target HTTP/1.0`, our fields, the user's, an empty line, the body.

    All but the target is the same for every request of an origin, so it is built once and kept; the number of kept
    origins is bounded for lists with a million hosts.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        keep_alive: bool,
        version: str = "1.0",
        forwarded: Forwarded | None = None,
        accept_encoding: str | None = None,
    ) -> None:
        self._forwarded = forwarded or _directly
        self._version = version
        self._common = [
            ("User-Agent", user_agent),
            ("Accept", "*/*"),
            *([] if accept_encoding is None else [("Accept-Encoding", accept_encoding)]),
            ("Connection", "keep-alive" if keep_alive else "close"),
        ]
        self._kept: dict[tuple[Origin, str, Headers, str | None, int], tuple[bytes, bytes]] = {}

    def build(self, url: Url, method: str = "GET", headers: Headers = (), body: bytes = b"") -> bytes:
        """All bytes to send for one request. Raises FetchError `bad-request` for what cannot be sent safely."""
        key = (url.origin, method, headers, url.authorization, len(body))
        frame = self._kept.get(key)
        if frame is None:
            if len(self._kept) >= _MOST_ORIGINS:
                self._kept.clear()
            frame = self._kept[key] = self._frame(url, method, headers, len(body))
        before, after = frame
        return b"%b%b%b%b" % (before, url.target.encode(), after, body)

    def _frame(self, url: Url, method: str, headers: Headers, length: int) -> tuple[bytes, bytes]:
        """What stands before the target and after it, up to the body."""
        check_fields(method, headers)
        absolute, proxy_authorization = self._forwarded(url.origin)
        ours = [("Host", url.origin.host_header), *self._common]
        if proxy_authorization is not None:
            ours.append(("Proxy-Authorization", proxy_authorization))
        if url.authorization is not None:
            ours.append(("Authorization", url.authorization))
        if length or method in _EXPECTS_BODY:
            ours.append(("Content-Length", str(length)))
        replaced = {name.lower() for name, _ in headers}
        fields = [(name, value) for name, value in ours if name.lower() not in replaced]
        fields += [(name, value) for name, value in headers if value is not None]
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        # Origin-form, or to a proxy that passes the request on absolute-form (RFC 9112, 3.2).
        root = f"{url.origin.scheme}://{url.origin.host_header}" if absolute else ""
        return f"{method} {root}".encode(), f" HTTP/{self._version}\r\n{lines}\r\n".encode()


def check_fields(method: str, headers: Headers) -> None:
    """Refuse what would let an input write lines of its own into the request (RFC 9110, 5.5).

    Raises FetchError `bad-request`. Values are sent as UTF-8.
    """
    if not _TOKEN.fullmatch(method):
        raise bad_request("the method is no token")
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise bad_request("a header's name is no token")
        if value is not None and _FORBIDDEN.search(value):
            raise bad_request(f"the value of the header {name} holds CR, LF, NUL or what is not UTF-8")


def bad_request(message: str) -> FetchError:
    """The failure of a request that must not be sent."""
    return FetchError(Code.BAD_REQUEST, message, Phase.INPUT)
