"""What a reader of the numbers has to be warned of, each with what to do about it. Pure: judges what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fetchmux.compare.cell import Cell
from fetchmux.compare.machine import Machine
from fetchmux.compare.row import Row
from fetchmux.compare.summary import Summary

# Rounds whose median absolute deviation is more than this share of their median are noisy.
_NOISY = 0.05
# From this share of all local ports on, those of closed connections soon stand in the way of new ones.
_CROWDED = 0.5
# So many programs for each CPU were ready to run before the first trial.
_BUSY = 0.5
# More names than these say no more.
_NAMED = 4


class Caution(NamedTuple):
    """A sentence that says what is wrong, and one that says what to do."""

    what: str
    remedy: str


def cautions(machine: Machine, cells: Sequence[Cell], summaries: Sequence[Summary]) -> list[Caution]:
    """All of a comparison, each once."""
    rows = [row for summary in summaries for row in summary.rows]
    found = [
        *_machine(machine),
        *_server(rows),
        *_noise(rows),
        *_descriptors(cells),
        *_ports(machine, cells),
        *_failures(cells),
    ]
    return list(dict.fromkeys(found))


def _machine(machine: Machine) -> Iterator[Caution]:
    if machine.affinity == 1:
        yield Caution("client and server share the only CPU", "give this process two (nproc, taskset)")
    elif machine.load[0] > _BUSY * machine.affinity:
        yield Caution(
            f"other programs were running (load {machine.load[0]:.1f} on {machine.affinity} CPUs)",
            "measure again when they have ended",
        )


def _server(rows: Sequence[Row]) -> Iterator[Caution]:
    limited = [row.backend for row in rows if row.at_ceiling or row.bound == "the server"]
    if limited:
        yield Caution(
            f"the server is the limit of {_names(limited)}",
            "between these no difference can be seen: let it delay longer (--delay), or ask one on another machine",
        )


def _noise(rows: Sequence[Row]) -> Iterator[Caution]:
    noisy = [row.backend for row in rows if row.rounds > 1 and row.spread > _NOISY * row.wall]
    if noisy:
        yield Caution(
            f"the rounds of {_names(noisy)} differ by more than {_NOISY:.0%}",
            "add rounds (--rounds 15, --until 2%), or measure on a quieter machine",
        )


def _descriptors(cells: Sequence[Cell]) -> Iterator[Caution]:
    """Where it is the system that narrowed a window, and not the strategy's own limit."""
    short = [
        report.backend
        for cell in cells
        for report in cell.reports
        if report.window < cell.setting.concurrency and any("ulimit" in notice for notice in report.notices)
    ]
    if short:
        needed = max(cell.setting.concurrency + cell.setting.idle for cell in cells) + 64
        yield Caution(f"descriptors were too few for {_names(short)}", f"allow more: ulimit -n {needed}")


def _ports(machine: Machine, cells: Sequence[Cell]) -> Iterator[Caution]:
    """On the loopback Linux uses ports again at once, so there they are short only when connecting fails."""
    for cell in cells:
        if cell.time_wait is None or machine.ports is None or cell.time_wait < _CROWDED * machine.ports:
            continue
        failing = any("connect-failed" in report.codes for report in cell.reports)
        if failing or not cell.setting.embedded:
            yield Caution(
                f"of {machine.ports:,} local ports {cell.time_wait:,} belong to connections that were just closed",
                "wait a minute, use connections again (--keep-alive), or ask another address",
            )
            return


def _failures(cells: Sequence[Cell]) -> Iterator[Caution]:
    codes: dict[str, None] = {}
    for cell in cells:
        for report in cell.reports:
            codes.update(dict.fromkeys(report.codes))
    if codes:
        yield Caution(
            f"requests failed ({', '.join(codes)}), and a failure takes another time than a page",
            "trust no time before they are gone: fewer at once (-c), or a longer --timeout",
        )


def _names(names: Sequence[str]) -> str:
    named = list(dict.fromkeys(names))
    if len(named) > _NAMED:
        return f"{', '.join(named[:_NAMED])} and {len(named) - _NAMED} more"
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
