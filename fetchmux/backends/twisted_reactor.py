"""Twisted: a Protocol on the reactor; nothing waits, everything is called.

How it waits: the reactor waits in epoll(7) where there is one and calls a method of the connection's protocol for what
has happened. One more connection costs a transport, a protocol, a factory and a connector on the heap. Where it stops
scaling: at the CPU of one core, more of it in layers of Python for each event than a bare loop takes.

There is one reactor in a process, and it can be run once. So this turns it by hand, as its own main loop does: calls
that are due, then one iteration; a second run finds it as the first one did. Twisted also catches whatever is raised in
a callback, logs it and goes on: here that is raised, and Ctrl-C, which would vanish in the same way, becomes an
exception between two turns only. The process belongs to this strategy alone. TLS never reaches Twisted: its bytes come
sealed, as everywhere.
"""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from fetchmux.backends import Work
from fetchmux.exchange import Carried
from fetchmux.frontier import TICK
from fetchmux.settings import Options

if TYPE_CHECKING:
    from fetchmux.backends._twisted import Conversation


def missing() -> str | None:
    """Why this cannot run here."""
    if importlib.util.find_spec("twisted") is None:
        return "twisted is not installed: pip install 'fetchmux[twisted]'"
    return None


def prepare() -> None:
    """Make the process Twisted's. It logs to nobody: it would print what it caught, and the run raises that."""
    from twisted.internet import reactor
    from twisted.logger import globalLogBeginner

    assert not reactor.running, "the reactor belongs to somebody else"
    globalLogBeginner.beginLoggingTo((), discardBuffer=True, redirectStandardIO=False)


def run(frontier: Work, options: Options) -> None:
    """Turn the reactor until the frontier is exhausted and every transport is closed."""
    from twisted.internet import reactor
    from twisted.logger import globalLogPublisher

    switchboard = Switchboard(frontier, reactor)
    overhear: Any = switchboard.overhear
    globalLogPublisher.addObserver(overhear)
    try:
        with _interrupts_go_to(switchboard.interrupted):
            switchboard.work()
    finally:
        switchboard.close()
        globalLogPublisher.removeObserver(overhear)


@contextlib.contextmanager
def _interrupts_go_to(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Take SIGINT from Python's own handler, if that is the one that has it, as asyncio's runner does."""
    taken = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not taken or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Switchboard:
    """All conversations of one run."""

    def __init__(self, frontier: Work, reactor: Any) -> None:
        self._frontier = frontier
        self._reactor = reactor
        self._conversations: set[Conversation] = set()
        self._hanging_up = 0
        self._accident: BaseException | None = None
        self._swept_at = 0.0

    def work(self) -> None:
        """Launch, turn the reactor, sweep. Raises what Twisted has caught.

        A transport is closed by a later turn. Nothing is launched before, or the window would need descriptors twice.
        """
        frontier = self._frontier
        while self._accident is None and (self._conversations or not frontier.exhausted):
            while not self._hanging_up and (exchange := frontier.take()) is not None:
                self._launch(exchange)
            self._turn(frontier.timeout())
            self._sweep(time.monotonic())
        if self._accident is not None:
            raise self._accident

    def close(self) -> None:
        """Hang up everywhere, and wait until it is done.

        Not for ever: an interrupt in the midst of Twisted's code may have left a transport that never tells its end.
        """
        for conversation in list(self._conversations):
            conversation.hang_up()
        patience = time.monotonic() + 1.0
        while self._conversations and time.monotonic() < patience:
            self._turn(TICK)

    def settle(self, exchange: Carried) -> Carried | None:
        """For conversations: hand in an exchange."""
        successor = self._frontier.settle(exchange)
        self._hanging_up += successor is None
        return successor

    def leave(self, conversation: Conversation) -> None:
        """For conversations: the socket is closed."""
        self._conversations.discard(conversation)
        self._hanging_up -= 1

    def overhear(self, event: Any) -> None:
        """Keep the first exception that Twisted has caught."""
        failure = event.get("log_failure")
        if failure is not None and self._accident is None:
            self._accident = failure.value

    def interrupted(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-C."""
        self._accident = KeyboardInterrupt()

    def _launch(self, exchange: Carried) -> None:
        from fetchmux.backends._twisted import Conversation

        conversation = Conversation(exchange, self)
        self._conversations.add(conversation)
        conversation.connect(self._reactor)

    def _turn(self, longest: float) -> None:
        """One round of the reactor's own main loop, but never asleep for longer than `longest` seconds."""
        self._reactor.runUntilCurrent()
        due = self._reactor.timeout()
        self._reactor.doIteration(longest if due is None else min(longest, due))

    def _sweep(self, now: float) -> None:
        """Give up what is past its deadline."""
        if now - self._swept_at < TICK:
            return
        self._swept_at = now
        for conversation in list(self._conversations):
            exchange = conversation.exchange
            if now >= exchange.deadline and not exchange.done:
                exchange.fail(TimeoutError())
                conversation.land()
