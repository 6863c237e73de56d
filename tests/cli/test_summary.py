"""What a run came to is told at its end, to a person and to a script."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin, refused_port
from tests.cli import shell
from tests.cli.test_signals import wait_until_waiting


@pytest.mark.parametrize("options", [[], ["--processes", "2"]])
def test_a_script_finds_the_counts_the_times_and_the_hosts(origin: Origin, tmp_path: Path, options: list[str]):
    file = tmp_path / "summary"
    with refused_port() as port:
        targets = [origin.url("/bytes/5"), origin.url("/status/404"), f"http://127.0.0.1:{port}/", "no URL"]
        done = shell.run("get", "--retries", "0", "--summary", str(file), *options, *targets)
    assert (done.returncode, done.stderr) == (1, b"")
    summary = json.loads(file.read_bytes())
    assert (summary["ended"], summary["exit_status"]) == ("complete", 1)
    assert (summary["done"], summary["ok"], summary["failed"]) == (4, 2, 2)
    assert summary["statuses"] == {"200": 1, "404": 1}
    assert summary["codes"] == {"bad-url": 1, "connect-refused": 1}
    assert 0 < summary["times"]["p50"] <= summary["times"]["p95"] <= summary["times"]["p99"] < summary["seconds"] * 1.05
    assert [(host["host"], host["failed"]) for host in summary["failing"]] == [(f"127.0.0.1:{port}", 1)]
    assert len(summary["slowest"]) == 2


def test_an_interrupted_run_has_a_summary_too(own_origin: Origin, tmp_path: Path):
    file = tmp_path / "summary"
    with shell.running("get", "--grace", "0", "--summary", str(file), own_origin.url("/delay/3600")) as process:
        wait_until_waiting(own_origin, 1)
        process.send_signal(signal.SIGINT)
        process.communicate()
    summary = json.loads(file.read_bytes())
    assert (summary["ended"], summary["exit_status"], summary["codes"]) == ("interrupted", 130, {"cancelled": 1})


def test_a_person_is_told_the_same(origin: Origin):
    with refused_port() as port:
        targets = [origin.url("/bytes/5"), origin.url("/status/404"), f"http://127.0.0.1:{port}/"]
        done = shell.run("get", "--retries", "0", "--progress", "plain", *targets)
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith("2 fetched, 1 failed (1 connect-refused) in ")
    assert lines[1].startswith("status 200: 1, 404: 1; p50 ")
    assert lines[2].startswith("slowest: ")
    assert lines[3:] == [f"failing: 127.0.0.1:{port} 1 of 1"]
