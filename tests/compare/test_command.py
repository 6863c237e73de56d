"""The command, as a user runs it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from fetchmux.compare import export
from fetchmux.origin.launch import Origin
from tests.cli import shell

QUICK = ("--requests", "20", "--rounds", "2", "--delay", "1ms", "--concurrency", "5", "--warm-up", "1")
TWO = ("--backends", "sequential,epoll")


def compare(*arguments: str, **more: Any):
    return shell.run("compare", *arguments, **more)


def test_a_comparison_ranks_tells_and_keeps_every_sample(tmp_path: Path):
    path = tmp_path / "out.json"
    done = compare(*TWO, *QUICK, "--seed", "7", "--export-json", str(path))
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert "Seed 7." in text
    assert re.search(r"^1 +\w+ .+ ×", text, re.MULTILINE)
    assert "Against sequential it is" in text
    document = export.load(path)
    assert document.setting.seed == 7
    assert sorted((report.backend, report.round) for report in document.reports) == [
        ("epoll", 0), ("epoll", 1), ("sequential", 0), ("sequential", 1),
    ]  # fmt: skip
    assert {len(report.latencies) for report in document.reports} == {20}
    assert document.machine.packages["fetchmux"]
    assert document.machine.descriptors[0] != 0


def test_the_seed_gives_the_order(tmp_path: Path):
    orders = []
    for name in ("a", "b"):
        compare(*TWO, *QUICK, "--rounds", "3", "--seed", "3", "--export-json", str(tmp_path / name))
        orders.append([(report.round, report.backend) for report in export.load(tmp_path / name).reports])
    assert orders[0] == orders[1]


def test_in_a_pipe_there_are_no_control_codes_and_no_long_lines():
    done = compare(*TWO, *QUICK)
    assert b"\x1b" not in done.stdout
    assert max(map(len, done.stdout.decode().splitlines())) <= 100


def test_urls_are_fetched_in_turn(origin: Origin, tmp_path: Path):
    path = tmp_path / "out.json"
    urls = [origin.url("/bytes/1"), origin.url("/status/404")]
    done = compare("-b", "epoll", "-b", "threads", *QUICK, "--export-json", str(path), *urls)
    assert done.returncode == 0
    document = export.load(path)
    assert document.setting.backends == ("epoll", "threads")
    assert not document.setting.embedded
    assert {tuple(sorted(report.statuses.items())) for report in document.reports} == {((200, 10), (404, 10))}


def test_gevent_is_patched_in_its_trial_and_nobody_else_is():
    done = compare("--backends", "epoll,gevent,threads", *QUICK)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.usefixtures("strangers")
def test_a_strategy_that_fails_is_told_and_the_rest_goes_on():
    environment = {**shell.ENVIRONMENT, "PYTHONPATH": os.environ["PYTHONPATH"]}
    done = compare("--backends", "epoll,crashes,lazy,sequential", *QUICK, env=environment)
    assert done.returncode == 1
    text = done.stdout.decode()
    assert "crashes is not ranked: RuntimeError: it broke" in text
    assert "lazy is not ranked: its results differ: 20 × timeout" in text
    assert "Against sequential it is" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-b", "epol"), "did you mean epoll"),
        (("http://[",), "this is no URL"),
        (("--rounds", "0"), "--rounds"),
        (("--delay", "-1s"), "--delay"),
        ((*TWO, "--reference", "threads"), "is not among"),
        (("--export-json", "/no/such/folder/out.json"), "/no/such/folder/out.json"),
    ],
)
def test_wrong_usage_is_one_line_and_runs_nothing(arguments: tuple[str, ...], words: str):
    done = compare(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def begun(path: Path, process: Any) -> export.Document:
    """The document once at least one trial is in it; polled, because a file makes no sound."""
    for _ in range(3000):
        if path.exists() and (document := export.load(path)).reports:
            return document
        if process.poll() is not None:
            break
        signal.sigtimedwait([], 0.02)
    raise AssertionError("no trial was exported")


def test_an_interrupt_shows_and_keeps_what_was_measured(tmp_path: Path):
    path = tmp_path / "out.json"
    with shell.running("compare", *TWO, *QUICK, "--rounds", "500", "--export-json", str(path)) as process:
        begun(path, process)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert re.search(rb"interrupted after \d+ of 1000 trials", stderr)
    assert b"Seed" in stdout
    assert export.load(path).reports


def test_what_was_measured_survives_a_kill(tmp_path: Path):
    path = tmp_path / "out.json"
    with shell.running("compare", *TWO, *QUICK, "--rounds", "500", "--export-json", str(path)) as process:
        begun(path, process)
        process.kill()
        process.wait()
    assert export.load(path).reports


def test_a_reader_that_leaves_ends_it_quietly():
    done = shell.run(program=("bash", "-c", f"{' '.join(shell.PROGRAM)} compare {' '.join((*TWO, *QUICK))} | head -1"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1
