"""Which strategy to use for this load on this machine, and where that would change, as far as measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from fetchmux.backends import registry
from fetchmux.compare.cell import Cell
from fetchmux.compare.row import Row
from fetchmux.compare.summary import Summary

# Of strategies that are equally fast and differ less than this in their CPU, the usual one is as good as any.
_NEARLY = 1.15


class Otherwise(NamedTuple):
    """A load under which another strategy is better: how many times as fast; None where the advised one cannot run."""

    cell: Cell
    backend: str
    times: float | None


class Advice(NamedTuple):
    """What to use.

    Attributes:
        row: of the strategy, in the first cell that it is ranked in.
        equals: others that cannot be told apart from it there, with its next: the first one that can.
        best_in: in how many of the cells nothing was faster; `cells`: of how many.
        otherwise: loads that were measured and speak for another one.
    """

    cell: Cell
    row: Row
    equals: list[str]
    next: Row | None
    best_in: int
    cells: int
    otherwise: list[Otherwise]


def advise(cells: Sequence[Cell], summaries: Sequence[Summary]) -> Advice | None:
    """The advice, or None where nothing has a rank."""
    ranked = [(cell, summary) for cell, summary in zip(cells, summaries, strict=True) if summary.rows]
    if not ranked:
        return None
    name = _choose([summary for _, summary in ranked])
    cell, summary = next((pair for pair in ranked if _row(pair[1], name)), ranked[0])
    row = _row(summary, name)
    assert row is not None
    return Advice(
        cell=cell,
        row=row,
        equals=[other.backend for other in summary.rows if other.rank == row.rank and other is not row],
        next=next((other for other in summary.rows if other.rank > row.rank), None),
        best_in=sum(name in _best(summary) for _, summary in ranked),
        cells=len(ranked),
        otherwise=[found for pair in ranked if (found := _otherwise(*pair, name)) is not None],
    )


def _choose(summaries: Sequence[Summary]) -> str:
    """Who is among the fastest most often; of several who takes the least CPU, or the usual one if that is near."""
    best = [_best(summary) for summary in summaries]
    wins = {name: sum(name in names for names in best) for names in best for name in names}
    most = [name for name in wins if wins[name] == max(wins.values())]
    cost = {name: sum(_cpu(summary, name) for summary in summaries) / wins[name] for name in most}
    usual, least = registry.default(), min(cost, key=lambda name: cost[name])
    return usual if cost.get(usual, math.inf) <= _NEARLY * cost[least] else least


def _best(summary: Summary) -> set[str]:
    return {row.backend for row in summary.rows if row.rank == 1}


def _cpu(summary: Summary, name: str) -> float:
    row = _row(summary, name)
    return 0.0 if row is None else row.cost


def _row(summary: Summary, name: str) -> Row | None:
    return next((row for row in summary.rows if row.backend == name), None)


def _otherwise(cell: Cell, summary: Summary, name: str) -> Otherwise | None:
    if name in _best(summary):
        return None
    row, first = _row(summary, name), summary.rows[0]
    return Otherwise(cell, first.backend, None if row is None else row.wall / first.wall)
