"""Words that only `compare` understands: scenarios, sweeps, shares. What is wrong raises click.BadParameter."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

import click

from fetchmux.cli import options
from fetchmux.compare.scenarios import ALL, SCENARIOS, SWEPT

SCENARIO_NAMES = ", ".join(scenario.name for scenario in SCENARIOS)
_SHARE = re.compile(r"(\d+\.?\d*|\.\d+)%")


def scenarios(text: str) -> tuple[str, ...]:
    """Names of scenarios."""
    known = [ALL, *(scenario.name for scenario in SCENARIOS)]
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {SCENARIO_NAMES} and {ALL}"
            raise click.BadParameter(f"no scenario is called {name!r}: {hint}")
    return names


def sweep(text: str) -> tuple[str, tuple[float, ...]]:
    """What is varied, and its values in their order, each once: concurrency=1,8,64."""
    name, equals, values = text.partition("=")
    if name not in SWEPT or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE,... with a NAME among {', '.join(SWEPT)}")
    found = sorted({_VALUES[name](value.strip()) for value in values.split(",")})
    return name, tuple(found)


def share(text: str) -> float:
    """A share from 2%."""
    match = _SHARE.fullmatch(text.replace(" ", ""))
    value = float(match[1]) / 100 if match else 0.0
    if not 0 < value < 1:
        raise click.BadParameter(f"{text!r} is no share between nought and 100 %, such as 2%")
    return value


def _count(least: int) -> Callable[[str], float]:
    def read(text: str) -> float:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < least:
            raise click.BadParameter(f"{text!r} is no whole number from {least} on")
        return float(text)

    return read


_VALUES: dict[str, Callable[[str], float]] = {
    "concurrency": _count(1),
    "delay": options.delay,
    "size": options.size,
    "idle": _count(0),
    "work": options.delay,
    "processes": _count(1),
}
