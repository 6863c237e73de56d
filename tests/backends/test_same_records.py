"""The same input gives the same record under every strategy, but for times and the strategy's name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fetchmux.backends import registry
from fetchmux.model import Result
from fetchmux.origin.launch import Origin
from fetchmux.rehearsal import Rehearsal, Scene
from fetchmux.testing import ANSWERS, FAULTS, LIMITS
from tests.backends.available import strategies

NAMES = (*FAULTS, *ANSWERS)
OTHERS = strategies(*(spec.name for spec in registry.BUILT_IN if spec.name != "sequential"))


def records(backend: str, origin: Origin, options: dict[str, Any]) -> list[dict[str, Any]]:
    urls = [origin.url(f"/{name}") for name in NAMES]
    with Rehearsal(backend) as rehearsal:
        results = rehearsal.play(Scene(urls=[*urls, "ftp://x/", "http://no such host/"], options=options)).results
    return [comparable(result) for result in sorted(results, key=lambda result: result.index)]


def comparable(result: Result) -> dict[str, Any]:
    record: dict[str, Any] = msgspec.to_builtins(result)
    record["timings"] = sorted(record["timings"])
    del record["backend"]
    if result.error is not None:
        # How much had come when it failed is a matter of time.
        record["body_size"] = record["wire_size"] = None
    record["headers"] = [field for field in record["headers"] if field[0] != "Date"]
    return record


@pytest.fixture(scope="module")
def origin():
    with Origin("bad") as origin:
        yield origin


@pytest.fixture(scope="module")
def reference(origin: Origin) -> list[dict[str, Any]]:
    return records("sequential", origin, {**LIMITS, "keep_alive": False})


@pytest.mark.parametrize("backend", OTHERS)
def test_records_are_those_of_the_simplest_strategy(
    backend: str, origin: Origin, reference: list[dict[str, Any]]
) -> None:
    assert records(backend, origin, {**LIMITS, "keep_alive": False}) == reference


def test_the_reference_has_one_record_for_each_input(reference: list[dict[str, Any]]) -> None:
    assert [record["index"] for record in reference] == list(range(len(NAMES) + 2))
    assert [record["error"]["code"] for record in reference[-2:]] == ["bad-url", "bad-url"]
