"""The command, as a user runs it."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fetchmux.backends import registry
from fetchmux.cli.question import strategies
from fetchmux.compare import export
from fetchmux.errors import UsageError
from fetchmux.origin.launch import Origin, refused_port
from tests.cli import shell
from tests.compare.strange import install

QUICK = ("--requests", "20", "--rounds", "2", "--delay", "5ms", "--concurrency", "5", "--warm-up", "1")
TWO = ("--backends", "sequential,epoll")


def compare(*arguments: str, **more: Any):
    return shell.run("compare", *arguments, **more)


def test_a_comparison_ranks_tells_and_keeps_every_sample(tmp_path: Path):
    path = tmp_path / "out.json"
    done = compare(*TWO, *QUICK, "--rounds", "3", "--seed", "7", "--export-json", str(path))
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert "Seed 7." in text
    assert re.search(r"^1 +\w+ .+ ×", text, re.MULTILINE)
    assert re.search("^Against sequential (it|epoll) is ", text, re.MULTILINE)
    document = export.load(path)
    assert document.seed == 7
    assert sorted((report.backend, report.round) for report in document.cells[0].reports) == [
        ("epoll", 0), ("epoll", 1), ("epoll", 2), ("sequential", 0), ("sequential", 1), ("sequential", 2),
    ]  # fmt: skip
    assert {len(report.spans.wait) for report in document.cells[0].reports} == {20}
    assert document.machine.packages["fetchmux"]
    assert document.machine.descriptors[0] != 0


def test_the_seed_gives_the_order(tmp_path: Path):
    orders = []
    for name in ("a", "b"):
        compare(*TWO, *QUICK, "--rounds", "3", "--seed", "3", "--export-json", str(tmp_path / name))
        orders.append([(report.round, report.backend) for report in export.load(tmp_path / name).cells[0].reports])
    assert orders[0] == orders[1]


def test_in_a_pipe_there_are_no_control_codes_and_no_long_lines():
    done = compare(*TWO, *QUICK)
    assert b"\x1b" not in done.stdout
    lines = done.stdout.decode().splitlines()
    assert max(map(len, lines)) <= 100
    assert [line for line in lines if line.endswith(" ")] == []


def test_urls_are_fetched_in_turn(origin: Origin, tmp_path: Path):
    path = tmp_path / "out.json"
    urls = [origin.url("/bytes/1"), origin.url("/status/404")]
    done = compare("-b", "epoll", "-b", "threads", *QUICK, "--export-json", str(path), *urls)
    assert done.returncode == 0
    document = export.load(path)
    assert document.cells[0].setting.backends == ("epoll", "threads")
    assert not document.cells[0].setting.embedded
    assert {tuple(sorted(report.statuses.items())) for report in document.cells[0].reports} == {((200, 10), (404, 10))}


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
    assert re.search("^Against sequential (it|epoll) is ", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-b", "epol"), "did you mean epoll"),
        (("http://[",), "this is no URL"),
        (("-b", ","), "names no strategy"),
        ((" ",), "blank"),
        (("--rounds", "0"), "--rounds"),
        (("--delay", "-1s"), "--delay"),
        (("-c", "many"), "--concurrency"),
        (("-n", "0"), "--requests"),
        (("--scenario", "bigg"), "did you mean big?"),
        (("--sweep", "speed=1"), "concurrency, delay, size, idle, work"),
        (("--sweep", "concurrency=0"), "no whole number from 1 on"),
        (("--sweep", "delay=1,x"), "'x' is no time"),
        (("--sweep", "idle=1", "--sweep", "idle=2"), "the same thing twice"),
        (("--sweep", "size=1K", "http://127.0.0.1/"), "leave out the URLs"),
        (("--scenario", "tls", "http://127.0.0.1/"), "leave out the URLs"),
        (("--idle", "3", "http://127.0.0.1/"), "leave out the URLs"),
        (("--idle", "3", "--sweep", "processes=1,2"), "leave out --processes"),
        (("--until", "2"), "such as 2%"),
        (("--scenario", "idle", "-b", "sequential"), "one connection at a time"),
        (("--size", "0"), "--size"),
        (("--seed", "1.5"), "--seed"),
        (("ftp://127.0.0.1/",), "http"),
        ((*TWO, "--reference", "threads"), "is not among"),
        (("--export-json", ""), "no regular file"),
        (("--export-json", "/dev/null"), "no regular file"),
        (("--export-json", "/no/such/folder/out.json"), "/no/such/folder/out.json"),
    ],
)
def test_wrong_usage_is_one_line_and_runs_nothing(arguments: tuple[str, ...], words: str):
    done = compare(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_who_is_left_out_is_told_when_nothing_is_wrong_with_the_rest(tmp_path: Path):
    """A strategy of somebody else stands for one that cannot run here."""
    source = "def run(frontier, options): pass\ndef missing(): return 'it wants a moon'\n"
    environment = {**shell.ENVIRONMENT, "PYTHONPATH": install(tmp_path, {"unable": source})}
    told = b"fetchmux: unable is left out: it wants a moon\n"
    done = compare(*QUICK, "--rounds", "1", "--requests", "2", env=environment)
    assert (done.returncode, told in done.stderr) == (0, True)
    assert told not in compare(*QUICK, "ftp://127.0.0.1/", env=environment).stderr


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
    assert export.load(path).cells[0].reports[0].digest != export.load(tmp_path / "plain").cells[0].reports[0].digest


def test_what_all_trials_had_in_common_is_kept(tmp_path: Path):
    path = tmp_path / "out.json"
    compare("-b", "epoll", *QUICK, "--keep-alive", "--timeout", "9s", "--export-json", str(path))
    assert export.load(path).cells[0].setting.options == {
        "concurrency": 5, "keep_alive": True, "timeout": 9.0, "body": "digest",
    }  # fmt: skip


def begun(path: Path, process: Any) -> export.Document:
    """The document once at least one trial is in it; polled, because a file makes no sound."""
    for _ in range(3000):
        if path.exists() and (document := export.load(path)).cells[0].reports:
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
    assert export.load(path).cells[0].reports


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


def session_of(process: Any) -> set[str]:
    """The processes that still belong to the session that `process` leads or led."""
    members = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == process.pid and state != "Z":
                members.add(folder.name)
    return members


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_ctrl_c_at_a_terminal_reaches_the_whole_group_and_leaves_no_process(tmp_path: Path):
    path = tmp_path / "out.json"
    arguments = ("compare", *TWO, *QUICK, "--rounds", "500", "--export-json", str(path))
    with shell.running(*arguments, start_new_session=True) as process:
        begun(path, process)
        assert session_of(process)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate()
        assert session_of(process) == set()
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert os.listdir(tmp_path) == ["out.json"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_what_was_measured_survives_a_kill_and_no_process_does(tmp_path: Path):
    path = tmp_path / "out.json"
    arguments = ("compare", *TWO, *QUICK, "--rounds", "500", "--export-json", str(path))
    with shell.running(*arguments, start_new_session=True) as process:
        begun(path, process)
        process.kill()
        process.wait()
        assert export.load(path).cells[0].reports
        # The origin ends with the pipe to it, the trial when it has fetched.
        for _ in range(3000):
            if not session_of(process):
                break
            signal.sigtimedwait([], 0.02)
        assert session_of(process) == set()


def test_an_export_that_fails_on_the_way_ends_it_and_shows_what_was_measured(tmp_path: Path):
    # One block of 1,024 bytes more than the first export, which has no report yet; the limit's signal is off in Python.
    limited = f"ulimit -f 4; exec {shlex.join(shell.PROGRAM)} compare {shlex.join((*TWO, *QUICK))}"
    path = tmp_path / "out.json"
    done = shell.run("--rounds", "50", "--export-json", str(path), program=("bash", "-c", f'{limited} "$@"', "bash"))
    assert done.returncode == 1
    assert b"cannot write" in done.stderr
    assert re.search(rb"interrupted after \d+ of 100 trials", done.stderr)
    assert b"Seed" in done.stdout
    export.load(path)
    assert os.listdir(tmp_path) == ["out.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_output_that_is_full_is_one_line_and_status_1():
    with open("/dev/full", "wb") as full:
        done = compare(*TWO, *QUICK, "--rounds", "1", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"fetchmux: standard output: No space left on device\n")


def test_an_output_that_is_closed_is_told_before_any_trial_runs():
    program = ("bash", "-c", f"{shlex.join(shell.PROGRAM)} compare >&-")
    done = shell.run(program=program)
    assert (done.returncode, done.stderr) == (2, b"fetchmux: standard output is closed\n")


def test_a_standard_error_that_is_closed_takes_nothing_away():
    done = shell.run(program=["sh", "-c", shlex.join([*shell.PROGRAM, "compare", *TWO, *QUICK]) + " 2>&-"])
    assert (done.returncode, b"Seed" in done.stdout) == (0, True)


def test_an_output_that_has_not_every_letter_gets_those_it_has():
    done = compare(*TWO, *QUICK, "--rounds", "1", env={**shell.ENVIRONMENT, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Against sequential" in done.stdout.decode("ascii")


def test_a_reader_that_leaves_ends_it_quietly():
    command = f"{shlex.join(shell.PROGRAM)} compare {shlex.join((*TWO, *QUICK))} | head -1; exit ${{PIPESTATUS[0]}}"
    done = shell.run(program=("bash", "-c", command))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


def test_a_reader_that_has_left_before_the_end_is_no_failure():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = compare(*TWO, *QUICK, capture_output=False, stdout=pipe, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")


def test_one_round_says_that_it_shows_no_difference():
    text = compare(*TWO, *QUICK, "--rounds", "1").stdout.decode()
    assert "One round cannot show a difference" in text
    assert re.findall(r"\S+–\S+|unknown", text) == ["unknown", "unknown"]


def test_one_strategy_alone_is_measured_without_a_verdict():
    done = compare("-b", "epoll", *QUICK)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert re.search(r"^1 +epoll ", text, re.MULTILINE)
    assert "fast" not in text


def test_requests_that_all_fail_are_told_with_the_reason_and_are_status_1():
    with refused_port() as port:
        done = compare(*TWO, *QUICK, f"http://127.0.0.1:{port}/")
    assert done.returncode == 1
    text = " ".join(done.stdout.decode().split())
    assert re.search(r"20 of 20 requests failed in a trial of \w+ \(20 × connect-refused\)", text)


def test_a_strategy_that_cannot_run_here_is_refused_by_name_and_left_out_otherwise(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(registry, "missing", lambda spec: "no kernel for it" if spec.name == "epoll" else None)
    with pytest.raises(UsageError, match="epoll cannot run here: no kernel for it"):
        strategies(["sequential,epoll"])
    able, left_out = strategies([])
    assert "epoll" not in able
    assert "sequential" in able
    assert left_out == ["epoll is left out: no kernel for it"]


def test_without_names_the_strategies_that_others_have_installed_take_part(monkeypatch: pytest.MonkeyPatch):
    stranger = registry.Spec("stranger", "fetchmux.backends.epoll_loop", "third party", "", "")
    monkeypatch.setattr(registry, "specs", lambda: (*registry.BUILT_IN, stranger))
    assert "stranger" in strategies([])[0]


def test_a_strategy_that_is_named_twice_runs_once():
    assert strategies(["epoll, threads", "epoll"]) == (("epoll", "threads"), [])


def test_a_sweep_is_a_table_of_cells_with_crossovers_in_words(tmp_path: Path):
    path = tmp_path / "out.json"
    # As many rounds as show a difference of many times even where something else is busy.
    sweep = ("--sweep", "concurrency=8,1", "--delay", "20ms", "--rounds", "5")
    done = compare(*TWO, *QUICK, *sweep, "--export-json", str(path))
    assert (done.returncode, done.stderr) == (0, b"")
    document = export.load(path)
    assert [cell.swept for cell in document.cells] == [{"concurrency": 1.0}, {"concurrency": 8.0}]
    assert [len(cell.reports) for cell in document.cells] == [10, 10]
    text = " ".join(done.stdout.decode().split())
    assert "concurrency 1 concurrency 8" in text
    assert re.search(r"epoll is \d\.\d\d × as fast( as sequential)?\.? ?", text)
    assert "Use epoll: in each of the 2 loads nothing was shown to be faster." in text


def test_scenarios_are_the_columns_of_a_grand_table(tmp_path: Path):
    path = tmp_path / "out.json"
    small = ("--requests", "6", "--rounds", "1", "--warmup", "0", "--idle", "5", "-c", "3")
    done = compare("-b", "epoll,threads", *small, "--scenario", "short,reuse", "--scenario", "idle",
                   "--export-json", str(path))  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    document = export.load(path)
    assert [cell.scenario for cell in document.cells] == ["idle", "short", "reuse"]
    assert [cell.setting.options["keep_alive"] for cell in document.cells] == [False, False, True]
    assert {cell.setting.idle for cell in document.cells} == {5}
    assert {(report.ok, report.failure) for cell in document.cells for report in cell.reports} == {(6, None)}
    assert re.search(r"^backend +idle +short +reuse$", done.stdout.decode(), re.MULTILINE)
    assert all(cell.ceiling is not None and cell.ceiling.rate > 0 for cell in document.cells)


def test_rounds_are_added_until_the_medians_are_known_and_no_longer_than_it_may_take(tmp_path: Path):
    path = tmp_path / "out.json"
    compare("-b", "epoll", *QUICK, "--until", "99%", "--export-json", str(path))
    enough = len(export.load(path).cells[0].reports)
    assert 2 <= enough < 30
    # Nothing is ever known so well.
    done = compare("-b", "epoll", *QUICK, "--until", "0.0001%", "--max-time", "1ms", "--export-json", str(path))
    assert done.returncode == 0
    assert len(export.load(path).cells[0].reports) == 1


def test_without_a_wish_nothing_takes_longer_than_a_minute_and_a_wish_for_rounds_is_kept(tmp_path: Path):
    path = tmp_path / "out.json"
    quick = ("-b", "epoll", "-n", "1", "--delay", "0", "--export-json", str(path))
    compare(*quick)
    setting = export.load(path).cells[0].setting
    assert (setting.rounds, setting.max_time) == (8, 46.0)
    compare(*quick, "--rounds", "2")
    setting = export.load(path).cells[0].setting
    assert (setting.rounds, setting.max_time) == (2, None)


def test_the_advice_is_in_the_last_lines():
    lines = compare(*TWO, *QUICK, "--rounds", "3").stdout.decode().splitlines()
    advice = " ".join(lines).rpartition("Use ")[2]
    assert re.match(r"(epoll|sequential) for this: ", advice)
    assert advice.endswith("or --scenario all would tell.")
