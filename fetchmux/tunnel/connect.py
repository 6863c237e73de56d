"""What is said to an HTTP proxy: CONNECT (RFC 9110, 9.3.6).

Knows the request and how its answer is read. Must not know what goes through the tunnel afterwards.
"""

from __future__ import annotations

from fetchmux.errors import FetchError
from fetchmux.http.head import END_OF_HEAD, Head, parse_head
from fetchmux.policy import retries
from fetchmux.settings import MAX_HEAD, Name
from fetchmux.tunnel.tunnel import proxy_failed

_START = b"HTTP/"
# More of a proxy's reason is no help to anybody.
_LONGEST_REASON = 80


class Connect:
    """A dialogue of one question. It is HTTP/1.1, because 1.0 knows no CONNECT and some proxies refuse it.

    Args:
        target: host and port to be connected to.
        user_agent: what fetchmux calls itself.
        authorization: the value of Proxy-Authorization, or None.
        max_head: most bytes of the answer, interim heads included.
    """

    def __init__(self, target: Name, user_agent: str, authorization: str | None, max_head: int = MAX_HEAD) -> None:
        self.outgoing = _request(target, user_agent, authorization)
        self.open = False
        self.rest = b""
        self._known = authorization is not None
        self._room = max_head
        self._buffer = b""

    def receive(self, data: bytes) -> None:
        """Read heads up to the final one; what follows it is the target's."""
        # An empty line may have been cut in two: look again at the last three bytes.
        searched = max(0, len(self._buffer) - 3)
        self._buffer += data
        while not self.open:
            if not self._buffer.startswith(_START[: len(self._buffer)]):
                raise proxy_failed("the proxy's answer is not HTTP/1.x")
            end = END_OF_HEAD.search(self._buffer, searched)
            if (len(self._buffer) if end is None else end.end()) > self._room:
                raise proxy_failed("the head of the proxy's answer is too large")
            if end is None:
                return
            self._room -= end.end()
            self._take(_read(self._buffer[: end.start() + 1]))
            self._buffer, searched = self._buffer[end.end() :], 0
        self.rest, self._buffer = self._buffer, b""

    def _take(self, head: Head) -> None:
        if head.status >= 300:
            passing = head.status in retries.STATUSES
            raise proxy_failed(f"{self._verdict(head.status)}: {_spell(head)}", passing=passing)
        # No length and no coding means anything in a 2xx answer to CONNECT (RFC 9112, 6.3).
        self.open = head.status >= 200

    def _verdict(self, status: int) -> str:
        # tinyproxy answers 401 to a wrong password.
        if status == 407 or (status == 401 and self._known):
            return f"the proxy {'does not accept the' if self._known else 'demands a'} user name and password"
        if status in (403, 451):
            return "the proxy does not allow this target"
        if status >= 500:
            return "the proxy did not connect to the target"
        return "the proxy refused CONNECT"


def _request(target: Name, user_agent: str, authorization: str | None) -> bytes:
    host, port = target
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", f"User-Agent: {user_agent}"]
    if authorization is not None:
        lines.append(f"Proxy-Authorization: {authorization}")
    return "\r\n".join([*lines, "", ""]).encode()


def _read(data: bytes) -> Head:
    try:
        return parse_head(data)
    except FetchError as error:
        raise proxy_failed(f"the proxy's answer cannot be read: {error.message}") from None


def _spell(head: Head) -> str:
    """Status and reason on one line that is fit to be shown."""
    reason = "".join(filter(str.isprintable, head.reason))[:_LONGEST_REASON]
    return f"{head.status} {reason}".rstrip()
