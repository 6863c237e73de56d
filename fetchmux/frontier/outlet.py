"""The way out: results to the output, whose failure ends the run and disturbs nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fetchmux.model import Result

# How long finished results may wait to be written together, in seconds.
FLUSH_EVERY = 0.01


class Output(Protocol):
    """Where results go."""

    def write(self, result: Result) -> None:
        """Take a result; it may be kept back until the next `flush`."""
        ...

    def flush(self) -> None:
        """Pass on what was kept back."""
        ...


class Outlet:
    """Passes results on until the output raises; then it calls `failed` once and drops what still comes."""

    def __init__(self, output: Output, failed: Callable[[Exception], None]) -> None:
        self._output = output
        self._failed = failed
        self._works = True
        self._flushed_at = 0.0

    def emit(self, result: Result) -> None:
        """Write one result."""
        if self._works:
            try:
                self._output.write(result)
            except Exception as failure:
                self._close(failure)

    def flush(self) -> None:
        """Pass on everything."""
        if self._works:
            try:
                self._output.flush()
            except Exception as failure:
                self._close(failure)

    def flush_if_due(self, now: float) -> None:
        """Pass on everything, unless that was done a moment ago: many small results cost one write."""
        if now - self._flushed_at >= FLUSH_EVERY:
            self._flushed_at = now
            self.flush()

    def _close(self, failure: Exception) -> None:
        self._works = False
        self._failed(failure)
