"""What was saved is asked about with its validators, by the request that brought it and no other."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest

from fetchmux.errors import UsageError
from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.model import Headers, Request
from fetchmux.sinks.etags import INDEX, Etags
from fetchmux.sinks.revalidation import Revalidation, asking
from tests.sinks.kept import Kept
from tests.sinks.test_saving import request as asked
from tests.sinks.test_saving import result

URL = "http://h/a"
DATE = "Wed, 25 Nov 2026 20:00:00 GMT"
TAGGED = [("ETag", '"1"'), ("Last-Modified", DATE)]
QUESTION = (("If-None-Match", '"1"'), ("If-Modified-Since", DATE))


def run(
    folder: Path,
    headers: list[tuple[str, str]],
    *,
    line: str = URL,
    status: int = 200,
    recipe: Recipe | None = None,
    final: str | None = None,
    decoded: bool = False,
) -> Headers:
    """One run over one input, whose server answers so: the fields that it was sent."""
    kept, notices = Kept(), list[str]()
    etags = Etags(str(folder), decoded=decoded, notice=notices.append)
    revalidation = Revalidation(etags, read_requests([line], recipe or Recipe()), kept)
    (request,) = [request for request in revalidation.requests() if request is not None]
    told = result(request, status=status)
    told.method, told.headers, told.final_url = request.method, headers, final or told.url
    if status != 304:
        (folder / "a").write_text("body")
        told.saved_to = str(folder / "a")
    revalidation.write(told)
    revalidation.flush()
    etags.close()
    assert (kept.results, notices) == ([told], [])
    return request.headers


def test_what_was_saved_is_asked_about_until_it_has_changed(tmp_path: Path):
    assert run(tmp_path, TAGGED) == ()
    assert run(tmp_path, [], status=304) == QUESTION
    assert run(tmp_path, [("etag", '"2"')]) == QUESTION
    assert run(tmp_path, [], status=304) == (("If-None-Match", '"2"'),)


def test_a_request_of_others_is_not_changed_but_copied(tmp_path: Path):
    """A journal compares it with what it was, and the order of a list knows it."""
    run(tmp_path, TAGGED)
    (given,) = (request for request in read_requests([URL], Recipe()) if request is not None)
    sent, _ = asking(given, Etags(str(tmp_path), decoded=False))
    assert (given.headers, given.known) == ((), None)
    assert sent.headers == QUESTION


def test_what_is_no_longer_as_it_was_or_has_no_validator_is_fetched(tmp_path: Path):
    run(tmp_path, [])
    assert run(tmp_path, TAGGED) == ()
    (tmp_path / "a").unlink()
    assert run(tmp_path, TAGGED) == ()
    (tmp_path / "a").write_text("bo")
    assert run(tmp_path, TAGGED) == ()


@pytest.mark.parametrize("status", [203, 206, 404])
def test_only_the_whole_page_is_noted(status: int, tmp_path: Path):
    run(tmp_path, TAGGED, status=status)
    assert run(tmp_path, TAGGED) == ()


@pytest.mark.parametrize("name", ["if-none-match", "If-Modified-Since", "If-Match", "Range"])
@pytest.mark.parametrize("value", ["x", None])
def test_a_condition_of_the_user_s_own_or_a_part_is_left_alone(name: str, value: str | None, tmp_path: Path):
    run(tmp_path, TAGGED)
    own = Recipe(headers=((name, value),))
    assert run(tmp_path, [("ETag", '"part"')], recipe=own) == ((name, value),)
    assert run(tmp_path, TAGGED, recipe=own) == ((name, value),)


@pytest.mark.parametrize(
    "other",
    [
        {"recipe": Recipe(headers=(("Accept-Language", "de"),))},
        {"recipe": Recipe(body=b"query")},
        {"line": "http://user:secret@h/a"},
        {"decoded": True},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_answers_another_request_is_not_asked_about(other: dict[str, object], tmp_path: Path):
    """Its validator may be the same: a date is, of all languages of a page."""
    run(tmp_path, TAGGED)
    sent = run(tmp_path, TAGGED, **other)  # type: ignore[arg-type]
    assert not {name for name, _ in sent} & {"If-None-Match", "If-Modified-Since"}
    assert QUESTION[0] in run(tmp_path, TAGGED, **other)  # type: ignore[arg-type]


def test_other_methods_are_left_alone(tmp_path: Path):
    run(tmp_path, TAGGED, recipe=Recipe(method="HEAD"))
    assert run(tmp_path, TAGGED, recipe=Recipe(method="HEAD")) == ()
    assert run(tmp_path, TAGGED) == ()


def test_what_came_from_behind_a_redirect_is_not_asked_of_the_place_before_it(tmp_path: Path):
    run(tmp_path, TAGGED, final="http://h/b")
    (given,) = (request for request in read_requests([URL], Recipe()) if request is not None)
    sent, _ = asking(given, Etags(str(tmp_path), decoded=False))
    assert sent.headers == ()
    assert sent.known is not None
    assert (sent.known.url, sent.known.fields) == ("http://h/b", QUESTION)


def test_what_is_to_have_a_hash_is_asked_about_only_if_what_was_saved_has_it(tmp_path: Path):
    run(tmp_path, TAGGED)
    assert run(tmp_path, TAGGED, line=f'{{"url": "{URL}", "sha256": "{"0" * 64}"}}') == ()


def test_a_line_of_the_index_that_cannot_be_read_costs_no_more_than_a_fetch(tmp_path: Path):
    run(tmp_path, TAGGED)
    index = tmp_path / INDEX
    good = index.read_bytes()
    for damaged in (good[:-9], b'["http://h/a","a","1",null]\n', _checked(b"[1]"), _checked(b'["\xff"]'), b" "):
        index.write_bytes(b"\xff\n[1]\n" + good + damaged)
        run(tmp_path, TAGGED)
        assert run(tmp_path, [], status=304) == QUESTION


def _checked(told: bytes) -> bytes:
    return b"%08x %b\n" % (zlib.crc32(told), told)


def test_a_line_in_which_anything_has_become_something_else_is_not_believed(tmp_path: Path):
    run(tmp_path, TAGGED)
    index = tmp_path / INDEX
    good = index.read_bytes()
    for old, new in ((b'\\"1\\"', b'\\"2\\"'), (b'"a"', b'"\\u0000"'), (b"20:00:00", b"20:00:01")):
        index.write_bytes(good.replace(old, new))
        assert good != index.read_bytes()
        assert run(tmp_path, []) == ()


@pytest.mark.parametrize("tag", ["*", '\\"1\\"\\r\\nX: y'])
def test_an_index_puts_nothing_into_a_request_that_is_no_validator(tag: str, tmp_path: Path):
    run(tmp_path, TAGGED)
    index = tmp_path / INDEX
    told = index.read_bytes().partition(b" ")[2].rstrip()
    index.write_bytes(_checked(told.replace(b'\\"1\\"', tag.encode())))
    assert run(tmp_path, TAGGED) == (QUESTION[1],)


def test_an_index_that_cannot_be_kept_is_a_wrong_use(tmp_path: Path):
    (tmp_path / INDEX).mkdir()
    with pytest.raises(UsageError, match="cannot use"):
        Etags(str(tmp_path), decoded=False, notice=print)
    (tmp_path / INDEX).rmdir()
    os.mkfifo(tmp_path / INDEX)
    with pytest.raises(UsageError, match="is no file"):
        Etags(str(tmp_path), decoded=False, notice=print)


def test_whoever_only_looks_makes_nothing(tmp_path: Path):
    Etags(str(tmp_path / "new"), decoded=False)
    assert not (tmp_path / "new").exists()


def test_nobody_else_reads_what_is_made_of_passwords(tmp_path: Path):
    run(tmp_path, TAGGED)
    assert (tmp_path / INDEX).stat().st_mode & 0o077 == 0


def test_a_disk_that_is_full_is_told_once_and_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    notices: list[str] = []
    etags = Etags(str(tmp_path), decoded=False, notice=notices.append)
    (tmp_path / "a").write_text("body")
    write, room = os.write, [0]

    def full(fd: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        return write(fd, data[: room[0]])

    monkeypatch.setattr(os, "write", full)
    for room[0] in (0, 10, 1000):
        told = result(asked(URL))
        told.headers, told.saved_to, told.final_url = TAGGED, str(tmp_path / "a"), URL
        etags.note(room[0], told)
        etags.flush()
    etags.close()
    assert len(notices) == 1
    assert "No space left on device" in notices[0]
    later = Etags(str(tmp_path), decoded=False)
    assert [key for key in (0, 10, 1000) if later.known(key)] == [1000]


def test_nothing_that_is_saved_is_called_like_the_index():
    from fetchmux.sinks.names import DEFAULT, name_of

    for template in (DEFAULT, "{stem}{ext}"):
        assert INDEX not in name_of(asked(f"http://h/{INDEX}"), template).split("/")


def test_a_request_and_what_is_known_of_it_cross_to_other_processes(tmp_path: Path):
    from fetchmux.spread import words
    from fetchmux.spread.words import Kind

    run(tmp_path, TAGGED)
    (given,) = (request for request in read_requests([URL], Recipe()) if request is not None)
    sent, _ = asking(given, Etags(str(tmp_path), decoded=False))
    (order,) = words.decode_orders(words.frame(Kind.ORDERS, [words.order(sent)])[5:])
    there = words.Requests().of(order)
    assert isinstance(there, Request)
    assert sent.known is not None
    assert there.known == sent.known
