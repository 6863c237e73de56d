"""One comparison from its cells to their reports: calibration, then the rounds, one trial after another."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from fetchmux.backends import registry
from fetchmux.compare import ceiling, certificate, launch, measure, plan, stats, syscalls
from fetchmux.compare.cell import Cell, Setting
from fetchmux.compare.export import Document
from fetchmux.compare.summary import ideal_time
from fetchmux.compare.trial import Report, Trial
from fetchmux.origin.launch import Origin


class Comparison:
    """Runs the trials of a document's cells; embedded origins live as long as the iteration.

    Args:
        document: what is compared; its cells take what is measured.
        urls: the user's own, with their passwords; none when the embedded origin is asked.
        traced: count system calls too, in a run of their own.
    """

    def __init__(self, document: Document, urls: Sequence[str], *, traced: bool = False) -> None:
        self._document = document
        self._urls = tuple(urls)
        self._traced = traced
        self._cacert: str | None = None

    def trials(self) -> Iterator[tuple[Cell, str, Report | None]]:
        """Each trial twice: with None as it begins, and with its report, which is kept by then, when it has ended."""
        with contextlib.ExitStack() as stack:
            origins: dict[bool, Origin] = {}
            for cell in self._document.cells:
                origin = None
                if cell.setting.embedded:
                    origin = origins.get(cell.setting.tls) or self._start(stack, tls=cell.setting.tls)
                    origins[cell.setting.tls] = origin
                    cell.ceiling = ceiling.calibrate(cell.setting, origin)
                yield from self._cell(cell, origin)
                cell.time_wait = measure.time_wait()

    def _cell(self, cell: Cell, origin: Origin | None) -> Iterator[tuple[Cell, str, Report | None]]:
        setting = cell.setting
        began = time.monotonic()
        # Each cell has an order of its own.
        for number, order in enumerate(plan.rounds(setting.backends, self._document.seed + self._place(cell))):
            if self._over(cell, number, time.monotonic() - began):
                break
            for backend in order:
                if backend in cell.excluded:
                    continue
                yield cell, backend, None
                report = launch.conduct(self._trial(setting, backend, number, origin))
                report.ideal = _ideal(setting, backend)
                keep(cell, report)
                yield cell, backend, report
        if self._traced:
            for backend in (name for name in setting.backends if name not in cell.excluded):
                cell.syscalls[backend] = syscalls.count(self._trial(setting, backend, 0, origin))

    def _place(self, cell: Cell) -> int:
        return next(place for place, other in enumerate(self._document.cells) if other is cell)

    def _over(self, cell: Cell, rounds: int, elapsed: float) -> bool:
        """Whether so many rounds are enough."""
        setting = cell.setting
        if rounds and setting.max_time is not None and elapsed >= setting.max_time:
            return True
        return rounds >= setting.rounds and (setting.until is None or settled(cell.reports, setting.until))

    def _trial(self, setting: Setting, backend: str, number: int, origin: Origin | None) -> Trial:
        return Trial(
            backend=backend,
            round=number,
            urls=self._urls if origin is None else tuple(origin.url(path) for path in setting.urls),
            requests=setting.requests,
            warm_up=setting.warm_up,
            options=setting.options,
            limit=setting.limit,
            server=None if origin is None else origin.pid,
            work=setting.work,
            idle=setting.idle,
            idle_url="" if origin is None else origin.url("/silent"),
            processes=setting.processes,
            cacert=self._cacert if setting.tls else None,
        )

    def _start(self, stack: contextlib.ExitStack, *, tls: bool) -> Origin:
        """An origin that ends with the stack."""
        files = None
        if tls:
            files = certificate.make(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fetchmux-"))))
            self._cacert = files[0]
        return stack.enter_context(Origin(certificate=files))


def keep(cell: Cell, report: Report) -> None:
    """Put a report into its cell. Who refuses the load is left out from then on: that is a finding, and no defect."""
    if report.refused and report.failure is not None:
        cell.excluded[report.backend] = report.failure
        cell.limits[report.backend] = report.window
        return
    if report.failure is None and report.window < cell.setting.concurrency:
        cell.limits[report.backend] = report.window + cell.setting.idle
    cell.reports.append(report)


def settled(reports: Sequence[Report], until: float) -> bool:
    """Whether the interval of each strategy's median reaches no further from it than this share of it."""
    walls: dict[str, list[float]] = {}
    for report in reports:
        if report.failure is None:
            walls.setdefault(report.backend, []).append(report.wall)
    return all(stats.reach(samples) <= until for samples in walls.values())


def _ideal(setting: Setting, backend: str) -> float | None:
    """The shortest possible time of a strategy, where the server's delay is known."""
    delays = [float(path.partition("delay=")[2].partition("&")[0]) for path in setting.urls if "delay=" in path]
    # How long the pauses before further attempts will be is left to chance.
    if not setting.embedded or not any(delays) or setting.options.get("retries"):
        return None
    window = setting.processes if registry.find(backend).serial else setting.concurrency
    return ideal_time(delays, setting.requests, window)
