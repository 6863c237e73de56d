"""A wrong use is one clear line on stderr and exit status 2, and nothing is fetched."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from fetchmux.cli import cli
from tests.cli import shell


@pytest.fixture
def target() -> Iterator[str]:
    """A server that nobody may connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


WRONG = {
    "an unknown backend, with the near name": (["-b", "epol"], "epoll"),
    "an unknown backend, with all names": (["-b", "zzzzzz"], "there are sequential, threads"),
    "an unknown search engine": (["--search", "altavista"], "baidu, sogou, bing, google, duckduckgo"),
    "a template without a hole": (["--template", "http://h/s?wd="], "{key}"),
    "a template that makes no URL": (["--template", "ftp://h/{key}"], "only http and https"),
    "a template that is not UTF-8": (["--template", "http://h/\udcff{key}"], "template"),
    "search and template at once": (["--search", "bing", "--template", "http://h/{key}"], "exclude"),
    "a negative timeout": (["--timeout", "-1"], "--timeout"),
    "no timeout": (["--timeout", "0"], "--timeout"),
    "a timeout that is not a number": (["--idle-timeout", "nan"], "--idle-timeout"),
    "an endless timeout": (["--connect-timeout", "inf"], "--connect-timeout"),
    "a timeout beyond the system's timers": (["--timeout", "9" * 400], "year"),
    "a negative size": (["--max-body", "-1"], "--max-body"),
    "no size": (["--max-head", "0"], "--max-head"),
    "a size beyond all memory": (["--max-body", "9" * 5000], "--max-body"),
    "no window": (["-c", "0"], "--concurrency"),
    "a window that is no number": (["-c", "many"], "--concurrency"),
    "a header without a colon": (["-H", "Accept"], "--header"),
    "a header with a line end": (["-H", "A: b\r\nC: d"], "--header"),
    "a header whose name is no token": (["-H", "A b: c"], "--header"),
    "a header that is not UTF-8": (["-H", "A: \udcff"], "--header"),
    "a header file that is not there": (["-H", "@/nowhere"], "/nowhere"),
    "a user agent with a line end": (["-A", "a\nb"], "--user-agent"),
    "a method that is no token": (["-X", "GET /"], "--request"),
    "data that is not there": (["-d", "@/nowhere"], "/nowhere"),
    "a head with data": (["-I", "-d", "x"], "--data"),
    "two kinds of data": (["-d", "a", "--data-binary", "b"], "order"),
    "the path of a Unix socket that is too long": (["--unix-socket", "/" + "s" * 107], "107 bytes"),
    "a head by another method": (["-I", "-X", "PUT"], "--request"),
    "an unknown format": (["--format", "xml"], "jsonl"),
    "bodies in a table of columns": (["--format", "csv", "--body", "text"], "jsonl"),
    "a status that is none": (["--expect-status", "200-99"], "--expect-status"),
    "statuses in two ways": (["--expect-status", "200", "--fail"], "exclude"),
    "a hash that is none": (["--expect-sha256", "abc"], "64 hexadecimal"),
    "one hash for a list": (["--expect-sha256", "0" * 64, "-i", "/dev/null"], "one URL"),
    "a hash of no body": (["--expect-sha256", "0" * 64, "-I"], "--head"),
    "quiet and progress at once": (["-q", "--progress", "plain"], "exclude"),
    "a summary that cannot be opened": (["--summary", "/nowhere/file"], "/nowhere/file"),
    "quiet and verbose at once": (["-q", "-v"], "exclude"),
    "an unknown option": (["--no-such-option"], "--no-such-option"),
    "an input that is not there": (["-i", "/nowhere"], "/nowhere"),
    "an input that is a directory": (["-i", "/"], "directory"),
    "an output that cannot be opened": (["-o", "/nowhere/file"], "/nowhere/file"),
    "an output that is a directory": (["-o", "/"], "directory"),
}


