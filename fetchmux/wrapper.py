"""What every wrapper of an exchange hands through: all that is not about bytes.

TLS and tunnels stand on it. Knows nothing of either.
"""

from __future__ import annotations

from collections.abc import Callable

from fetchmux.exchange import Exchange
from fetchmux.model import Address


class Wrapper:
    """The part of `exchange.Carried` that a wrapper leaves to the attempt inside it."""

    __slots__ = ("_patience", "core")

    def __init__(self, core: Exchange) -> None:
        self.core = core
        self._patience = core.deadline

    @property
    def address(self) -> Address:
        return self.core.address

    @property
    def deadline(self) -> float:
        return self.core.deadline

    @property
    def done(self) -> bool:
        return self.core.done

    @property
    def interrupt(self) -> Callable[[], None] | None:
        return self.core.interrupt

    @interrupt.setter
    def interrupt(self, wake: Callable[[], None] | None) -> None:
        self.core.interrupt = wake

    def connected(self) -> None:
        self.core.connected()
        if self.core.shaking:
            self._take_time()

    def cancel(self) -> None:
        self.core.cancel()

    def _take_time(self) -> None:
        """Somebody is there: other addresses need not be tried, so the whole time for connecting holds."""
        if not self.core.cancelled:
            self.core.deadline = self._patience
