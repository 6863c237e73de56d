"""A field of a line may be the input, comments are none, and a repeat may be dropped."""

from __future__ import annotations

import pytest

from fetchmux.errors import Code, UsageError
from fetchmux.inputs.choice import column, unique
from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.inputs.search import Template
from fetchmux.model import Request


@pytest.mark.parametrize(
    ("line", "number", "field"),
    [
        ("a\tb, c\td", 2, "b, c"),
        ("a,b,c", 3, "c"),
        ('"a, b",http://h/', 2, "http://h/"),
        ('"a ""b""",c', 1, 'a "b"'),
        ("a", 2, None),
        ("\t", 2, ""),
    ],
)
def test_a_column_lies_between_tabs_or_as_csv_has_it(line: str, number: int, field: str | None):
    assert column(line, number) == field


def requests(*lines: str | bytes, recipe: Recipe | None = None) -> list[Request]:
    return [request for request in read_requests(lines, recipe or Recipe()) if request is not None]


def test_a_line_without_its_column_is_a_fault_of_its_own_and_shows_no_password():
    good, bad = requests(b"x\thttp://h/", b"http://u:secret@h/", recipe=Recipe(column=2))
    assert good.url is not None
    assert good.input == "http://h/"
    assert bad.fault is not None
    assert (bad.fault.code, bad.index) == (Code.BAD_URL, 1)
    assert "secret" not in bad.input


def test_a_line_that_begins_with_a_sharp_is_a_comment_but_no_key_and_no_argument_is():
    assert [request.input for request in requests(b"# http://h/1", b"http://h/2")] == ["http://h/2"]
    keys = Recipe(template=Template("http://h/{key}"))
    assert [request.input for request in requests(b"#1", recipe=keys)] == ["#1"]
    assert [request.index for request in requests("#", b"http://h/")] == [0, 1]


def test_what_would_be_sent_again_is_dropped_and_the_rest_counted_without_gaps():
    lines = [b"http://h/", None, b"HTTP://H:80/#x", b"http://h/2", b"not a url", b"not a url",
             b'{"url": "http://h/", "method": "POST"}', b'{"url": "http://h/", "body": "a"}']  # fmt: skip
    kept = list(unique(read_requests(lines, Recipe())))
    assert [None if request is None else (request.index, request.input) for request in kept] == [
        (0, "http://h/"), None, (1, "http://h/2"), (2, "not a url"), (3, "http://h/"), (4, "http://h/"),
    ]  # fmt: skip


def test_a_fingerprint_tells_requests_apart_by_all_that_is_sent():
    told = requests(
        b"http://h/", b"http://h/x", b'{"url": "http://h/", "method": "PUT"}', b'{"url": "http://h/", "body": "x"}',
        b'{"url": "http://h/", "headers": {"a": "b"}}', b"no url", b"no other url",
    )  # fmt: skip
    assert len({request.fingerprint() for request in told}) == len(told)


def named(*lines: bytes | None, column: str = "url") -> list[tuple[int, str] | None]:
    requests = read_requests(lines, Recipe(column=column))
    return [None if request is None else (request.index, request.input) for request in requests]


def test_a_column_has_its_name_in_the_first_line_and_in_that_of_each_other_file():
    lines = [None, b"id, url", b'1,"http://h/1,2"', None, b"id, url", b"2,http://h/3"]
    assert named(*lines) == [None, (0, "http://h/1,2"), None, (1, "http://h/3")]
    assert named(b"url\tid", b"http://h/1\t7") == [(0, "http://h/1")]


@pytest.mark.parametrize("lines", [[b"id,link", b"1,http://h/"], [b"", b"1,http://h/"], []])
def test_a_name_that_no_column_has_is_refused(lines: list[bytes]):
    with pytest.raises(UsageError, match="no column is called 'url' in the first line of the list"):
        named(*lines)


def test_a_list_without_names_shows_no_password():
    with pytest.raises(UsageError, match="first line") as told:
        named(b"http://u:secret@h/")
    assert "secret" not in str(told.value)
