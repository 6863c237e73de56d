"""A sink that keeps what it gets."""

from __future__ import annotations

from fetchmux.model import Result


class Kept:
    """Results, in the order in which they came."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.flushes = 0

    @property
    def indexes(self) -> list[int]:
        """Which inputs they are of."""
        return [result.index for result in self.results]

    def write(self, result: Result) -> None:
        self.results.append(result)

    def flush(self) -> None:
        self.flushes += 1
