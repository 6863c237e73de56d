"""How many connections were open at once, how many there were, and how many requests they brought.

Exact for a client on the same machine: a connection ends when the client closes it, not when the server notices,
because those that the client has closed are looked for whenever another one arrives. Connections that only ask for
these numbers are struck from the log afterwards, so asking never changes the answer.
"""

from __future__ import annotations

import select


class Census:
    """A log of arrivals and departures; connections are known by a running number."""

    def __init__(self) -> None:
        self._log: list[tuple[int, int]] = []
        self._present: dict[int, int] = {}
        self._askers: set[int] = set()
        self._next = self._first = 0
        self.requests = 0

    def arrives(self, descriptor: int) -> int:
        """Enter a connection by its socket's descriptor and return its number."""
        self._sweep()
        number, self._next = self._next, self._next + 1
        self._present[number] = descriptor
        self._log.append((number, +1))
        return number

    def leaves(self, number: int) -> None:
        """Enter the end of a connection, before its descriptor is closed; a second time changes nothing."""
        if self._present.pop(number, None) is not None:
            self._log.append((number, -1))

    def asks(self, number: int) -> None:
        """Strike a connection from the log: it came to ask."""
        self._askers.add(number)

    def reset(self) -> None:
        """Start anew; what is still open counts as open from the beginning and not as arrived."""
        self._sweep()
        self._log = [(number, +1) for number in self._present]
        self._askers.intersection_update(self._present)
        self._first = self._next
        self.requests = 0

    @property
    def connections(self) -> int:
        """The number of connections accepted since the last reset."""
        return sum(step > 0 and number >= self._first for number, step in self._visitors())

    @property
    def peak(self) -> int:
        """The highest number of connections that were open at once since the last reset."""
        now = most = 0
        for _, step in self._visitors():
            now += step
            most = max(most, now)
        return most

    def _visitors(self) -> list[tuple[int, int]]:
        return [(number, step) for number, step in self._log if number not in self._askers]

    def _sweep(self) -> None:
        """Enter the end of every connection that its client has closed, though its conversation may not know it yet."""
        poller = select.poll()
        numbers = {descriptor: number for number, descriptor in self._present.items()}
        for descriptor in numbers:
            poller.register(descriptor, select.POLLRDHUP)
        for descriptor, _ in poller.poll(0):
            self.leaves(numbers[descriptor])
