"""Whenever a run dies, whatever of its files is on the disk: in the end each input has exactly one record."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fetchmux.errors import Code, UsageError
from fetchmux.journal.book import Book
from fetchmux.journal.mending import Format
from fetchmux.model import Request
from tests.journal.lives import Place, well

FORMS: list[Format] = ["jsonl", "csv", "tsv"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(25))
def test_after_any_number_of_deaths_each_input_has_exactly_one_record(tmp_path: Path, form: Format, seed: int):
    dice = random.Random(seed)
    place = Place(tmp_path, form)

    def now_and_then(request: Request) -> Code | None:
        return Code.TIMEOUT if dice.random() < 0.2 else None

    for _ in range(dice.randint(1, 8)):
        before = place.sizes()
        place.live(dice, now_and_then, most=dice.randint(0, 25))
        # The file may have become shorter when it was mended; and a machine that dies may lose more than a process.
        place.tear(dice, 0 if dice.random() < 0.3 else before[0], before[1])
    place.live(dice, well)
    place.check(whole=True)
    assert all(ok for _, ok in place.records())


def test_no_death_at_any_byte_costs_a_record_or_doubles_one(tmp_path: Path):
    """One run, killed at each byte that it writes to either file."""
    dice = random.Random(1)
    place = Place(tmp_path, inputs=2)
    place.live(dice, well)
    output, journal = place.output.read_bytes(), place.journal.read_bytes()
    for written in range(len(output) + 1):
        # At most as many lines as there are whole records, each of them torn anywhere.
        lines = journal.splitlines(keepends=True)[: 1 + output[:written].count(b"\n")]
        known = b"".join(lines)
        place.output.write_bytes(output[:written])
        place.journal.write_bytes(known[: dice.randint(0, len(known))])
        place.live(dice, well)
        place.check(whole=True)


def test_what_is_done_is_not_fetched_again(tmp_path: Path):
    place, dice = Place(tmp_path), random.Random(2)
    assert place.live(dice, well) == 40
    assert place.live(dice, well) == 0
    place.check(whole=True)


@pytest.mark.parametrize(("resume", "again"), [("all", 10), ("failed", 10), ("missing", 0)])
def test_what_has_failed_is_fetched_again_when_asked(tmp_path: Path, resume: str, again: int):
    place, dice = Place(tmp_path), random.Random(3)
    place.live(dice, lambda request: Code.TIMEOUT if request.index % 4 == 0 else None)
    assert place.live(dice, well, resume=resume) == again
    place.check(whole=True)
    assert sum(not ok for _, ok in place.records()) == 10 - again


@pytest.mark.parametrize(("resume", "again"), [("all", 10), ("missing", 10), ("failed", 0)])
def test_what_was_cancelled_has_not_ended_and_has_no_record_yet(tmp_path: Path, resume: str, again: int):
    place, dice = Place(tmp_path), random.Random(4)
    place.live(dice, lambda request: Code.CANCELLED if request.index >= 30 else None)
    assert len(place.records()) == 30
    assert place.live(dice, well, resume=resume) == again
    place.check(whole=again > 0)


def test_records_that_have_gone_from_the_output_are_fetched_again(tmp_path: Path):
    place, dice = Place(tmp_path), random.Random(5)
    place.live(dice, well)
    lines = place.output.read_bytes().splitlines(keepends=True)
    place.output.write_bytes(b"".join(lines[5:]) + b"not a record\n" + lines[-1])
    assert place.live(dice, well) == 5
    place.check(whole=True)
    place.output.unlink()
    assert place.live(dice, well) == 40
    place.check(whole=True)


def test_a_list_may_grow(tmp_path: Path):
    place, dice = Place(tmp_path), random.Random(6)
    place.live(dice, well)
    place.items += ["http://more/1", "http://more/2"]
    assert place.live(dice, well) == 2
    place.check(whole=True)


@pytest.mark.parametrize("change", ["other", "gone", "between", "shorter"])
def test_another_list_is_refused(tmp_path: Path, change: str):
    place, dice = Place(tmp_path), random.Random(7)
    place.live(dice, well)
    if change == "other":
        place.items[20] = "http://h/other"
    elif change == "between":
        place.items.insert(20, "http://h/other")
    elif change == "gone":
        del place.items[20]
    else:
        place.items.pop()
    with pytest.raises(UsageError, match="the journal was made for"):
        place.live(dice, well)


def test_a_change_of_what_was_never_fetched_is_no_other_list(tmp_path: Path):
    place, dice = Place(tmp_path), random.Random(8)
    place.live(dice, well, most=5)
    place.items[-1] = "http://h/other"
    place.live(dice, well)
    place.check(whole=True)


def test_a_file_that_is_written_anew_keeps_its_mode_and_leaves_nothing_beside_it(tmp_path: Path):
    place, dice = Place(tmp_path), random.Random(12)
    place.live(dice, lambda request: Code.TIMEOUT if request.index < 5 else None)
    place.output.chmod(0o640)
    # A run has died while it did the same.
    (tmp_path / ".output.mended").write_bytes(b"half")
    before = place.output.stat().st_ino
    place.live(dice, well)
    assert place.output.stat().st_ino != before
    assert place.output.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal", "output"]


def test_a_link_to_the_output_stays_one(tmp_path: Path):
    place, dice = Place(tmp_path), random.Random(13)
    (tmp_path / "elsewhere").touch()
    place.output.symlink_to(tmp_path / "elsewhere")
    place.live(dice, lambda request: Code.TIMEOUT if request.index < 5 else None)
    place.live(dice, well)
    assert place.output.is_symlink()
    place.check(whole=True)


# The file


@pytest.mark.parametrize("content", [b"http://h/\n", b"hello", b"\n", b"{}\n", b'{"fetchmux_journal":2,"terms":{}}\n'])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes):
    path = tmp_path / "list"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is no journal to go on with"):
        Book(str(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize("line", [b"{}\n", b'{"index":1}\n', b'{"index":99999999,"check":"00000000","ok":true,'
                                  b'"status":200,"error":null}\n', b"x" * 70_000 + b"\n"])  # fmt: skip
def test_a_damaged_line_that_is_not_the_last_is_refused(tmp_path: Path, line: bytes):
    place = Place(tmp_path)
    place.live(random.Random(9), well, most=9)
    content = place.journal.read_bytes()
    place.journal.write_bytes(content + line + content.splitlines(keepends=True)[-1])
    with pytest.raises(UsageError, match="is damaged"):
        Book(str(place.journal))


def test_a_last_line_of_noughts_is_what_a_disk_leaves_of_a_line_that_it_never_got(tmp_path: Path):
    place = Place(tmp_path)
    place.live(random.Random(10), well, most=9)
    content = place.journal.read_bytes()
    place.journal.write_bytes(content + bytes(500))
    Book(str(place.journal)).close()
    assert place.journal.read_bytes() == content


def test_what_a_journal_tells_takes_five_bytes_for_each_input(tmp_path: Path):
    place = Place(tmp_path)
    place.live(random.Random(11), well)
    book = Book(str(place.journal))
    held = len(book.past._states) + len(book.past._checks) * book.past._checks.itemsize
    book.close()
    assert (len(book.past), held) == (40, 200)
