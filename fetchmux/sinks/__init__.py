"""Where results go: lines of JSON, tables for spreadsheets, bare bodies; and where the bytes of a body go.

Knows formats and streams. Must not know how a result came about. A sink is used by one thread at a time.
"""

from __future__ import annotations

from typing import Protocol

from fetchmux.model import Result


class Sink(Protocol):
    """Takes every result of a run, once each, in the order in which they end."""

    def write(self, result: Result) -> None:
        """Take a result; it may be kept back until the next `flush`. Raises OSError."""
        ...

    def flush(self) -> None:
        """Pass on what was kept back: the run is about to wait."""
        ...
