"""Ctrl-C and SIGTERM: the first ends the run in good order, the second ends the process.

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
    """Within a `with` block a signal calls `cancel`.

    Attributes:
        status: the exit status that a signal asked for, 130 or 143; None as long as none came.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self.status: int | None = None
        self._cancel = cancel
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
        if self.status is not None:
            os._exit(self.status)
        self.status = 128 + number
        self._cancel()
