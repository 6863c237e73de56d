"""One comparison from its cells to their reports: the rounds of each cell, one trial after another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from fetchmux.backends import registry
from fetchmux.compare import launch, plan
from fetchmux.compare.cell import Cell, Setting
from fetchmux.compare.export import Document
from fetchmux.compare.summary import ideal_time
from fetchmux.compare.trial import Report, Trial
from fetchmux.origin.launch import Origin


class Comparison:
    """Runs the trials of a document's cells; the embedded origin lives as long as the iteration.

    Args:
        document: what is compared; its cells take what is measured.
        urls: the user's own, with their passwords; none when the embedded origin is asked.
    """

    def __init__(self, document: Document, urls: Sequence[str]) -> None:
        self._document = document
        self._urls = tuple(urls)

    def trials(self) -> Iterator[tuple[Cell, str, Report | None]]:
        """Each trial twice: with None as it begins, and with its report, which its cell has then, when it has ended."""
        with self._origin() as origin:
            for cell in self._document.cells:
                for number, backend in plan.interleave(cell.setting.backends, cell.setting.rounds, self._seed(cell)):
                    yield cell, backend, None
                    report = launch.conduct(self._trial(cell.setting, backend, number, origin))
                    report.ideal = _ideal(cell.setting, backend)
                    cell.reports.append(report)
                    yield cell, backend, report

    def _seed(self, cell: Cell) -> int:
        """Each cell has an order of its own."""
        return self._document.seed + self._document.cells.index(cell)

    def _trial(self, setting: Setting, backend: str, number: int, origin: Origin | None) -> Trial:
        urls = self._urls if origin is None else tuple(origin.url(path) for path in setting.urls)
        server = None if origin is None else origin.pid
        return Trial(backend, number, urls, setting.requests, setting.warm_up, setting.options, setting.limit, server)

    def _origin(self) -> AbstractContextManager[Origin | None]:
        return contextlib.nullcontext() if self._urls else Origin()


def _ideal(setting: Setting, backend: str) -> float | None:
    """The shortest possible time of a strategy, where the server's delay is known."""
    if not setting.embedded or not setting.delay:
        return None
    window = 1 if registry.find(backend).serial else setting.concurrency
    return ideal_time(setting.delay, setting.requests, window)
