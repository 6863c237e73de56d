"""Things that wait for a moment, soonest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """Items by the time at which they are due."""

    def __init__(self) -> None:
        # The number keeps items that are due at the same moment in their order, and from being compared.
        self._heap: list[tuple[float, int, T]] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_due(self) -> float:
        """When the next item is due. Raises IndexError when there is none."""
        return self._heap[0][0]

    def push(self, item: T, due: float) -> None:
        """Let an item wait."""
        self._number += 1
        heapq.heappush(self._heap, (due, self._number, item))

    def due(self, now: float) -> Iterator[T]:
        """Take the items whose time has come."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]

    def clear(self) -> Iterator[T]:
        """Take them all."""
        while self._heap:
            yield heapq.heappop(self._heap)[2]
