"""A run that is killed at any moment goes on where it was, and in the end every input has its record once."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin, refused_port
from tests.cli import shell

KILLS = 20


@pytest.mark.parametrize("more", [[], ["--processes", "2"], ["--ordered"]], ids=["one", "processes", "ordered"])
def test_killed_at_any_moment_nothing_is_lost_and_nothing_told_twice(origin: Origin, tmp_path: Path, more: list[str]):
    # Twenty moments in all, shared among the ways to run.
    dice, kills = random.Random(len(more)), KILLS if not more else KILLS // 4
    urls = [origin.url(f"/bytes/7?delay=0.02&seed={number}") for number in range(100 * kills)]
    lines, output, journal = tmp_path / "urls", tmp_path / "output", tmp_path / "journal"
    lines.write_text("\n".join(urls))
    command = ["get", "-q", "-c", "16", "-i", str(lines), "-o", str(output), "--journal", str(journal), *more,
               "--resume"]  # fmt: skip
    for _ in range(kills):
        with shell.running(*command) as process:
            time.sleep(0.1 + 0.3 * dice.random())
            process.send_signal(signal.SIGKILL)
    done = shell.run(*command)
    assert (done.returncode, done.stderr) == (0, b"")
    records = [json.loads(line) for line in output.read_bytes().splitlines()]
    assert sorted(record["index"] for record in records) == list(range(len(urls)))
    assert all(record["ok"] and record["body_size"] == 7 for record in records)
    assert {record["index"]: record["input"] for record in records} == dict(enumerate(urls))


def test_what_failed_is_tried_again_when_resumed(origin: Origin, tmp_path: Path):
    journal = str(tmp_path / "journal")
    with refused_port() as port:
        targets = [f"http://127.0.0.1:{port}/", origin.url("/bytes/1")]
        first = shell.run("get", "--retries", "0", "--journal", journal, *targets)
        again = shell.run("get", "--retries", "0", "--journal", journal, "--resume", *["-q"], *targets)
    assert [record["ok"] for record in shell.records(first.stdout)] == [False, True]
    assert [record["index"] for record in shell.records(again.stdout)] == [0]


def test_a_journal_of_an_earlier_run_is_not_mixed_with_another(origin: Origin, tmp_path: Path):
    command = ["get", "--journal", str(tmp_path / "journal"), origin.url("/bytes/1")]
    assert shell.run(*command).returncode == 0
    done = shell.run(*command)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--resume" in done.stderr


def test_an_interrupted_run_leaves_what_it_cancelled_to_the_next_one(own_origin: Origin, tmp_path: Path):
    output, journal = tmp_path / "output", tmp_path / "journal"
    targets = [own_origin.url("/bytes/1"), own_origin.url("/delay/3600")]
    command = ["get", "-o", str(output), "--journal", str(journal), "--grace", "0"]
    with shell.running(*command, *targets) as process:
        while not output.exists() or not output.read_bytes():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    assert [json.loads(line)["index"] for line in output.read_bytes().splitlines()] == [0]
    with shell.running(*command, "--resume", "-q", *targets) as process:
        process.send_signal(signal.SIGKILL)
    assert [json.loads(line)["index"] for line in output.read_bytes().splitlines()] == [0]
