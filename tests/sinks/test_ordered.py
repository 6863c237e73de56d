"""Results come in the order of the list, and what waits for an older one is bounded by reading no further."""

from __future__ import annotations

import random

import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.frontier import outcome
from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.model import Request, Result
from fetchmux.sinks import ordered as ordered_module
from fetchmux.sinks.ordered import Ordered
from tests.sinks.kept import Kept


def result(request: Request) -> Result:
    return outcome.of_request(request, FetchError(Code.CANCELLED, "", Phase.INPUT), "none")


@pytest.mark.parametrize("seed", range(20))
def test_the_order_is_that_of_the_list_whatever_ends_first(seed: int):
    dice, kept = random.Random(seed), Kept()
    lines = [b"http://h/" if dice.random() < 0.9 else None for _ in range(300)]
    ordered = Ordered(read_requests(lines, Recipe()), kept, 10)
    out: list[Request] = []
    source, ended = ordered.requests(), False
    while out or not ended:
        if not ended and dice.random() < 0.6:
            try:
                request = next(source)
            except StopIteration:
                ended = True
                continue
            if request is not None:
                out.append(request)
        elif out:
            ordered.write(result(out.pop(dice.randrange(len(out)))))
        assert len(ordered._early) < 10
    assert kept.indexes == list(range(sum(line is not None for line in lines)))


def test_nothing_is_read_while_the_oldest_is_waited_for_and_too_many_are_out():
    kept = Kept()
    ordered = Ordered(read_requests([b"http://h/"] * 9, Recipe()), kept, 3)
    source = ordered.requests()
    first, *rest = [next(source) for _ in range(3)]
    assert first is not None
    for request in rest:
        assert request is not None
        ordered.write(result(request))
    assert [next(source), next(source)] == [None, None]
    assert kept.indexes == []
    ordered.write(result(first))
    assert kept.indexes == [0, 1, 2]
    assert next(source) is not None


def test_to_flush_passes_on_what_has_come_so_far():
    kept = Kept()
    Ordered(iter(()), kept, 3).flush()
    assert kept.flushes == 1


def test_nothing_is_read_while_too_much_of_bodies_waits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ordered_module, "MOST_BYTES", 10)
    kept = Kept()
    ordered = Ordered(read_requests([b"http://h/"] * 9, Recipe()), kept, 9)
    source = ordered.requests()
    first, second, third = [next(source) for _ in range(3)]
    for request, size in ((second, 4), (third, 6)):
        assert request is not None
        assert next(source) is not None
        early = result(request)
        early.body = bytes(size)
        ordered.write(early)
    assert next(source) is None
    assert first is not None
    ordered.write(result(first))
    assert kept.indexes == [0, 1, 2]
    assert next(source) is not None
