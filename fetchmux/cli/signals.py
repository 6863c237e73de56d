"""Ctrl-C and SIGTERM: the first stops a run, the second cancels it, the third, or one before any run, is the end.
SIGUSR1: what it is doing is told.

Knows signals and the functions to call. Does no output: a handler runs between any two instructions.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1)
# To wait for nothing would be to wait for ever.
_INSTANT = 0.001


class Interruption:
    """Takes the place of KeyboardInterrupt within a `with` block, so that no import or cleanup can swallow it.

    Attributes:
        stop: lets the run that has begun end what is in flight; None as long as there is nothing to end in good order.
        cancel: ends the run at once, in good order.
        expire: ends it likewise, because its time is over.
        tell: says what the run is doing, when SIGUSR1 asks.
        grace: seconds from the first signal until what is in flight is cancelled without another one.
        status: the exit status that a signal asked for, 130 or 143; None as long as none came.
    """

    def __init__(self) -> None:
        self.stop: Callable[[], None] | None = None
        self.cancel: Callable[[], None] | None = None
        self.expire: Callable[[], None] | None = None
        self.tell: Callable[[], None] | None = None
        self.grace = 0.0
        self._count = 0
        self.status: int | None = None
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        self._before = [signal.signal(number, self._arrived) for number in _SIGNALS]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        # After a signal the process is about to end, and a second one may still hasten that.
        if self.status is None:
            for number, handler in zip(_SIGNALS, self._before, strict=True):
                signal.signal(number, handler)

    def ring_in(self, seconds: float) -> None:
        """Let SIGALRM come then, and end the run."""
        signal.setitimer(signal.ITIMER_REAL, max(seconds, _INSTANT))

    def _rang(self) -> None:
        end = self.expire if self.status is None else self.cancel
        if end is not None:
            end()

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGALRM:
            self._rang()
            return
        if number == signal.SIGUSR1:
            if self.tell is not None:
                self.tell()
            return
        self._count += 1
        if self.stop is None or self.cancel is None or self._count > 2:
            os._exit(self.status or 128 + number)
        if self._count == 1:
            self.status = 128 + number
            self.stop()
            # A strategy that blocks in a call looks at no clock meanwhile.
            self.ring_in(self.grace)
        else:
            self.cancel()
