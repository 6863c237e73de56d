"""How to wait: one module for each strategy, the only code that touches sockets.

A strategy asks the frontier what to start (`take`), carries the exchange's bytes, hands it in (`settle`) and sleeps no
longer than `timeout`. It never builds or parses HTTP, resolves a name, retries, paces, counts or prints, and leaves no
socket, thread or process behind. Strategies do not import one another, but for gevent, which is threads, patched.
"""

from __future__ import annotations

from typing import Protocol

from fetchmux.exchange import Carried
from fetchmux.settings import Options

# The most bytes asked for at once: a small reply comes in one call.
CHUNK = 64 * 1024


class Work(Protocol):
    """What a strategy sees of the frontier."""

    def take(self) -> Carried | None:
        """An exchange that may start now, or None. Asked after each settle and after each sleep."""
        ...

    def settle(self, exchange: Carried) -> Carried | None:
        """Hand in an exchange that is done. What comes back goes on the same open socket; None: close it."""
        ...

    def timeout(self) -> float:
        """Seconds to sleep at most before asking again."""
        ...

    @property
    def exhausted(self) -> bool:
        """Nothing is in flight and nothing is left to start: return."""
        ...


class Backend(Protocol):
    """A module with this function is a strategy.

    It may also have `prepare() -> None`, called first thing in the process, and `missing() -> str | None`: why it
    cannot run here, with the remedy.
    """

    def run(self, frontier: Work, options: Options) -> None:
        """Work until `frontier.exhausted`; on any exception close all sockets and let it pass."""
        ...
