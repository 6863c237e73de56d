"""Between other programs: what is read comes when it comes, and a reader may leave when it has enough."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin
from tests.cli import shell
from tests.needs import tool


def test_the_first_request_leaves_before_standard_input_ends(origin: Origin, backend: str):
    with shell.running("get", "-b", backend) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for index in range(3):
            process.stdin.write(f"{origin.url('/bytes/1')}\n".encode())
            process.stdin.flush()
            # The record is there although the input has not ended: the request has left.
            assert shell.records(process.stdout.readline())[0]["index"] == index
        process.stdin.close()
        assert process.wait() == 0


def test_a_result_is_written_before_the_next_wait(origin: Origin, backend: str):
    urls = [origin.url("/delay/0.1"), origin.url("/delay/3600")]
    with shell.running("get", "-b", backend, "-c", "1", *urls) as process:
        assert process.stdout is not None
        assert shell.records(process.stdout.readline())[0]["index"] == 0
        assert process.poll() is None


def test_a_named_pipe_that_nobody_writes_to_yet_holds_nothing_up(origin: Origin, tmp_path: Path):
    pipe, url = tmp_path / "pipe", origin.url("/bytes/1")
    os.mkfifo(pipe)
    with shell.running("get", "-i", str(pipe), url) as process:
        assert process.stdout is not None
        assert shell.records(process.stdout.readline())[0]["input"] == url
        pipe.write_text(f"{url}?2\n")
        output, complaints = process.communicate()
        assert [record["input"] for record in shell.records(output)] == [f"{url}?2"]
        assert (process.returncode, complaints) == (0, b"")


def test_a_silent_input_lets_those_behind_it_go_ahead(origin: Origin, tmp_path: Path):
    pipe, rest = tmp_path / "pipe", tmp_path / "rest"
    os.mkfifo(pipe)
    rest.write_text(origin.url("/bytes/2"))
    with shell.running("get", "-", "-i", str(pipe), "-i", str(rest)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert shell.records(process.stdout.readline())[0]["body_size"] == 2
        pipe.write_text(origin.url("/bytes/1"))
        assert shell.records(process.stdout.readline())[0]["body_size"] == 1
        process.stdin.write(origin.url("/bytes/0").encode())
        process.stdin.close()
        assert shell.records(process.stdout.readline())[0]["body_size"] == 0
        assert process.wait() == 0


def test_a_reader_that_leaves_ends_the_run_quietly(origin: Origin, backend: str):
    endless = f"while :; do echo {origin.url('/bytes/1')}; done"
    program = " ".join([*shell.PROGRAM, "get", "-b", backend])
    # The status of the middle command, by a descriptor of its own.
    command = f"{{ ({endless}) 2>/dev/null | {{ {program}; echo $? >&3; }} | head -n 1 >/dev/null; }} 3>&1"
    result = shell.run(program=["sh", "-c", command])
    assert (result.stdout, result.stderr) == (b"0\n", b"")


def test_a_reader_that_leaves_after_a_failure_ends_the_run_with_1():
    reading, writing = os.pipe()
    with shell.running("get", stdout=writing) as process:
        os.close(writing)
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"no URL\n")
        process.stdin.flush()
        assert os.read(reading, 65536).endswith(b"\n")
        os.close(reading)
        process.stdin.write(b"no URL either\n")
        process.stdin.flush()
        assert process.wait() == 1
        assert process.stderr.read() == b""


@pytest.mark.parametrize("format", ["jsonl", "csv", "table", "body"])
def test_a_reader_that_was_never_there_is_no_failure(origin: Origin, format: str):
    reading, writing = os.pipe()
    os.close(reading)
    with shell.running("get", "--format", format, origin.url("/bytes/9"), stdout=writing) as process:
        os.close(writing)
        assert process.stderr is not None
        assert (process.wait(), process.stderr.read()) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("format", ["jsonl", "csv", "table", "body"])
def test_an_output_that_is_full_is_one_line_and_status_1(origin: Origin, format: str):
    result = shell.run("get", "--format", format, "-o", "/dev/full", origin.url("/bytes/9"))
    assert result.returncode == 1
    assert result.stderr == b"fetchmux: /dev/full: No space left on device\n"


def test_a_reader_that_is_slow_gets_every_record_whole(origin: Origin):
    """The pipe was made non-blocking by somebody, as terminals shared with other programs sometimes are."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    urls = "\n".join([origin.url("/bytes/20000")] * 20).encode()
    with shell.running("get", "--body", "text", stdout=writing, stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        assert process.stdin is not None
        process.stdin.write(urls)
        process.stdin.close()
        with open(reading, "rb") as pipe:
            assert len(shell.records(pipe.read())) == 20
        assert process.wait() == 0


@tool("jq")
def test_records_are_what_jq_reads(origin: Origin):
    command = " ".join([*shell.PROGRAM, "get", origin.url("/bytes/5"), origin.url("/bytes/7"), "| jq .body_size"])
    result = shell.run(program=["sh", "-c", command])
    assert sorted(result.stdout.split()) == [b"5", b"7"]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_was_read_of_a_damaged_list_is_fetched_and_the_damage_told(origin: Origin, processes: str):
    listed = gzip.compress("".join(f"{origin.url('/bytes/')}{size}\n" for size in range(50)).encode())
    done = shell.run("get", "--processes", processes, "-i", "-", stdin=listed[:-3])
    assert [record["body_size"] for record in shell.records(done.stdout)] == list(range(50))
    assert (done.returncode, done.stderr) == (1, b"fetchmux: -: the gzip stream ends before its end\n")
