"""What is said to a SOCKS proxy: version 5 (RFC 1928) with user name and password (RFC 1929), in socksio's words.

Knows where a message ends, which socksio does not, and what a refusal means. Must not know what goes through the tunnel
afterwards. Only this file loads socksio, and only runs with a SOCKS proxy load this file.
"""

from __future__ import annotations

from socksio import ProtocolError
from socksio.socks5 import (
    SOCKS5AuthMethod,
    SOCKS5AuthMethodsRequest,
    SOCKS5AuthReply,
    SOCKS5Command,
    SOCKS5CommandRequest,
    SOCKS5Connection,
    SOCKS5Reply,
    SOCKS5State,
    SOCKS5UsernamePasswordReply,
    SOCKS5UsernamePasswordRequest,
)

from fetchmux.errors import FetchError
from fetchmux.settings import Name
from fetchmux.tunnel.tunnel import proxy_failed

_VERSION = 5
# Bytes of a reply by its type of address (RFC 1928, 6); a name brings its own length.
_IPV4, _NAME, _IPV6 = 1, 3, 4
_SIZES = {_IPV4: 10, _IPV6: 22}
_LONGEST_NAME = 255

# Failures of a connection, of which another attempt may know nothing.
_PASSING = frozenset({3, 4, 5, 6})
_REFUSALS = {
    1: "the proxy failed and does not say why",
    2: "the proxy does not allow this target",
    3: "the proxy cannot reach the target's network",
    4: "the proxy cannot reach the target",
    5: "the target refused the proxy's connection",
    6: "the target is too far away from the proxy",
    7: "the proxy does not make connections",
    8: "the proxy does not take this kind of address",
}

_Reply = SOCKS5AuthReply | SOCKS5UsernamePasswordReply | SOCKS5Reply


class Socks:
    """A dialogue of two or three questions.

    Args:
        target: host and port to be connected to; a name is looked up by the proxy, an address is not.
        login: user name and password, at most 255 bytes each, which are sent only when the proxy asks for them.
    """

    def __init__(self, target: Name, login: tuple[bytes, bytes] | None) -> None:
        self.open = False
        self.rest = b""
        self._target = target
        self._login = login
        self._buffer = b""
        self._connection = SOCKS5Connection()
        methods = [SOCKS5AuthMethod.NO_AUTH_REQUIRED]
        if login is not None:
            methods.append(SOCKS5AuthMethod.USERNAME_PASSWORD)
        self._connection.send(SOCKS5AuthMethodsRequest(methods))
        self.outgoing = self._connection.data_to_send()

    def receive(self, data: bytes) -> None:
        """Read whole messages and answer them; what follows the last one is the target's."""
        self._buffer += data
        while not self.open and len(self._buffer) >= (size := self._size()):
            message, self._buffer = self._buffer[:size], self._buffer[size:]
            try:
                reply = self._connection.receive_data(message)
            except ProtocolError:
                raise _unreadable() from None
            self._answer(reply)
            self.outgoing += self._connection.data_to_send()
        if self.open:
            self.rest, self._buffer = self._buffer, b""

    def _size(self) -> int:
        """How long the next message is, or how much of it tells. Raises FetchError as soon as it is a refusal."""
        logging_in = self._connection.state is SOCKS5State.SERVER_VERIFY_USERNAME_PASSWORD
        if not logging_in and self._buffer[:1] not in (b"", bytes([_VERSION])):
            raise _unreadable()
        if self._connection.state is not SOCKS5State.CLIENT_AUTHENTICATED:
            return 2
        # Some proxies hang up in the middle of a refusal: its code is all that matters.
        if len(self._buffer) > 1 and (code := self._buffer[1]):
            words = f"{_REFUSALS.get(code, 'the proxy failed')} (SOCKS reply {code})"
            raise proxy_failed(words, passing=code in _PASSING)
        if len(self._buffer) < 5:
            return 5
        kind, first = self._buffer[3:5]
        return 7 + first if kind == _NAME else _SIZES.get(kind, 5)

    def _answer(self, reply: _Reply) -> None:
        if isinstance(reply, SOCKS5Reply):
            self.open = True
        elif isinstance(reply, SOCKS5UsernamePasswordReply):
            if not reply.success:
                raise proxy_failed("the proxy does not accept the user name and password")
            self._ask()
        elif reply.method is SOCKS5AuthMethod.NO_AUTH_REQUIRED:
            self._ask()
        elif reply.method is SOCKS5AuthMethod.USERNAME_PASSWORD and self._login is not None:
            self._connection.send(SOCKS5UsernamePasswordRequest(*self._login))
        elif reply.method is SOCKS5AuthMethod.NO_ACCEPTABLE_METHODS:
            other = "wants to be logged in to in another way" if self._login else "demands a user name and password"
            raise proxy_failed(f"the proxy {other}")
        else:
            raise _unreadable()

    def _ask(self) -> None:
        if len(self._target[0]) > _LONGEST_NAME:
            raise proxy_failed(f"SOCKS takes no name of more than {_LONGEST_NAME} bytes")
        self._connection.send(SOCKS5CommandRequest.from_address(SOCKS5Command.CONNECT, self._target))


def _unreadable() -> FetchError:
    return proxy_failed("the proxy's answer is not SOCKS 5")
