"""A run in which too much fails asks for its end, once, and every record is written all the same."""

from __future__ import annotations

import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.frontier import outcome
from fetchmux.model import Request, Result
from fetchmux.sinks.limit import LEAST, FailureLimit, Most
from tests.sinks.kept import Kept


def result(*, ok: bool) -> Result:
    made = outcome.of_request(Request(0, "", None), FetchError(Code.TIMEOUT, "", Phase.HEAD), "none")
    made.ok = ok
    return made


def stops(most: Most, *results: bool) -> list[int]:
    """After how many results it has asked for the end."""
    at: list[int] = []
    kept = Kept()
    limit = FailureLimit(kept, most, lambda: at.append(len(kept.results)))
    for ok in results:
        limit.write(result(ok=ok))
    assert len(kept.results) == len(results)
    assert limit.reached == bool(at)
    return at


@pytest.mark.parametrize(("number", "at"), [(0, [2]), (1, [4]), (2, [5]), (3, [])])
def test_more_failures_than_are_borne_end_the_run_once(number: int, at: list[int]):
    assert stops(Most(number=number), True, False, True, False, False) == at


def test_a_share_is_looked_at_when_there_is_enough_to_share():
    assert stops(Most(share=0.05), *[False] * LEAST) == [LEAST]
    assert stops(Most(share=0.05), *[True] * (LEAST - 1), *[False] * 6) == [LEAST - 1 + 6]
    assert stops(Most(share=1.0), *[False] * 3 * LEAST) == []
