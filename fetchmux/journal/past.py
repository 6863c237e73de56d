"""What earlier runs have done, by the position of each input: five bytes for one, five megabytes for a million."""

from __future__ import annotations

from array import array
from enum import IntEnum


class State(IntEnum):
    """How an input stands. LOST: it has ended once, but its record is not there (any more)."""

    UNKNOWN = 0
    LOST = 1
    FAILED = 2
    OK = 3


# What is fetched when a run goes on: what has no record, what has a record of failure, or both.
WANTED = {
    "all": frozenset({State.UNKNOWN, State.LOST, State.FAILED}),
    "failed": frozenset({State.FAILED}),
    "missing": frozenset({State.UNKNOWN, State.LOST}),
}


class Past:
    """States, and for each input that has ever ended a check: 32 bits that tell it from another one."""

    def __init__(self) -> None:
        self._checks = array("I")
        self._states = bytearray()

    def __len__(self) -> int:
        """As many inputs must be there at least."""
        return len(self._states)

    def note(self, index: int, check: int, *, ok: bool) -> None:
        """An input has ended, perhaps not for the first time."""
        missing = index + 1 - len(self._states)
        if missing > 0:
            self._states.extend(bytes(missing))
            self._checks.frombytes(bytes(missing * self._checks.itemsize))
        self._checks[index] = check
        self._states[index] = State.OK if ok else State.FAILED

    def state(self, index: int) -> int:
        """A `State`, as a number."""
        return self._states[index] if index < len(self._states) else State.UNKNOWN

    def agrees(self, index: int, check: int) -> bool:
        """Whether this input is the one that has ended at this position, if one has."""
        return not self.state(index) or self._checks[index] == check

    def count(self, state: State) -> int:
        """How many inputs stand so."""
        return self._states.count(state)

    def correct(self, index: int, *, ok: bool) -> None:
        """An input that has ended: this is how, its record says."""
        self._states[index] = State.OK if ok else State.FAILED

    def forget_all_but(self, present: bytearray) -> int:
        """Only those inputs have a record of which `present` holds a 1. How many have lost a record of success."""
        lost = 0
        for index, state in enumerate(self._states):
            if state and not present[index]:
                lost += state == State.OK
                self._states[index] = State.LOST
        return lost
