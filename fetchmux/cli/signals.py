"""Ctrl-C and SIGTERM: the first ends a run in good order, the second, or one before any run, ends the process.

Knows signals and one function to call. Does no output: a handler runs between any two instructions.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Takes the place of KeyboardInterrupt within a `with` block, so that no import or cleanup can swallow it.

    Attributes:
        cancel: ends the run that has begun; None as long as there is nothing to end in good order.
        status: the exit status that a signal asked for, 130 or 143; None as long as none came.
    """

    def __init__(self) -> None:
        self.cancel: Callable[[], None] | None = None
        self.status: int | None = None
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        self._before = [signal.signal(number, self._arrived) for number in _SIGNALS]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After a signal the process is about to end, and a second one may still hasten that.
        if self.status is None:
            for number, handler in zip(_SIGNALS, self._before, strict=True):
                signal.signal(number, handler)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if self.status is not None or self.cancel is None:
            os._exit(self.status or 128 + number)
        self.status = 128 + number
        self.cancel()
