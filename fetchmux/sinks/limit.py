"""The end of a run in which too much fails, or in which nothing can be saved any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fetchmux.errors import Code
from fetchmux.model import Result
from fetchmux.sinks import Sink

# Before so many results a share of failures says little.
LEAST = 100


class Most(NamedTuple):
    """So many failures, or such a share of all results, are borne."""

    number: int | None = None
    share: float | None = None


class FullDisk:
    """A sink before another one, which asks for the end of the run when a body cannot be saved.

    Attributes:
        reached: it has asked.
    """

    def __init__(self, sink: Sink, stop: Callable[[], None]) -> None:
        self.reached = False
        self._sink = sink
        self._stop = stop

    def write(self, result: Result) -> None:
        self._sink.write(result)
        if result.error is not None and result.error.code is Code.SAVE_FAILED and not self.reached:
            self.reached = True
            self._stop()

    def flush(self) -> None:
        self._sink.flush()


class FailureLimit:
    """A sink before another one, which asks for the end of the run once.

    Attributes:
        reached: it has asked.
    """

    def __init__(self, sink: Sink, most: Most, stop: Callable[[], None]) -> None:
        self.reached = False
        self._sink = sink
        self._most = most
        self._stop = stop
        self._done = self._failed = 0

    def write(self, result: Result) -> None:
        self._sink.write(result)
        self._done += 1
        self._failed += not result.ok
        if not result.ok and not self.reached and self._is_too_much():
            self.reached = True
            self._stop()

    def flush(self) -> None:
        self._sink.flush()

    def _is_too_much(self) -> bool:
        number, share = self._most
        if number is not None:
            return self._failed > number
        return share is not None and self._done >= LEAST and self._failed > share * self._done