@pytest.mark.parametrize(("options", "hint"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_one_line_and_status_2(options: list[str], hint: str, target: str):
    result = CliRunner().invoke(cli, ["get", *options, target])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("fetchmux: ")
    assert result.stderr.count("\n") == 1
    assert hint in result.stderr


def test_a_target_that_begins_like_a_pattern_and_is_none_is_refused_without_its_secret(target: str):
    result = CliRunner().invoke(cli, ["get", target, "http://me:hunter2@h/[1-"])
    told = "'http:***@h/[1-': the [ at position 21 is never closed; -g takes it as it is"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"fetchmux: {told}\n")


@pytest.mark.parametrize("how", [["-g"], ["-i", "-"], ["--search", "bing"]])
def test_lists_keys_and_literal_targets_are_no_patterns(how: list[str]):
    text = "http://h/[1-" if "--search" not in how else "[1-"
    arguments = [] if "-i" in how else [text]
    result = shell.run("get", "--dry-run", *how, *arguments, stdin=text.encode())
    assert (result.returncode, result.stderr) == (0, b"")


def test_a_refused_template_or_header_keeps_its_secret(target: str):
    for options in (["--template", "http://me:hunter2@h/"], ["-H", "Authorization hunter2"], ["-H", "A:hunter2\n"]):
        assert "hunter2" not in CliRunner().invoke(cli, ["get", *options, target]).stderr


def test_a_file_that_is_both_input_and_output_is_refused_and_survives(target: str, tmp_path: Path):
    lines = tmp_path / "lines"
    lines.write_text(target)
    result = CliRunner().invoke(cli, ["get", "-i", str(lines), "-o", str(lines)])
    assert result.exit_code == 2
    assert lines.read_text() == target


@pytest.mark.parametrize("options", ["-i ./list >> list", "-i list --dry-run >> list", "-i - < list 1<> list",
                                     "-i list 1<> list", "- < list >> list"])  # fmt: skip
def test_a_list_that_would_grow_with_each_result_is_refused(target: str, tmp_path: Path, options: str):
    (tmp_path / "list").write_text(target)
    result = shell.run(program=["sh", "-c", " ".join([*shell.PROGRAM, "get", options])], cwd=tmp_path)
    assert (result.returncode, result.stderr.count(b"\n")) == (2, 1)
    assert b"both input and output" in result.stderr
    assert (tmp_path / "list").read_text() == target


@pytest.mark.parametrize("use", ["-o", "--journal", "--summary", "--har", "--warc"])
def test_what_is_read_is_not_written_by_whatever_option(target: str, tmp_path: Path, use: str):
    lines, link = tmp_path / "lines", tmp_path / "link"
    lines.write_text(target)
    link.symlink_to(lines)
    result = CliRunner().invoke(cli, ["get", "-i", str(lines), use, str(link)])
    assert (result.exit_code, "is both input and" in result.stderr) == (2, True)
    assert lines.read_text() == target


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("uses", [*itertools.combinations(["--journal", "-o", "--summary", "--har", "--warc"], 2)])
def test_no_file_is_written_by_two_options(target: str, tmp_path: Path, uses: tuple[str, str], known: bool):
    path = tmp_path / "file"
    if known:
        path.write_text("precious")
    result = CliRunner().invoke(cli, ["get", target, uses[0], str(path), uses[1], f"{tmp_path}/./file"])
    assert (result.exit_code, "file' is both" in result.stderr) == (2, True)
    assert [file.read_text() for file in tmp_path.iterdir()] == (["precious"] if known else [])


def test_devices_have_room_for_all_uses_at_once(tmp_path: Path):
    result = shell.run("get", "-i", "/dev/null", "-o", "/dev/null", "--summary", "/dev/null")
    assert (result.returncode, result.stderr) == (0, b"")


OUTPUTS = {"-o": "output", "--summary": "summary", "--har": "har", "--warc": "warc", "--journal": "journal"}
LATE = {
    "an input": ["-i", "/nowhere"],
    "a backend": ["-b", "epol"],
    "a template": ["--template", "x"],
    "another output": ["-o", "/nowhere/file"],
    "a certificate": ["--cacert", "/nowhere"],
    "a certificate for several processes": ["--processes", "2", "--cacert", "/nowhere"],
    "a proxy": ["--proxy", "ftp://h"],
    "a column that the list does not have": ["--column", "size"],
}


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("wrong", LATE.values(), ids=LATE)
def test_a_wrong_use_empties_no_output_and_makes_none(
    target: str, tmp_path: Path, wrong: list[str], known: bool, form: str
):
    # The directory and its index are made for those that are fetched.
    options = ["--format", form, "--etag", "--save-dir", str(tmp_path / "deep" / "pages")]
    options += [word for option, name in OUTPUTS.items() for word in (option, str(tmp_path / name))]
    # A journal that is empty has not begun.
    content = dict.fromkeys(OUTPUTS.values(), "precious") | {"journal": ""} if known else {}
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    result = CliRunner().invoke(cli, ["get", *options, *wrong, target])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == content


def test_a_run_without_results_empties_what_it_was_to_write(tmp_path: Path):
    paths = {name: tmp_path / name for name in ("output", "har", "warc")}
    for path in paths.values():
        path.write_text("old" * 1000)
    options = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
    assert shell.run("get", "-i", "/dev/null", *options).returncode == 0
    assert paths["output"].read_bytes() == b""
    assert json.loads(paths["har"].read_bytes())["log"]["entries"] == []
    assert paths["warc"].read_bytes().startswith(b"\x1f\x8b")


def test_a_closed_standard_output_is_a_wrong_use(target: str):
    command = " ".join([*shell.PROGRAM, "get", target, ">&-"])
    result = shell.run(program=["sh", "-c", command])
    assert (result.returncode, result.stderr) == (2, b"fetchmux: standard output is closed\n")


@pytest.mark.parametrize("arguments", [["get"], ["get", "-i", "-"], ["get", "-d", "@-", "http://127.0.0.1:1/"]])
def test_a_closed_standard_input_is_a_wrong_use_where_it_is_to_be_read(arguments: list[str]):
    result = shell.run(program=["sh", "-c", " ".join([*shell.PROGRAM, *arguments, "<&-"])])
    assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (2, b"", 1)
    assert b"cannot read" in result.stderr


def test_an_unknown_command_is_a_wrong_use():
    result = CliRunner().invoke(cli, ["fetch"])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def test_without_a_command_the_help_is_shown_as_a_wrong_use():
    result = CliRunner().invoke(cli, [])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Commands:" in result.stderr


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["get", "-h"], ["serve", "-h"], ["backends", "-h"]])
def test_help_is_a_result(arguments: list[str]):
    result = CliRunner().invoke(cli, arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: ")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["get", "--help"], ["backends"]])
def test_what_cannot_be_written_is_told_in_one_line(arguments: list[str]):
    with open("/dev/full", "wb") as full:
        done = shell.run(*arguments, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert (done.returncode, done.stderr) == (1, b"fetchmux: standard output: No space left on device\n")


def test_the_help_of_get_tells_the_exit_statuses():
    text = CliRunner().invoke(cli, ["get", "--help"]).stdout
    assert all(status in text for status in ("0 ", "1 ", "2 ", "130 ", "143"))
