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

QUICK = ("--requests", "20", "--rounds", "2", "--delay", "5ms", "--concurrency", "5", "--warm-up", "1")
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
        (("-b", ","), "names no strategy"),
        ((" ",), "blank"),
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


@pytest.mark.usefixtures("strangers")
def test_an_answer_that_is_handed_to_another_request_is_noticed():
    environment = {**shell.ENVIRONMENT, "PYTHONPATH": os.environ["PYTHONPATH"]}
    done = compare("--backends", "mixes,epoll,sequential", *QUICK, env=environment)
    assert done.returncode == 1
    assert "mixes is not ranked: its results differ: other bodies with 20 × 200" in done.stdout.decode()


def test_pages_that_change_at_each_fetch_are_ranked_and_that_is_told(changing_site: str):
    done = compare(*TWO, *QUICK, changing_site)
    assert done.returncode == 0
    assert b"the pages change from one fetch to the next: only statuses were compared" in done.stderr
    assert "not ranked" not in done.stdout.decode()


def test_no_password_is_shown_or_kept(origin: Origin, tmp_path: Path):
    path = tmp_path / "out.json"
    url = origin.url("/headers").replace("http://", "http://joe:hunter2@")
    done = compare("-b", "epoll", *QUICK, "--export-json", str(path), url)
    assert done.returncode == 0
    assert b"hunter2" not in done.stdout + done.stderr + path.read_bytes()
    # It was sent nevertheless: these pages are the ones of which the header is a part.
    plain = compare("-b", "epoll", *QUICK, "--export-json", str(tmp_path / "plain"), origin.url("/headers"))
    assert plain.returncode == 0
    assert export.load(path).reports[0].digest != export.load(tmp_path / "plain").reports[0].digest


def test_what_all_trials_had_in_common_is_kept(tmp_path: Path):
    path = tmp_path / "out.json"
    compare("-b", "epoll", *QUICK, "--keep-alive", "--timeout", "9s", "--export-json", str(path))
    assert export.load(path).setting.options == {
        "concurrency": 5, "keep_alive": True, "timeout": 9.0, "body": "digest",
    }  # fmt: skip


def begun(path: Path, process: Any) -> export.Document:
    """The document once at least one trial is in it; polled, because a file makes no sound."""
    for _ in range(3000):
        if path.exists() and (document := export.load(path)).reports:
            return document
        if process.poll() is not None:
            break
        signal.sigtimedwait([], 0.02)
    raise AssertionError("no trial was exported")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_shows_and_keeps_what_was_measured(number: int, status: int, tmp_path: Path):
    path = tmp_path / "out.json"
    with shell.running("compare", *TWO, *QUICK, "--rounds", "500", "--export-json", str(path)) as process:
        begun(path, process)
        process.send_signal(number)
        stdout, stderr = process.communicate()
    assert process.returncode == status
    assert b"Traceback" not in stderr
    assert re.search(rb"interrupted after \d+ of 1000 trials", stderr)
    assert b"Seed" in stdout
    assert export.load(path).reports


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_trial_that_runs(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(shell.ENVIRONMENT, "PYTHONPATH", os.environ["PYTHONPATH"])
    monkeypatch.setitem(shell.ENVIRONMENT, "TMPDIR", str(tmp_path))
    told = tmp_path / "hangs.pid"
    with shell.running("compare", "-b", "hangs", "--warm-up", "0") as process:
        while not (told.exists() and told.read_text()) and process.poll() is None:
            signal.sigtimedwait([], 0.02)
        process.send_signal(number)
        process.communicate()
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


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
