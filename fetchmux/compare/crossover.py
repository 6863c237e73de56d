"""Where the answer changes: how each strategy stands to the best one along the values of a sweep. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from fetchmux.compare import stats
from fetchmux.compare.cell import Cell
from fetchmux.compare.summary import Summary, same


class Relation(Enum):
    """How a strategy stands to the leader at one value."""

    SAME = "same"
    SLOWER = "slower"
    FASTER = "faster"
    ABSENT = "absent"


class Step(NamedTuple):
    """One value of the sweep; `times`: how many times as long the strategy takes as the leader."""

    value: float
    relation: Relation
    times: float


class Course(NamedTuple):
    """One strategy along the sweep."""

    backend: str
    steps: list[Step]


class Line(NamedTuple):
    """One sweep with all else fixed.

    Attributes:
        swept: what varies; fixed: the values of the other sweeps.
        leader: the strategy that is best, or nearest to the best, all in all.
        courses: of all others.
    """

    scenario: str
    swept: str
    fixed: dict[str, float]
    leader: str
    courses: list[Course]


def lines(cells: Sequence[Cell], summaries: Sequence[Summary]) -> list[Line]:
    """Every sweep of a comparison, in the order of its cells."""
    found = []
    for swept, group in groups(cells):
        line = _line(swept, [(cells[place], summaries[place]) for place in group])
        if line is not None:
            found.append(line)
    return found


def limits(cells: Sequence[Cell]) -> dict[str, int]:
    """Strategies that could not have as many connections as they were asked to have, and how many they could."""
    found: dict[str, int] = {}
    for cell in cells:
        for backend, most in cell.limits.items():
            found[backend] = max(found.get(backend, 0), most)
    return found


def groups(cells: Sequence[Cell]) -> Iterator[tuple[str, list[int]]]:
    """What is swept, and the places of the cells that differ in nothing else, by value."""
    for swept in dict.fromkeys(name for cell in cells for name in cell.swept):
        groups: dict[tuple[object, ...], list[int]] = {}
        for place, cell in enumerate(cells):
            others = tuple((name, value) for name, value in cell.swept.items() if name != swept)
            groups.setdefault((cell.scenario, others), []).append(place)
        for group in groups.values():
            if len(group) > 1:
                yield swept, sorted(group, key=lambda place: cells[place].swept[swept])


def _line(swept: str, group: Sequence[tuple[Cell, Summary]]) -> Line | None:
    leader = _leader([summary for _, summary in group])
    if leader is None:
        return None
    names = dict.fromkeys(row.backend for _, summary in group for row in summary.rows)
    courses = [
        Course(name, [_step(cell.swept[swept], summary.samples, name, leader) for cell, summary in group])
        for name in names
        if name != leader
    ]
    first = group[0][0]
    fixed = {name: value for name, value in first.swept.items() if name != swept}
    return Line(first.scenario, swept, fixed, leader, courses)


def _leader(summaries: Sequence[Summary]) -> str | None:
    """Who has a rank everywhere, is most often among the fastest and, in the geometric mean, nearest to them."""
    able = set.intersection(*({row.backend for row in summary.rows} for summary in summaries))
    wins = dict.fromkeys(able, 0)
    behind = dict.fromkeys(able, 0.0)
    for summary in summaries:
        for row in summary.rows:
            if row.backend in able:
                wins[row.backend] += row.rank == 1
                behind[row.backend] += math.log(row.wall / summary.rows[0].wall)
    return min(able, key=lambda name: (-wins[name], behind[name], name)) if able else None


def _step(value: float, samples: Mapping[str, Sequence[float]], name: str, leader: str) -> Step:
    if name not in samples:
        return Step(value, Relation.ABSENT, math.nan)
    times = stats.paired_ratio(samples[leader], samples[name])[0]
    if same(samples[name], samples[leader]):
        return Step(value, Relation.SAME, times)
    return Step(value, Relation.SLOWER if times > 1 else Relation.FASTER, times)


def runs(course: Course) -> list[list[Step]]:
    """The steps, neighbours of the same relation together."""
    return [list(steps) for _, steps in itertools.groupby(course.steps, key=lambda step: step.relation)]
