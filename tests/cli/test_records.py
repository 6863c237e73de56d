"""One record for each input, failures included, in the format that was asked for, and an exit status that is true."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin, refused_port
from tests.cli import shell

FIELDS = (
    "index id input url final_url method ok status reason http_version headers body_size wire_size body body_encoding "
    "sha256 saved_to redirects attempts remote_address reused timings error backend"
)


def test_every_input_has_one_record_under_every_backend(origin: Origin, backend: str):
    with refused_port() as port:
        lines = [origin.url("/bytes/5"), "", "no URL", f"http://127.0.0.1:{port}/", "  ", origin.url("/status/404")]
        result = shell.run("get", "-b", backend, "-", stdin="\n".join(lines).encode())
    assert (result.returncode, result.stderr) == (1, b"")
    records = shell.records(result.stdout)
    assert [record["index"] for record in records] == [0, 1, 2, 3]
    assert [record["input"] for record in records] == [line for line in lines if line.strip()]
    assert [record["error"] and record["error"]["code"] for record in records] == [
        None, "bad-url", "connect-refused", None,
    ]  # fmt: skip
    assert {record["backend"] for record in records} == {backend}


def test_a_record_has_the_fields_of_the_contract_in_their_order(origin: Origin):
    for target in (origin.url("/bytes/5"), "no URL"):
        (line,) = shell.run("get", target).stdout.splitlines()
        assert " ".join(json.loads(line)) == FIELDS


def test_targets_come_before_files_and_a_dash_is_standard_input(origin: Origin, tmp_path: Path):
    path = tmp_path / "list"
    path.write_text(f"{origin.url('/bytes/3')}\n")
    result = shell.run("get", origin.url("/bytes/1"), "-", "-i", str(path), stdin=origin.url("/bytes/2").encode())
    assert [record["body_size"] for record in shell.records(result.stdout)] == [1, 2, 3]


def test_input_may_be_repeated(origin: Origin, tmp_path: Path):
    for number in (1, 2):
        (tmp_path / str(number)).write_text(origin.url(f"/bytes/{number}"))
    result = shell.run("get", "-i", str(tmp_path / "1"), "-i", "-", "-i", str(tmp_path / "2"))
    assert [record["body_size"] for record in shell.records(result.stdout)] == [1, 2]


def test_no_input_at_all_is_no_failure():
    result = shell.run("get")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--fail"], 1)])
def test_fail_makes_a_failure_of_a_bad_status(origin: Origin, options: list[str], status: int):
    result = shell.run("get", *options, origin.url("/status/404"))
    assert result.returncode == status
    assert shell.records(result.stdout)[0]["ok"] is (status == 0)


def test_a_body_is_shown_as_asked(origin: Origin):
    def shown(how: str) -> tuple[object, object, object]:
        (record,) = shell.records(shell.run("get", "--body", how, origin.url("/bytes/5")).stdout)
        return record["body"], record["body_encoding"], record["sha256"]

    text, charset, _ = shown("text")
    assert charset == "utf-8"
    body = str(text).encode()
    assert shown("none") == (None, None, None)
    assert shown("base64") == (base64.b64encode(body).decode(), "base64", None)
    assert shown("hash") == (None, None, hashlib.sha256(body).hexdigest())


def test_the_limits_reach_the_exchange(origin: Origin):
    def code(*options: str, path: str = "/bytes/2000") -> object:
        (record,) = shell.records(shell.run("get", *options, origin.url(path)).stdout)
        return record["error"] and record["error"]["code"]

    assert code("--max-body", "2000") is None
    assert code("--max-body", "1K") == "body-too-large"
    assert code("--max-head", "20") == "head-too-large"
    assert code("--timeout", "100ms", path="/delay/60") == "timeout"
    assert code("--idle-timeout", "100ms", path="/delay/60") == "timeout"


def test_format_body_is_nothing_but_bodies(origin: Origin):
    result = shell.run("get", "--format", "body", origin.url("/echo"), "-d", "\x1b\n\xff", "no URL")
    assert (result.returncode, result.stdout) == (1, "\x1b\n\xff".encode())


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_columns_have_a_heading_and_a_row_for_each_input(origin: Origin, name: str, delimiter: str):
    output = shell.run("get", "--format", name, origin.url("/bytes/5"), "no URL").stdout.decode()
    rows = {row["index"]: row for row in csv.DictReader(output.splitlines(), delimiter=delimiter)}
    assert (rows["0"]["ok"], rows["0"]["body_size"], rows["0"]["error"]) == ("true", "5", "")
    assert (rows["1"]["ok"], rows["1"]["error"], rows["1"]["status"]) == ("false", "bad-url", "")


def test_a_table_in_a_pipe_is_plain_and_whole(origin: Origin):
    url = origin.url("/status/404?" + "x" * 300)
    output = shell.run("get", "-g", "--format", "table", url, "no\x1b[31mURL").stdout
    assert b"\x1b" not in output
    assert url.encode() in output
    assert b"bad-url" in output
    assert rb"no\x1b[31mURL" in output


def test_output_goes_to_a_file_as_records(origin: Origin, tmp_path: Path):
    path = tmp_path / "results"
    path.write_text("what was there before, and longer than what comes" * 100)
    result = shell.run("get", "-o", str(path), origin.url("/bytes/5"))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert shell.records(path.read_bytes())[0]["body_size"] == 5


def test_output_to_a_dash_is_standard_output(origin: Origin):
    assert shell.records(shell.run("get", "-o", "-", origin.url("/bytes/5")).stdout)[0]["ok"]


def test_verbose_tells_of_each_failure_and_the_sum_on_stderr(origin: Origin):
    result = shell.run("get", "-v", origin.url("/bytes/5"), "no\x1bURL")
    first, failure, summary, times = result.stderr.decode().splitlines()
    assert first.startswith("fetchmux: backend ")
    assert failure == r"fetchmux: no\x1bURL: bad-url: this is no URL"
    assert summary.startswith("1 fetched, 1 failed (1 bad-url) in ")
    assert times.startswith("status 200: 1; p50 ")
    assert len(shell.records(result.stdout)) == 2


def test_a_notice_goes_to_stderr_unless_quiet(origin: Origin):
    def complaints(*options: str) -> bytes:
        command = " ".join(["ulimit -n 30;", *shell.PROGRAM, "get", "-c", "100", *options, origin.url("/bytes/1")])
        result = shell.run(program=["sh", "-c", command])
        assert result.returncode == 0
        return result.stderr

    assert complaints().startswith(b"fetchmux: the window is narrowed to ")
    assert complaints("-q") == b""


def test_no_password_is_told(origin: Origin):
    url = origin.url("/bytes/1").replace("http://", "http://me:hunter2@")
    for options in ([], ["-v"], ["--format", "csv"], ["--format", "table"]):
        result = shell.run("get", *options, url, "ftp://me:hunter2@h/")
        assert b"hunter2" not in result.stdout + result.stderr
