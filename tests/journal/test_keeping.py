"""What is written when: the record before its line, and both to the disk now and then."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchmux.errors import UsageError
from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.journal import keeping as keeping_module
from fetchmux.journal.book import Book
from fetchmux.journal.keeping import SYNC_EVERY, Keeping
from fetchmux.journal.past import WANTED
from fetchmux.model import Request, Result
from tests.journal.lives import TERMS, result


class Sink:
    """A sink that notes how much of the journal there was when it was asked for something."""

    def __init__(self, journal: Path) -> None:
        self.calls: list[tuple[str, int]] = []
        self.breaks = False
        self._journal = journal

    def write(self, result: Result) -> None:
        self._note("write")

    def flush(self) -> None:
        self._note("flush")
        if self.breaks:
            raise OSError(errno.ENOSPC, "full")

    def secure(self) -> None:
        self._note("secure")

    def _note(self, call: str) -> None:
        self.calls.append((call, self._journal.read_bytes().count(b"\n")))


class Desk:
    """A journal that is kept, of a list of so many."""

    def __init__(self, directory: Path, count: int) -> None:
        self.now = 0.0
        self.path = directory / "journal"
        self.book = Book(str(self.path))
        self.book.begin(TERMS)
        self.sink = Sink(self.path)
        requests = read_requests([b"http://h/"] * count, Recipe())
        self.keeping = Keeping(requests, self.sink, self.book, WANTED["all"], self.sink.secure, lambda: self.now)
        self.requests = self.keeping.requests()

    def fetch(self) -> None:
        request = next(self.requests)
        assert request is not None
        self.keeping.write(result(request))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, 9)
    yield desk
    desk.book.close()


def test_a_record_is_handed_over_before_its_line_is_written(desk: Desk):
    desk.fetch()
    desk.fetch()
    desk.keeping.flush()
    assert desk.sink.calls == [("write", 1), ("write", 1), ("flush", 1)]
    assert desk.path.read_bytes().count(b"\n") == 3


def test_a_record_that_could_not_be_handed_over_has_no_line(desk: Desk):
    desk.fetch()
    desk.sink.breaks = True
    with pytest.raises(OSError, match="full"):
        desk.keeping.flush()
    desk.keeping.sync()
    assert desk.path.read_bytes().count(b"\n") == 1


def test_now_and_then_the_disk_is_waited_for_and_for_the_records_first(desk: Desk):
    for _ in range(2):
        desk.fetch()
        desk.now += SYNC_EVERY - 0.1
        desk.keeping.flush()
    assert [call for call in desk.sink.calls if call[0] == "secure"] == [("secure", 3)]


def test_whoever_is_in_flight_is_looked_after_while_a_long_row_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keeping_module, "_TURN", 3)
    desk = Desk(tmp_path, 8)
    for _ in range(8):
        desk.fetch()
    desk.keeping.flush()
    desk.book.close()
    book = Book(str(desk.path))
    requests: list[Request | None] = list(
        Keeping(read_requests([b"http://h/"] * 8, Recipe()), desk.sink, book, WANTED["all"], lambda: None).requests()
    )
    book.close()
    assert requests == [None, None]


def test_nothing_is_fetched_before_an_input_behind_it_has_shown_that_the_list_is_the_right_one(tmp_path: Path):
    """The first two have not ended, the third has: of another list none may be fetched."""
    desk = Desk(tmp_path, 3)
    *_, third = [next(desk.requests) for _ in range(3)]
    assert third is not None
    desk.keeping.write(result(third))
    desk.keeping.flush()
    desk.book.close()
    for lines, given in (([b"http://h/"] * 4, [0, 1, 3]), ([b"http://h/"] * 2 + [b"http://other/"], None)):
        book = Book(str(desk.path))
        again = Keeping(read_requests(lines, Recipe()), desk.sink, book, WANTED["all"], lambda: None).requests()
        if given is None:
            with pytest.raises(UsageError, match="made for another list"):
                next(again)
        else:
            assert [request and request.index for request in again] == given
        book.close()
