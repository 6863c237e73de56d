"""The list is read in turns, never waited for, and begun again where something came back."""

from __future__ import annotations

from collections.abc import Iterator

from fetchmux.errors import FetchError
from fetchmux.frontier import TICK
from fetchmux.inputs.requests import Recipe, RequestReader
from fetchmux.model import Request
from fetchmux.spread.supply import MOST_REJECTED, Supply


class Place:
    """Where a supply tells what it cannot hand out."""

    def __init__(self) -> None:
        self.rejected: list[int] = []
        self.failures: list[Exception] = []

    def supply(self, source: Iterator[Request | None]) -> Supply:
        return Supply(source, self.reject, self.failures.append)

    def reject(self, request: Request, error: FetchError) -> None:
        self.rejected.append(request.index)


def listed(*texts: str | None) -> Iterator[Request | None]:
    reader = RequestReader(Recipe())
    return (None if text is None else reader.read(index, text) for index, text in enumerate(texts))


def handed_out(supply: Supply) -> list[int]:
    return [request.index for request in supply.sendable()]


def test_what_there_is_now_is_handed_out_and_what_cannot_be_sent_is_rejected():
    place = Place()
    supply = place.supply(listed("http://a/", "no url", None, "http://b/"))
    assert (handed_out(supply), place.rejected, supply.exhausted) == ([0], [1], False)
    assert 0 < supply.patience() < TICK
    assert (handed_out(supply), supply.exhausted) == ([3], True)
    assert supply.patience() == TICK


def test_a_long_row_of_inputs_that_cannot_be_sent_is_read_in_turns():
    place = Place()
    supply = place.supply(listed(*["no url"] * (MOST_REJECTED + 1), "http://a/"))
    assert (handed_out(supply), len(place.rejected)) == ([], MOST_REJECTED)
    # At once, that is, after a look at the processes.
    assert supply.patience() == 0.0
    assert handed_out(supply) == [MOST_REJECTED + 1]
    assert supply.patience() > 0.0


def test_what_was_looked_at_beforehand_is_rejected_only_when_its_turn_comes():
    place = Place()
    supply = place.supply(listed("no url", "http://a/", None, "http://b/", "http://c/"))
    assert supply.look_ahead(3)
    assert not supply.look_ahead(3)
    assert place.rejected == []
    assert handed_out(supply) == [1, 3, 4]
    assert place.rejected == [0]
    assert not supply.look_ahead(3)


def test_what_came_back_goes_before_everything_else():
    place = Place()
    supply = place.supply(listed("http://a/", "http://b/"))
    (first, *_) = supply.sendable()
    assert supply.exhausted
    supply.again.append(first)
    assert not supply.exhausted
    assert handed_out(supply) == [0]


def test_a_list_that_fails_has_ended_and_says_why():
    def failing() -> Iterator[Request | None]:
        yield from listed("http://a/")
        raise OSError(5, "gone")

    place = Place()
    supply = place.supply(failing())
    assert handed_out(supply) == [0]
    assert supply.exhausted
    assert [str(failure) for failure in place.failures] == ["[Errno 5] gone"]
