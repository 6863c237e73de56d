"""What `compare` is asked: options and URLs to a document of loads that nobody has measured yet.

Knows what makes sense together and what can be done here. What is wrong raises UsageError, before anything is started.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fetchmux.backends import registry
from fetchmux.backends.peers import PEERS
from fetchmux.errors import UsageError

if TYPE_CHECKING:
    from fetchmux.compare.cell import Cell
    from fetchmux.compare.export import Document
    from fetchmux.compare.scenarios import Scenario

DEFAULT_ROUNDS = 8
# Whoever asks for nothing shall have an answer within a minute, on a slow machine too. In seconds.
SOON = 46.0
_LATE = 600.0


def document(urls: tuple[str, ...], names: tuple[str, ...], given: dict[str, Any]) -> Document:
    """What is compared, where and when, before anything is measured. Raises UsageError."""
    import datetime as dt

    from fetchmux import __version__
    from fetchmux.compare import export, machine

    if given["reference"] != "sequential" and given["reference"] not in names:
        raise UsageError(f"the reference {given['reference']!r} is not among the strategies: {', '.join(names)}")
    return export.Document(
        export.VERSION,
        __version__,
        dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        random.randrange(1 << 31) if given["seed"] is None else given["seed"],
        machine.describe(),
        given["reference"],
        _cells(urls, names, given),
    )


def _cells(urls: tuple[str, ...], names: tuple[str, ...], given: dict[str, Any]) -> list[Cell]:
    """The table to be filled. Raises UsageError."""
    from fetchmux.compare import scenarios

    sweeps = dict(given["sweeps"])
    chosen = scenarios.find([name for listed in given["scenarios"] for name in listed] or ["io"])
    _check(urls, [*sweeps], chosen, given)
    longest = _LATE if given["until"] else None if given["rounds"] else SOON
    wish = scenarios.Wish(
        rounds=given["rounds"] or DEFAULT_ROUNDS,
        timeout=given["timeout"],
        limit=given["trial_timeout"],
        max_time=given["max_time"] or longest,
        **{name: given[name] for name in ("warm_up", "concurrency", "until", "requests", "delay", "size")},
        **{name: given[name] for name in ("work", "idle", "keep_alive", "processes")},
    )
    table = scenarios.cells(chosen, sweeps, wish, names, _readable(urls))
    if not any(cell.setting.backends for cell in table):
        raise UsageError("; ".join(f"{name} cannot take part: {why}" for name, why in table[0].excluded.items()))
    return table


def _check(urls: tuple[str, ...], swept: list[str], chosen: list[Scenario], given: dict[str, Any]) -> None:
    """Refuse what makes no sense together, or cannot be done here. Raises UsageError."""
    from fetchmux.compare import certificate, syscalls

    if len(swept) < len(given["sweeps"]):
        raise UsageError("--sweep names the same thing twice")
    for name in ("delay", "size", "idle"):
        if urls and name in swept:
            raise UsageError(f"only the embedded origin's {name} can be swept: leave out the URLs")
    if urls and (given["scenarios"] or given["idle"]):
        raise UsageError("only the embedded origin plays scenarios and lets connections idle: leave out the URLs")
    if (given["idle"] or "idle" in swept) and (given["processes"] or "processes" in swept):
        raise UsageError("idle connections are for one process: leave out --processes")
    remedies = [certificate.missing()] if any(scenario.tls for scenario in chosen) else []
    for remedy in [*remedies, syscalls.missing() if given["syscalls"] else None]:
        if remedy is not None:
            raise UsageError(remedy)


def strategies(named: Sequence[str], *, peers: bool = False) -> tuple[tuple[str, ...], list[str]]:
    """The strategies asked for, each once, or all that can run; and who is left out, and why. Raises UsageError.

    With `peers`, those that can run are asked for, too.
    """
    asked = [name.strip() for names in named for name in names.split(",") if name.strip()]
    if named:
        if not asked:
            raise UsageError("--backends names no strategy")
        for name in asked:
            registry.load(registry.find(name))
    able, left_out = asked, list[str]()
    for spec in (*(() if named else registry.specs()), *(PEERS if peers else ())):
        remedy = registry.missing(spec)
        if remedy is None:
            able.append(spec.name)
        else:
            left_out.append(f"{spec.name} is left out: {remedy}")
    return tuple(dict.fromkeys(able)), left_out


def _readable(urls: tuple[str, ...]) -> tuple[str, ...]:
    """The URLs as they may be shown. Here one that cannot be fetched is a mistake, not a record: raises UsageError."""
    from fetchmux.inputs.requests import Recipe, read_requests

    requests = [request for request in read_requests(urls, Recipe()) if request is not None]
    for request in requests:
        if request.fault is not None:
            raise UsageError(f"{request.input!r}: {request.fault.message}")
    if len(requests) < len(urls):
        raise UsageError("a URL is blank")
    return tuple(request.input for request in requests)
