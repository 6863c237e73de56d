"""When a run has to end before its list does: by its deadline, or because somebody stops it.

Knows two moments. Reads no clock of its own, and takes no lock: a signal handler may stop a run.
"""

from __future__ import annotations

from math import inf


class Ending:
    """The end of a run, in two steps: from when on nothing more starts, and when what is in flight is given up.

    Args:
        deadline: when all is to be over, on the run's clock, or None.

    Attributes:
        stopped: nothing more starts.
        overdue: the deadline has passed.
    """

    def __init__(self, deadline: float | None) -> None:
        self.stopped = False
        self.overdue = False
        self._deadline = inf if deadline is None else deadline
        self._last = inf

    def stop(self, now: float, grace: float) -> None:
        """Start nothing more; what is in flight may go on for `grace` seconds."""
        self.stopped = True
        self._last = now + grace

    def come(self, now: float) -> bool:
        """Whether it is time to give up what is in flight."""
        if now >= self._deadline:
            self.stopped = self.overdue = True
            return True
        return now >= self._last
