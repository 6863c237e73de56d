"""How many may be in flight: as many as the user said, or as descriptors last.

Knows how many there are and what time it is, because it is told.
"""

from __future__ import annotations

from collections.abc import Callable

# After descriptors have run out nothing starts for so long, in seconds: whoever holds them needs a moment to let go.
RESPITE = 0.05


class Window:
    """The window of one run.

    Args:
        size: how many the user wants.
        patience: seconds for which even a single one may find no descriptor before it has failed.
        notice: takes a sentence for the user.

    Attributes:
        size: how many may be in flight now; it never grows.
        opens_at: nothing starts before; nought as long as nothing has run out.
    """

    def __init__(self, size: int, patience: float, notice: Callable[[str], None]) -> None:
        self.size = size
        self.opens_at = 0.0
        self._patience = patience
        self._notice = notice
        self._narrowed = False
        self._alone_since: float | None = None

    def narrow(self, size: int, reason: str) -> None:
        """Let at most `size` be in flight from now on; the first time, tell the user why."""
        self.size = max(1, min(self.size, size))
        if not self._narrowed:
            self._narrowed = True
            self._notice(f"the window is narrowed to {self.size:,}: {reason}")

    def sufficed(self) -> None:
        """An attempt found its descriptor."""
        self._alone_since = None

    def ran_out(self, in_flight: int, now: float, reason: str) -> bool:
        """An attempt found none, beside so many others: make do with fewer.

        False when even one was too many for too long.
        """
        if in_flight:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > self._patience:
            self._alone_since = None
            return False
        self.opens_at = now + RESPITE
        self.narrow(in_flight, reason)
        return True
