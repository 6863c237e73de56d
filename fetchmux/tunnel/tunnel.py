"""The tunnel: an exchange that is carried to a proxy, and behind the proxy to its server.

Knows when the way is open and whose fault a failure before that is. Must not know a proxy's language: a dialogue does.
While it is being dug the exchange itself is not yet connected, so that the phase is `connect`, the time counts as
connecting and the deadline of connecting holds.
"""

from __future__ import annotations

from typing import Protocol

from fetchmux.errors import LOST, SCARCITY, Code, FetchError, Phase, classify
from fetchmux.exchange import Carried
from fetchmux.wrapper import Wrapper


class Dialogue(Protocol):
    """What is said to a proxy.

    Attributes:
        outgoing: what is still to be sent; not empty at the beginning, unless it is open from the beginning.
        open: the proxy has connected to the target, all that follows is the target's.
        rest: bytes of the target that came along with the proxy's last words.
    """

    outgoing: bytes
    open: bool
    rest: bytes

    def receive(self, data: bytes) -> None:
        """Take bytes from the proxy while it is not open. Raises FetchError `proxy-failed`."""
        ...


class Forward:
    """A dialogue of no words: the proxy is sent the request itself."""

    def __init__(self) -> None:
        self.outgoing = self.rest = b""
        self.open = True

    def receive(self, data: bytes) -> None:
        """Nothing is said."""


class Tunnel(Wrapper):
    """An exchange behind a proxy; a strategy carries it as it carries any other.

    Attributes:
        inner: what is wrapped. A successor on the same socket follows this and needs no tunnel of its own.
        reached: the connection to the proxy stands, so that no other address of the proxy need be tried.
    """

    __slots__ = ("_dialogue", "inner", "reached")

    def __init__(self, inner: Carried, dialogue: Dialogue) -> None:
        super().__init__(inner.core)
        self.inner = inner
        self.reached = False
        self._dialogue = dialogue

    @property
    def reusable(self) -> bool:
        return self.inner.reusable

    @property
    def outgoing(self) -> bytes | memoryview:
        return self.inner.outgoing if self._dialogue.open else self._dialogue.outgoing

    def connected(self) -> None:
        """The connection to the proxy stands, which is half the way."""
        self.reached = True
        if self._dialogue.open:
            self.inner.connected()
        else:
            self._take_time()

    def sent(self, count: int) -> None:
        if self._dialogue.open:
            self.inner.sent(count)
        else:
            self._dialogue.outgoing = self._dialogue.outgoing[count:]

    def feed(self, data: bytes) -> None:
        if self._dialogue.open:
            self.inner.feed(data)
        elif not data or self.core.cancelled:
            self.core.fail(_hung_up())
        else:
            self._dig(data)

    def fail(self, exception: BaseException) -> None:
        """A call raised, or the deadline has passed.

        A proxy that hangs up on what it is told may have said why before: then there is still something to read.
        """
        if self.reached and self._dialogue.open:
            self.inner.fail(exception)
        elif self.reached and self._dialogue.outgoing and _lost(exception) and not self.core.cancelled:
            self._dialogue.outgoing = b""
        else:
            self.core.fail(self._blame(exception))

    def _dig(self, data: bytes) -> None:
        try:
            self._dialogue.receive(data)
        except FetchError as error:
            self.core.fail(error)
            return
        if self._dialogue.open:
            self.inner.connected()
            if self._dialogue.rest:
                self.inner.feed(self._dialogue.rest)

    def _blame(self, exception: BaseException) -> BaseException:
        """A failed call in words that name the proxy; time that ran out and scarcity here are no fault of it."""
        if not isinstance(exception, OSError) or isinstance(exception, TimeoutError):
            return exception
        if _lost(exception):
            return _hung_up()
        if exception.errno in SCARCITY and not self.reached:
            return exception
        words = "the connection to the proxy broke" if self.reached else "the proxy cannot be reached"
        return proxy_failed(f"{words}: {classify(exception, Phase.CONNECT).message}", passing=True)


def proxy_failed(message: str, *, passing: bool = False) -> FetchError:
    """The failure of a proxy, or of what it was asked to do; one of the connection to it may pass."""
    return FetchError(Code.PROXY_FAILED, message, Phase.CONNECT, passing=passing)


def _hung_up() -> FetchError:
    return proxy_failed("the proxy closed the connection before it had opened the way", passing=True)


def _lost(exception: BaseException) -> bool:
    return isinstance(exception, OSError) and exception.errno in LOST
