"""Comparisons that nobody had to measure."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from fetchmux.compare import export, machine
from fetchmux.compare.cell import Cell
from fetchmux.compare.trial import Report, Spans, Trace
from tests.compare.conftest import setting


def report(backend: str, number: int, wall: float, requests: int = 10) -> Report:
    """A trial of so many requests one after another."""
    each = wall / requests
    spans = Spans(
        queued=[each * place for place in range(requests)],
        resolve=[0.0] * requests,
        connect=[each / 4] * requests,
        wait=[each / 2] * requests,
        receive=[each / 4] * requests,
    )
    traces = [Trace(n, each * n, each * (n + 0.25), each * (n + 0.75), each * (n + 1), True) for n in range(requests)]
    return Report(
        backend, number, wall=wall, cpu_user=wall / 3, cpu_system=wall / 9, peak_memory=1 << 24, threads=1,
        descriptors=9, window=1, ok=requests, statuses={200: requests}, spans=spans, traces=traces, digest="same",
    )  # fmt: skip


def cell(
    times: dict[str, float], rounds: int = 7, swept: dict[str, float] | None = None, noise: float = 0.01, seed: int = 0
) -> Cell:
    """Strategies that take about so many seconds."""
    dice = random.Random(seed)
    reports = [
        report(backend, number, wall * dice.lognormvariate(0.0, noise))
        for number in range(rounds)
        for backend, wall in times.items()
    ]
    return Cell("io", swept or {}, setting(backends=tuple(times), rounds=rounds), reports)


def document(cells: Sequence[Cell], reference: str = "sequential") -> export.Document:
    """A whole one."""
    return export.Document(
        export.VERSION, "1.0", "2026-01-02T03:04:05+00:00", 7, machine.describe(), reference, list(cells)
    )


def copied(original: export.Document) -> export.Document:
    """Another of the same content."""
    return msgspec.json.decode(export.encode(original), type=export.Document)
