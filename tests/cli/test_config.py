"""Defaults from files and variables; the command line counts most, and a mistake is told with its place."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin
from tests.cli import shell


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "home" / "fetchmux").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    return tmp_path


def get(place: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**shell.ENVIRONMENT, "XDG_CONFIG_HOME": str(place / "home"), **variables}
    return shell.run("get", *arguments, env=environment, cwd=place / "here")


def head(place: Path, *arguments: str, **variables: str) -> str:
    done = get(place, "--dry-run", "http://h/", *arguments, **variables)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def test_the_nearer_counts_more(place: Path):
    (place / "home" / "fetchmux" / "fetchmux.toml").write_text('[get]\nuser-agent = "home"\nrequest = "PUT"')
    assert "User-Agent: home" in head(place)
    (place / "here" / "pyproject.toml").write_text('[tool.fetchmux.get]\nuser-agent = "project"')
    assert "User-Agent: project" in head(place)
    (place / "here" / "fetchmux.toml").write_text('[get]\nuser-agent = "here"')
    assert "User-Agent: here" in head(place)
    assert "User-Agent: variable" in head(place, FETCHMUX_GET_USER_AGENT="variable")
    text = head(place, "-A", "line", FETCHMUX_GET_USER_AGENT="variable")
    assert "User-Agent: line" in text
    assert text.splitlines()[1].startswith("PUT ")


def test_lists_flags_and_numbers_are_what_they_are_in_toml(place: Path):
    (place / "here" / "fetchmux.toml").write_text(
        '[get]\nheader = ["A: 1", "B: 2"]\nkeep-alive = false\nhttp = "1.1"\ntimeout = 5\nconcurrency = 3'
    )
    text = head(place)
    assert "A: 1\nB: 2\n" in text
    assert "HTTP/1.1" in text
    assert "Connection: close" in text
    assert "Connection: keep-alive" in head(place, "--keep-alive")
    assert "A: 3\nB: 4 5\n" in head(place, FETCHMUX_GET_HEADER="A: 3\nB: 4 5")


def test_an_engine_of_ones_own_can_be_searched(place: Path):
    (place / "here" / "fetchmux.toml").write_text('[engines]\ndocs = "http://docs.example/s?q={key}"')
    done = get(place, "--dry-run", "--search", "docs", "a b")
    assert b"GET /s?q=a%20b HTTP/1.0\nHost: docs.example\n" in done.stdout
    assert b"duckduckgo, docs" in get(place, "--search", "nix", "a").stderr


def test_what_counts_is_told_but_no_secret(place: Path, origin: Origin):
    (place / "here" / "fetchmux.toml").write_text('[get]\nconcurrency = 3\nretries = 1\nheader = ["Cookie: hunter2"]')
    done = get(place, "-v", "--retries", "0", origin.url("/bytes/1"), FETCHMUX_GET_PER_HOST="2")
    assert done.returncode == 0
    defaults = "defaults: concurrency 3 (fetchmux.toml), header (fetchmux.toml), per-host 2 (FETCHMUX_GET_PER_HOST)"
    assert f"fetchmux: {defaults}\n" in done.stderr.decode()
    assert "hunter2" not in done.stderr.decode()


WRONG = {
    "no option": ("[get]\nconcurency = 3", "fetchmux.toml: get has no option 'concurency'; did you mean 'conc"),
    "no table": ("[fetch]\nx = 3", "fetchmux.toml: 'fetch' is none of the tables"),
    "an option outside": ("concurrency = 3", "fetchmux.toml: 'concurrency' is none of the tables"),
    "a wrong value": ('[get]\ntimeout = "soon"', "fetchmux.toml: 'timeout': 'soon' is no time"),
    "no number": ("[get]\nconcurrency = 0", "fetchmux.toml: 'concurrency': 0 is not in the range"),
    "a truth where a number belongs": ("[get]\nconcurrency = true", "fetchmux.toml: 'concurrency' cannot be True"),
    "a list where one belongs": ("[get]\nproxy = []", "fetchmux.toml: 'proxy' cannot be []"),
    "no TOML": ("[get", "fetchmux.toml: "),
    "an engine without a hole": ('[engines]\nx = "http://h/"', "fetchmux.toml: the search engine 'x' needs"),
}


@pytest.mark.parametrize(("text", "hint"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_with_its_place(place: Path, text: str, hint: str):
    (place / "here" / "fetchmux.toml").write_text(text)
    done = get(place, "http://127.0.0.1:1/")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"fetchmux: in {hint}")


UNREADABLE = {
    "a directory": (Path.mkdir, "cannot read {}: Is a directory"),
    "a link to nowhere": (lambda path: path.symlink_to("nowhere"), "cannot read {}: No such file or directory"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "cannot read {}: Too many levels of symbolic links"),
    "not UTF-8": (lambda path: path.write_bytes(b"[tool.fetchmux.get]\n# \xff"), "in {}: it is not UTF-8"),
    "no TOML": (lambda path: path.write_bytes(b'["tool"."fetchmux".get\n'), "in {}: "),
    "a nest": (lambda path: path.write_bytes(b"#tool.fetchmux\nx = " + b"[" * 99_999), "in {}: "),
}


@pytest.mark.parametrize("name", ["fetchmux.toml", "pyproject.toml"])
@pytest.mark.parametrize(("make", "told"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_there_and_cannot_be_read_is_a_mistake(
    place: Path, name: str, make: Callable[[Path], object], told: str
):
    make(place / "here" / name)
    done = get(place, "http://127.0.0.1:1/")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert done.stderr.decode().startswith(f"fetchmux: {told.format(name)}")


def test_a_file_of_one_s_home_that_cannot_be_read_is_a_mistake_too(place: Path):
    (place / "home" / "fetchmux" / "fetchmux.toml").mkdir()
    done = get(place, "http://127.0.0.1:1/")
    assert (done.returncode, b"home/fetchmux/fetchmux.toml: Is a directory" in done.stderr) == (2, True)


def test_a_home_that_is_no_directory_has_no_file(place: Path):
    (place / "no directory").touch()
    head(place, XDG_CONFIG_HOME=str(place / "no directory"))


def test_a_pipe_of_that_name_is_not_waited_for(place: Path):
    os.mkfifo(place / "here" / "fetchmux.toml")
    head(place)


def test_the_mark_that_some_editors_put_first_does_no_harm(place: Path):
    (place / "here" / "fetchmux.toml").write_text('[get]\nuser-agent = "marked"', encoding="utf-8-sig")
    assert "User-Agent: marked" in head(place)


@pytest.mark.parametrize("text", ['[tool]\nfetchmux = {get = {user-agent = "mine"}}',
                                  '[ tool . "fetchmux" . get ]\nuser-agent = "mine"'])  # fmt: skip
def test_the_table_of_a_project_may_be_spelled_as_toml_lets_it(place: Path, text: str):
    (place / "here" / "pyproject.toml").write_text(text)
    assert "User-Agent: mine" in head(place)


def test_a_table_of_a_project_that_is_none_is_a_mistake(place: Path):
    (place / "here" / "pyproject.toml").write_text("[tool]\nfetchmux = 3")
    done = get(place, "http://127.0.0.1:1/")
    assert (done.returncode, done.stderr) == (2, b"fetchmux: in pyproject.toml: 'tool.fetchmux' is no table\n")


def test_a_variable_that_means_nothing_is_a_mistake(place: Path):
    done = get(place, "http://127.0.0.1:1/", FETCHMUX_GET_CONCURENCY="3")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"FETCHMUX_GET_CONCURENCY: get has no option" in done.stderr


@pytest.mark.parametrize("text", ["[tool.other]\n[broken", "[tool.other]\ndepends = ['fetchmux']\n[broken",
                                  "tool = 3\n# fetchmux", "[project]\nname = 'fetchmux'"])  # fmt: skip
def test_another_project_s_file_says_nothing(place: Path, text: str):
    (place / "here" / "pyproject.toml").write_text(text)
    assert "GET / HTTP/1.0" in head(place)
