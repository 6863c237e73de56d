"""What was saved is asked about with its validators, and kept where the server says that it has not changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from fetchmux.errors import UsageError
from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.model import Headers, Request, Result
from fetchmux.sinks.revalidation import INDEX, Revalidation
from tests.sinks.test_saving import request as asked
from tests.sinks.test_saving import result

URL = "http://h/a"
TAGGED = [("ETag", '"1"'), ("Last-Modified", "Wed, 25 Nov 2026 20:00:00 GMT")]


class Kept:
    def __init__(self) -> None:
        self.results: list[Result] = []

    def write(self, result: Result) -> None:
        self.results.append(result)

    def flush(self) -> None:
        """Nothing is kept back."""


def run(folder: Path, line: str, status: int, headers: list[tuple[str, str]], recipe: Recipe | None = None) -> Result:
    """One run over one input: what is asked is noted in the result's headers, whose server answers so."""
    kept = Kept()
    revalidation = Revalidation(str(folder), read_requests([line], recipe or Recipe()), kept)
    (request,) = [request for request in revalidation.requests() if request is not None]
    told = result(request, status=status)
    told.method, told.headers = request.method, headers
    if status == 200:
        (folder / "a").write_text("body")
        told.saved_to = str(folder / "a")
    revalidation.write(told)
    revalidation.flush()
    revalidation.close()
    assert kept.results == [told]
    sent.append(request)
    return told


sent: list[Request] = []


def fields() -> Headers:
    return sent[-1].headers


def test_what_has_not_changed_stays_and_its_record_tells_where_it_is(tmp_path: Path):
    run(tmp_path, URL, 200, TAGGED)
    assert fields() == ()
    told = run(tmp_path, URL, 304, [])
    assert fields() == (("If-None-Match", '"1"'), ("If-Modified-Since", TAGGED[1][1]))
    assert told.saved_to == str(tmp_path / "a")


def test_what_has_changed_is_asked_about_as_it_is_now(tmp_path: Path):
    run(tmp_path, URL, 200, TAGGED)
    run(tmp_path, URL, 200, [("etag", '"2"')])
    run(tmp_path, URL, 304, [])
    assert fields() == (("If-None-Match", '"2"'),)


def test_what_is_no_longer_there_or_has_no_validator_is_fetched(tmp_path: Path):
    run(tmp_path, URL, 200, [])
    run(tmp_path, URL, 200, TAGGED)
    assert fields() == ()
    (tmp_path / "a").unlink()
    run(tmp_path, URL, 200, TAGGED)
    assert fields() == ()


def test_the_user_s_own_condition_and_other_methods_are_left_alone(tmp_path: Path):
    run(tmp_path, URL, 200, TAGGED)
    run(tmp_path, URL, 304, [], Recipe(headers=(("if-none-match", "*"), ("If-Modified-Since", None))))
    assert fields() == (("if-none-match", "*"), ("If-Modified-Since", None))
    run(tmp_path, URL, 304, [], Recipe(method="POST"))
    assert fields() == ()


def test_a_line_of_the_index_that_cannot_be_read_costs_no_more_than_a_fetch(tmp_path: Path):
    run(tmp_path, URL, 200, TAGGED)
    index = tmp_path / INDEX
    index.write_bytes(b"\xff\n[1]\n" + index.read_bytes() + b'["http://h/b","b')
    run(tmp_path, URL, 304, [])
    assert fields()
    run(tmp_path, "http://h/b", 200, TAGGED)
    assert fields() == ()


def test_an_index_that_cannot_be_kept_is_a_wrong_use(tmp_path: Path):
    (tmp_path / INDEX).mkdir()
    with pytest.raises(UsageError, match="cannot use"):
        Revalidation(str(tmp_path), iter(()), Kept())


def test_nothing_that_is_saved_is_called_like_the_index():
    from fetchmux.sinks.names import DEFAULT, name_of

    for template in (DEFAULT, "{stem}{ext}"):
        assert INDEX not in name_of(asked(f"http://h/{INDEX}"), template).split("/")
