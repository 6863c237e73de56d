"""What a comparison found beyond its tables, in sentences: crossovers, cautions, outliers, system calls, advice.

Knows how things are put into words. Every judgement comes from `fetchmux.compare`.
"""

from __future__ import annotations

from collections.abc import Sequence

from fetchmux.backends import registry
from fetchmux.cli import wording
from fetchmux.compare.advice import Advice, advise
from fetchmux.compare.cell import Cell
from fetchmux.compare.crossover import Course, Line, Relation, Step, groups, limits, lines, runs
from fetchmux.compare.scenarios import SCENARIOS
from fetchmux.compare.summary import Summary

# The calls that make up a conversation are fewer.
_CALLS = 6


def crossovers(cells: Sequence[Cell], summaries: Sequence[Summary]) -> list[str]:
    """Where along each sweep which strategy stands how to the best one; strategies of one fate in one sentence."""
    sentences = [sentence for line in lines(cells, summaries) for sentence in _line(line, several=_several(cells))]
    for backend, most in sorted(limits(cells).items(), key=lambda limit: limit[1]):
        sentences.append(f"{backend} refused at {most:,} connections: {_limit(backend)}.")
    return sentences


def divisions(cells: Sequence[Cell], summaries: Sequence[Summary]) -> list[str]:
    """What more processes gain, by the strategy that is fastest with the most of them."""
    told = []
    for swept, group in groups(cells):
        if swept != "processes" or not all(summaries[place].rows for place in group):
            continue
        fastest = summaries[group[-1]].rows[0]
        alone = next((row for row in summaries[group[0]].rows if row.backend == fastest.backend), None)
        if alone is not None:
            few, many = (cells[place].setting.processes for place in (group[0], group[-1]))
            told.append(
                f"{cells[group[0]].scenario}: {fastest.backend} takes {wording.seconds(alone.wall)} in "
                f"{_counted_processes(few)} and {wording.seconds(fastest.wall)} in {_counted_processes(many)}, "
                f"{wording.factor(alone.wall / fastest.wall)} × as fast."
            )
    return told


def _counted_processes(count: int) -> str:
    return "one process" if count == 1 else f"{count:,} processes"


def outliers(cells: Sequence[Cell], summaries: Sequence[Summary]) -> list[str]:
    """Rounds that stand apart, by name: what disturbed one round disturbed several strategies."""
    told = "; ".join(
        f"{f'{label(cell)}, ' if len(cells) > 1 else ''}round {number + 1}: {', '.join(took)}"
        for cell, summary in zip(cells, summaries, strict=True)
        for number, took in sorted(_outliers(summary).items())
    )
    return [f"Outliers, which count like any other (× their strategy's median): {told}."] if told else []


def _outliers(summary: Summary) -> dict[int, list[str]]:
    """By round, who took how long in it."""
    rounds: dict[int, list[str]] = {}
    for row in summary.rows:
        for found in row.outliers:
            took = f"{row.backend} {wording.seconds(found.wall)} ({wording.factor(found.times)} ×)"
            rounds.setdefault(found.round, []).append(took)
    return rounds


def ceilings(cells: Sequence[Cell]) -> list[str]:
    """What a bare loop, which parses nothing, got out of the server; of many cells it is in the exported file."""
    if len(cells) > 1 or cells[0].ceiling is None:
        return []
    found = cells[0].ceiling
    busy = "" if found.server_share is None else f", its CPU {found.server_share:.0%} busy"
    return [
        f"The server, asked by a bare loop that parses nothing: {found.rate:,.0f} requests a second without its delay"
        f"{busy}; {wording.seconds(found.floor)} for these requests with it."
    ]


def syscalls(cells: Sequence[Cell]) -> list[str]:
    """How many system calls a request took, the most frequent by name."""
    told = []
    for cell in cells:
        where = f" ({label(cell)})" if len(cells) > 1 else ""
        for backend, calls in cell.syscalls.items():
            each = {name: count / cell.setting.requests for name, count in calls.items()}
            named = ", ".join(f"{name} {count:.2f}" for name, count in list(each.items())[:_CALLS])
            sentence = f"{sum(each.values()):.1f} system calls a request: {named}."
            told.append(f"{backend}{where}: {sentence if calls else 'its system calls could not be counted.'}")
    return told


def advice(cells: Sequence[Cell], summaries: Sequence[Summary]) -> list[str]:
    """Which strategy to use, why, and what would change that, as far as it was measured."""
    found = advise(cells, summaries)
    if found is None or sum(len(summary.rows) for summary in summaries) < 2:
        return []
    return [_choice(found), *_reason(found), *_change(found)]


def label(cell: Cell) -> str:
    """A cell in a few words: its scenario and its place in the sweeps."""
    values = [value_of(name, value) for name, value in cell.swept.items()]
    return ", ".join([cell.scenario, *values])


def value_of(name: str, value: float) -> str:
    """A swept value with what it is of."""
    if name in ("delay", "work"):
        return f"{name} {wording.seconds(value)}"
    return f"size {wording.size(int(value))}" if name == "size" else f"{name} {value:,.0f}"


def question(scenario: str) -> str:
    """What a scenario asks; nothing for the user's own URLs."""
    return next((known.question for known in SCENARIOS if known.name == scenario), "")


def listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _several(cells: Sequence[Cell]) -> bool:
    return len({cell.scenario for cell in cells}) > 1


def _line(line: Line, *, several: bool) -> list[str]:
    """A sentence for each group of strategies that change in the same places."""
    fates: dict[tuple[Relation, ...], list[Course]] = {}
    for course in line.courses:
        fates.setdefault(tuple(step.relation for step in course.steps), []).append(course)
    given = [line.scenario] if several else []
    given += [value_of(name, value) for name, value in line.fixed.items()]
    before = f"{', '.join(given)}: " if given else ""
    return [f"{before}{_fate(line, courses)}." for courses in fates.values()]


def _fate(line: Line, courses: Sequence[Course]) -> str:
    """What becomes of strategies that change in the same places."""
    stretches = list(zip(*(runs(course) for course in courses), strict=True))
    clauses = []
    for place, stretch in enumerate(stretches):
        where = _where(line.swept, stretch[0], first=place == 0, last=place == len(stretches) - 1)
        clauses.append(_clause(line.leader, courses, stretch, where, first=place == 0))
    return "; ".join(clauses)


def _where(swept: str, steps: Sequence[Step], *, first: bool, last: bool) -> str:
    low, high = (_measure(swept, steps[place].value) for place in (0, -1))
    if first and last:
        return "throughout"
    if first:
        return f"up to {high}" if len(steps) > 1 else f"at {high}"
    if last:
        return f"from {low} on" if len(steps) > 1 else f"at {low}"
    return f"from {low} to {high}" if len(steps) > 1 else f"at {low}"


def _measure(swept: str, value: float) -> str:
    if swept == "concurrency":
        return f"a window of {value:,.0f}"
    if swept == "idle":
        return f"{value:,.0f} idle connections"
    if swept == "processes":
        return _counted_processes(int(value))
    return f"a {value_of(swept, value).replace(' ', ' of ', 1)}"


def _clause(
    leader: str, courses: Sequence[Course], stretch: Sequence[Sequence[Step]], where: str, *, first: bool
) -> str:
    """One stretch of a sweep."""
    names = listed([course.backend for course in courses])
    plural = len(courses) > 1
    relation = stretch[0][0].relation
    if relation is Relation.SAME:
        return f"{names} {'match' if plural else 'matches'} {leader} {where}"
    if relation is Relation.ABSENT:
        return f"{names} {'have' if plural else 'has'} no rank {where}"
    if relation is Relation.FASTER:
        factors = _factors([1 / step.times for steps in stretch for step in steps])
        return f"{names} {'are' if plural else 'is'} {factors} as fast as {leader} {where}"
    factors = _factors([step.times for steps in stretch for step in steps])
    return f"{leader} is {factors} as fast as {names} {where}" if first else f"{where} {leader} is {factors} as fast"


def _factors(times: Sequence[float]) -> str:
    low, high = wording.factor(min(times)), wording.factor(max(times))
    return f"{low} ×" if low == high else f"{low} to {high} ×"


def _limit(backend: str) -> str:
    """What limits a strategy. One that a saved comparison knows need not be installed here."""
    try:
        return registry.find(backend).limit
    except registry.UnknownBackend:
        return "unknown, since it is not installed here"


def _choice(found: Advice) -> str:
    row = found.row
    if found.cells > 1:
        how = "in each of" if found.best_in == found.cells else f"in {found.best_in} of"
        return f"Use {row.backend}: {how} the {found.cells} loads nothing was shown to be faster."
    cost = f"{row.cost * 1e6:,.0f} µs of CPU a request"
    if found.equals:
        count = "one" if len(found.equals) == 1 else f"{len(found.equals)}"
        return f"Use {row.backend} for this: nothing is faster, {count} no slower, and it takes {cost}."
    assert found.next is not None
    times = wording.factor(found.next.wall / row.wall)
    return f"Use {row.backend} for this: it is {times} × as fast as {found.next.backend}, the next, and takes {cost}."


def _reason(found: Advice) -> list[str]:
    """What sets its time, and so what would help; of many loads there is no single answer."""
    row = found.row
    if found.cells > 1:
        return []
    if row.at_ceiling or row.bound == "the server":
        return ["The server sets the time: no other strategy can gain more."]
    if row.bound == "client CPU":
        return ["The CPU of one process sets the time: a wider window gains nothing, more processes would."]
    if row.bound == "waiting":
        share = "" if row.ideal_share is None else f" ({row.ideal_share:.0%} of the ideal)"
        return [f"Waiting sets most of the time{share}: a wider window (-c) gains more than another strategy."]
    return []


def _change(found: Advice) -> list[str]:
    """Under which loads the answer is another, of those that were measured."""
    told = []
    for other in found.otherwise:
        if other.times is None:
            told.append(f"{label(other.cell)}: use {other.backend}, since {found.row.backend} has no rank there")
        else:
            told.append(f"{label(other.cell)}: use {other.backend}, {wording.factor(other.times)} × as fast")
    if told:
        return [f"The answer changes with the load: {'; '.join(told)}."]
    if found.cells > 1:
        return [f"Its limit: {_limit(found.row.backend)}."]
    return [
        f"Its limit: {_limit(found.row.backend)}. Whether another load changes the answer was not "
        "measured: --sweep concurrency=1,8,64,512 or --scenario all would tell."
    ]
