"""Two comparisons of the same loads, made at different times: what has become faster or slower, and how sure that is.

Pure. The rounds of two runs have nothing in common, so nothing is paired; what differs between the machines, or was
going on on one of them, is in no interval, and that is what a margin is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from fetchmux.compare import stats
from fetchmux.compare.cell import Cell
from fetchmux.compare.machine import Machine
from fetchmux.compare.summary import Summary

# How often a load is measured, and by whom, may differ; what is measured may not.
_FREE = ("backends", "rounds", "until", "max_time", "limit")
# Of the machine, what a time depends on; the programs on it may be what is to be compared.
_TOLD = ("cpu", "cpus", "affinity", "system", "kernel", "implementation", "python", "gil")


class Change(NamedTuple):
    """One strategy under one load: seconds before and now, medians, and how many times as long it takes now."""

    backend: str
    before: float
    now: float
    times: float
    interval: stats.Interval

    @property
    def verdict(self) -> str:
        """In words."""
        if self.interval.holds(1.0):
            return "no difference shown"
        return "slower" if self.times > 1 else "faster"

    def slower_than(self, margin: float) -> bool:
        """Whether even the least that the interval allows is slower by more than this share."""
        return self.interval.low > 1 + margin


def counterparts(cells: Sequence[Cell], old: Sequence[Cell]) -> list[Cell | None]:
    """For each cell the one of the other comparison that asked the same; None where there is none."""
    known = {_key(cell): cell for cell in old}
    return [known.get(_key(cell)) for cell in cells]


def _key(cell: Cell) -> bytes:
    """What two cells have in common that ask the same."""
    setting: dict[str, Any] = msgspec.to_builtins(cell.setting)
    for name in _FREE:
        del setting[name]
    return msgspec.json.encode((cell.scenario, cell.swept, setting), order="deterministic")


def changes(summary: Summary, old: Summary) -> list[Change]:
    """Of all strategies that have a rank in both, in the order of now."""
    found = []
    for row in (*summary.rows, *summary.peers):
        before = next((other for other in (*old.rows, *old.peers) if other.backend == row.backend), None)
        if before is not None:
            times, interval = stats.unpaired_ratio(summary.samples[row.backend], old.samples[row.backend])
            found.append(Change(row.backend, before.wall, row.wall, times, interval))
    return found


def differences(machine: Machine, old: Machine) -> list[str]:
    """What a time depends on and is not the same, each in words."""
    found = []
    for name in _TOLD:
        now, before = getattr(machine, name), getattr(old, name)
        if now != before:
            found.append(f"{name} {before} then, {now} now")
    return found
