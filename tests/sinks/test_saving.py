"""Bodies on disk: a safe name of one's own, whole or not at all, and nothing that was there is touched."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchmux.errors import Code, FetchError, Phase, UsageError
from fetchmux.frontier import outcome
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Request, Result
from fetchmux.settings import Options, Saving
from fetchmux.sinks import names
from fetchmux.sinks.saving import SavedBody
from fetchmux.sinks.stores import store_opener


def request(url: str, index: int = 0, id: str | None = None) -> Request:
    return Request(index, url, UrlReader().read(url), id=id)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/", "h/index.html"),
        ("http://h/a/b.html", "h/a/b.html"),
        ("http://h/a/", "h/a/index.html"),
        ("http://h/a.png?w=1&h=2", "h/a@w=1&h=2.png"),
        ("http://h:81//a///b", "h/a/b"),
        ("http://h/%2e%2e/%2e%2e/etc/passwd", "h/etc/passwd"),
        ("http://h/..%2f..%2fetc%2fpasswd", "h/_._.._etc_passwd"),
        ("http://h/%00%0a%1b[2J", "h/___[2J"),
        ("http://h/a%5cb:c*?x=<>|%22", "h/a_b_c_@x=____"),
        ("http://h/con/NUL.txt/aux", "h/_con/_NUL.txt/_aux"),
        ("http://h/.htaccess", "h/_htaccess"),
        ("http://h/name.%20.", "h/name"),
        ("http://h/%E6%BC%A2.txt", "h/漢.txt"),
        ("http://h/%ff", "h/%ff"),
        ("http://[::1]/x", "__1/x"),
    ],
)
def test_a_file_is_called_after_its_url(url: str, name: str):
    assert names.name_of(request(url), names.DEFAULT) == name


@given(st.text(max_size=80), st.sampled_from([names.DEFAULT, "{dir}{stem}{ext}", "{id}", "../{path}", "/{query}/.."]))
def test_no_name_leaves_the_directory_or_is_longer_than_file_systems_take(text: str, template: str):
    try:
        asked = request("http://h/" + text, id=text)
    except FetchError:
        return
    name = names.name_of(asked, template)
    parts = name.split("/")
    assert not os.path.isabs(name)
    assert all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts)


def test_long_names_are_cut_and_stay_apart():
    first, second = (names.name_of(request(f"http://h/{'x' * 400}{end}.html"), names.DEFAULT) for end in "ab")
    assert first != second
    assert all(len(name.rpartition("/")[2].encode()) <= 230 and name.endswith(".html") for name in (first, second))
    deep = names.name_of(request("http://h/" + "/".join(["d" * 100] * 20) + "/x.css"), names.DEFAULT)
    assert len(deep) < 30
    assert deep.endswith(".css")


def test_a_template_has_the_fields_that_are_told():
    asked = request("https://h:8443/a/b.tar.gz?q", index=7, id="me")
    every = "{index} {id} {scheme} {host} {port} {stem} {ext} {query}"
    assert names.name_of(asked, every) == "7 me https h 8443 b.tar .gz @q"
    assert names.name_of(asked, "{{{index}}}") == "{7}"


@pytest.mark.parametrize("template", ["", "same", "{nope}", "{", "{0}", "{{index}}"])
def test_a_template_that_names_nothing_is_refused(template: str):
    with pytest.raises(UsageError):
        names.check(template)


def result(asked: Request, *, status: int = 200, ok: bool = True) -> Result:
    made = outcome.of_request(asked, FetchError(Code.INTERNAL, "", Phase.INPUT), "none")
    made.ok, made.status, made.error = ok, status, None
    return made


def save(folder: Path, url: str, *pieces: bytes, keep_partial: bool = False) -> SavedBody:
    body = SavedBody(request(url), Saving(str(folder), names.DEFAULT, keep_partial))
    for piece in pieces:
        body.write(piece)
    return body


def finished(folder: Path, url: str, *pieces: bytes) -> Path:
    told = result(request(url))
    save(folder, url, *pieces).finish(told)
    assert told.saved_to is not None
    return Path(told.saved_to)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_whole_body_stands_under_its_name_and_nothing_else_does(tmp_path: Path):
    assert finished(tmp_path, "http://h/a/b", b"x", b"yz").read_bytes() == b"xyz"
    assert finished(tmp_path, "http://h/empty").read_bytes() == b""
    assert files(tmp_path) == ["h/a/b", "h/empty"]


def test_what_is_there_is_never_overwritten(tmp_path: Path):
    told = [finished(tmp_path, "http://h/a.txt", text).name for text in (b"1", b"2", b"3")]
    assert told == ["a.txt", "a-1.txt", "a-2.txt"]
    assert (tmp_path / "h/a.txt").read_bytes() == b"1"


def test_a_file_where_another_url_has_a_directory_is_no_hindrance(tmp_path: Path):
    finished(tmp_path, "http://h/a", b"file")
    assert finished(tmp_path, "http://h/a/b", b"below").read_bytes() == b"below"
    finished(tmp_path, "http://h/d/e", b"below")
    assert finished(tmp_path, "http://h/d", b"file").read_bytes() == b"file"
    assert (tmp_path / "h/a").read_bytes() == b"file"


def test_an_attempt_that_failed_leaves_nothing(tmp_path: Path):
    save(tmp_path, "http://h/a", b"half").drop()
    save(tmp_path, "http://h/a").drop()
    assert files(tmp_path) == []


def test_a_partial_body_is_kept_when_that_is_asked_for(tmp_path: Path):
    save(tmp_path, "http://h/a", b"half", keep_partial=True).drop()
    assert files(tmp_path) == ["h/a.part"]


@pytest.mark.parametrize(("status", "ok"), [(304, True), (204, True), (404, False)])
def test_what_has_no_body_or_counts_as_failed_is_not_saved(tmp_path: Path, status: int, ok: bool):
    told = result(request("http://h/a"), status=status, ok=ok)
    save(tmp_path, "http://h/a", b"text").finish(told)
    assert told.saved_to is None
    assert files(tmp_path) == []


def test_a_directory_that_takes_no_links_gets_its_files_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "")

    monkeypatch.setattr(os, "link", refuse)
    assert [finished(tmp_path, "http://h/a", text).name for text in (b"1", b"2")] == ["a", "a-1"]
    assert files(tmp_path) == ["h/a", "h/a-1"]


def test_what_cannot_be_saved_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(FetchError) as caught:
        save(blocked / "below", "http://h/a", b"x")
    assert (caught.value.code, caught.value.phase) == (Code.SAVE_FAILED, Phase.SAVE)
    body = save(tmp_path, "http://h/a", b"x")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(FetchError, match="No space left"):
        body.write(b"y")
    body.drop()
    assert files(tmp_path) == ["file"]


def test_a_body_can_be_saved_and_hashed_at_once(tmp_path: Path):
    store = store_opener(Options(body="digest", save=Saving(str(tmp_path), names.DEFAULT)))(request("http://h/a"))
    assert store is not None
    store.write(b"abc")
    told = result(request("http://h/a"))
    store.finish(told)
    assert told.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files(tmp_path) == ["h/a"]
