"""Pace: how soon the next request may start. Pure; every call is given the time."""

from __future__ import annotations

# A strategy wakes up late now and then; what it missed within this time, in seconds, may be made up for at once.
SLACK = 0.05


class Pace:
    """A token bucket, kept as the moment at which the next token falls due (the GCRA of ATM networks).

    Args:
        rate: requests a second; the bucket holds as many as `SLACK` seconds are worth, and at least one.
    """

    __slots__ = ("_due", "_interval", "_slack")

    def __init__(self, rate: float) -> None:
        self._interval = 1.0 / rate
        self._slack = max(SLACK - self._interval, 0.0)
        self._due = 0.0

    def opens_at(self) -> float:
        """From when on a request may start."""
        return self._due - self._slack

    def rested_at(self) -> float:
        """From when on nothing that has started counts any more."""
        return self._due

    def spend(self, now: float) -> None:
        """A request starts."""
        # An idle time earns no more than the slack: nobody wants a burst after a pause.
        self._due = max(self._due, now) + self._interval
