"""What a server says of a body is relied on only as far as it tells that body from another one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fetchmux.model import Known
from fetchmux.sinks.validators import confirmed, question, validators

DATE = "Wed, 25 Nov 2026 20:00:00 GMT"
LATER = "Wed, 25 Nov 2026 20:00:01 GMT"
Fields = list[tuple[str, str]]


@pytest.mark.parametrize(
    ("fields", "usable"),
    [
        ([("etag", '"1"'), ("LAST-MODIFIED", DATE)], ('"1"', DATE)),
        ([("ETag", 'W/"1,*"')], ('W/"1,*"', None)),
        ([("ETag", '"1"'), ("Etag", '"1"')], ('"1"', None)),
        ([("Last-Modified", DATE), ("Date", LATER)], (None, DATE)),
        ([], (None, None)),
    ],
)
def test_tags_and_dates_are_taken_however_a_server_spells_their_names(fields: Fields, usable: tuple[str, str]):
    assert validators(fields) == usable


@pytest.mark.parametrize("tag", ["*", "1", '"1', '"1", "2"', '"a"b"', 'w/"1"', '"\xe4"', ""])
def test_what_is_no_entity_tag_is_none_and_above_all_no_star(tag: str):
    """An If-None-Match of `*` is answered by 304 whatever has become of the page."""
    assert validators([("ETag", tag)]) == (None, None)
    assert question(tag, None) == ()


@pytest.mark.parametrize(
    "fields",
    [
        [("ETag", '"1"'), ("ETag", '"2"')],
        [("Last-Modified", DATE), ("Date", DATE)],
        [("Last-Modified", DATE), ("Last-Modified", LATER)],
    ],
)
def test_two_that_differ_say_nothing_and_neither_does_the_second_of_the_reply(fields: Fields):
    assert validators(fields) == (None, None)


def known(folder: Path, tag: str | None, date: str | None) -> Known:
    path = folder / "a"
    path.write_text("body")
    found = path.stat()
    return Known("http://h/a", question(tag, date), str(path), found.st_size, found.st_mtime_ns, None)


@pytest.mark.parametrize(
    ("tag", "date", "fields", "holds"),
    [
        ('"1"', DATE, [], True),
        ('"1"', DATE, [("ETag", 'W/"1"'), ("Last-Modified", LATER)], True),
        ('"1"', DATE, [("ETag", '"2"'), ("Last-Modified", DATE)], False),
        ('"1"', DATE, [("Last-Modified", LATER)], False),
        ('"1"', None, [("Last-Modified", LATER)], True),
        (None, DATE, [("ETag", '"2"')], True),
        (None, DATE, [("Last-Modified", LATER)], False),
    ],
)
def test_a_304_that_names_another_validator_is_not_about_this_body(
    tag: str | None, date: str | None, fields: Fields, holds: bool, tmp_path: Path
):
    assert confirmed(known(tmp_path, tag, date), fields) is holds


def test_a_304_is_worth_nothing_without_the_file_as_it_was(tmp_path: Path):
    path = tmp_path / "a"
    asked = known(tmp_path, '"1"', None)
    assert confirmed(asked, [])
    path.write_text("bo")
    assert not confirmed(asked, [])
    asked = known(tmp_path, '"1"', None)
    path.write_text("ydob")
    os.utime(path, ns=(0, asked.time + 1))
    assert not confirmed(asked, [])
    path.unlink()
    assert not confirmed(asked, [])
    path.mkdir()
    assert not confirmed(asked, [])
