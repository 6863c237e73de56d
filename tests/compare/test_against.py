"""A saved comparison held against another."""

from __future__ import annotations

import math
import random
from pathlib import Path

import msgspec
import pytest

from fetchmux.compare import against, export, stats
from fetchmux.compare.summary import summarise
from tests.compare import made
from tests.compare.test_command import QUICK, TWO, compare


def test_the_interval_of_two_runs_holds_the_truth_as_often_as_it_says():
    """Of 400 pairs of runs, at each usual number of rounds, no more than 5 % plus three standard errors miss."""
    dice = random.Random(5)
    for rounds in (3, 5, 7, 12):
        missed = 0
        for _ in range(400):
            now = [2.0 * dice.lognormvariate(0.0, 0.05) for _ in range(rounds)]
            then = [dice.lognormvariate(0.0, 0.02) for _ in range(rounds)]
            missed += not stats.unpaired_ratio(now, then)[1].holds(2.0)
        assert missed <= 400 * 0.05 + 3 * math.sqrt(400 * 0.05 * 0.95), rounds


def test_a_slow_down_of_a_tenth_is_found_in_seven_quiet_rounds():
    dice = random.Random(6)
    found = 0
    for _ in range(200):
        now = [1.1 * dice.lognormvariate(0.0, 0.03) for _ in range(7)]
        then = [dice.lognormvariate(0.0, 0.03) for _ in range(7)]
        found += stats.unpaired_ratio(now, then)[1].low > 1
    assert found >= 180


def test_equal_samples_have_no_doubt_and_a_single_one_excludes_nothing():
    times, interval = stats.unpaired_ratio([2.0, 2.0], [1.0, 1.0])
    assert (times, *interval) == pytest.approx((2.0, 2.0, 2.0))
    assert stats.unpaired_ratio([2.0], [1.0, 1.0])[1] == (0.0, math.inf)
    assert stats.unpaired_ratio([2.0, 2.0], [1.0])[1] == (0.0, math.inf)


def judged(now: dict[str, float], then: dict[str, float], rounds: int = 7) -> dict[str, str]:
    new, old = (summarise(made.cell(times, rounds, seed=seed), "sequential") for seed, times in ((1, now), (2, then)))
    return {change.backend: change.verdict for change in against.changes(new, old)}


def test_each_strategy_of_both_is_judged():
    now = {"epoll": 0.5, "threads": 2.0, "gevent": 1.0, "select": 1.0}
    then = {"epoll": 1.0, "threads": 1.0, "gevent": 1.0, "poll": 1.0}
    assert judged(now, then) == {"epoll": "faster", "threads": "slower", "gevent": "no difference shown"}


def test_one_round_shows_no_difference():
    assert judged({"epoll": 9.0}, {"epoll": 1.0}, rounds=1) == {"epoll": "no difference shown"}


def test_a_strategy_is_slower_than_a_margin_only_with_its_whole_interval():
    def change(low: float, high: float) -> against.Change:
        return against.Change("epoll", 1.0, 1.2, 1.2, stats.Interval(low, high))

    assert change(1.11, 1.3).slower_than(0.1)
    assert not change(1.09, 1.4).slower_than(0.1)
    assert not change(0.5, 0.6).slower_than(0.1)


def test_a_load_is_found_again_whoever_ran_it_and_however_often():
    here = made.cell({"epoll": 1.0, "threads": 1.0}, rounds=3, swept={"concurrency": 8.0})
    other = made.cell({"epoll": 1.0}, rounds=9, swept={"concurrency": 8.0})
    assert against.counterparts([here], [other]) == [other]


@pytest.mark.parametrize(
    "field", ["requests", "concurrency", "delay", "size", "work", "idle", "processes", "tls", "options", "warm_up"]
)
def test_another_load_is_no_counterpart(field: str):
    cell, other = made.cell({"epoll": 1.0}), made.cell({"epoll": 1.0})
    another = {"options": {"keep_alive": True}, "tls": True}.get(field, 77)
    other.setting = msgspec.structs.replace(other.setting, **{field: another})
    assert against.counterparts([cell], [other]) == [None]
    other = made.cell({"epoll": 1.0}, swept={"delay": 1.0})
    assert against.counterparts([cell], [other]) == [None]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    """A comparison, one in which threads are slower by a fifth, and one in which nothing is."""
    found = []
    for number, threads in enumerate((1.0, 1.2, 1.0)):
        document = made.document([made.cell({"epoll": 0.1, "threads": threads, "sequential": 2.0}, seed=number)])
        export.save(tmp_path / str(number), document)
        found.append(str(tmp_path / str(number)))
    return found[0], found[1], found[2]


def test_what_has_changed_is_told_and_fails_nothing_by_itself(files: tuple[str, str, str]):
    done = compare("--from", files[1], "--against", files[0])
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    line = next(line for line in text.splitlines() if line.endswith("slower"))
    assert line.startswith("threads ")
    assert "1.2" in line
    assert text.count("no difference shown\n") == 2


def test_slower_by_more_than_the_margin_is_status_1(files: tuple[str, str, str]):
    old, slow, same = files
    done = compare("--from", slow, "--against", old, "--fail-if-slower", "10%")
    assert done.returncode == 1
    assert "Surely slower by more than 10 %: threads." in done.stdout.decode()
    for new, margin in ((slow, "40%"), (same, "10%"), (old, "0.1%")):
        done = compare("--from", new, "--against", old, "--fail-if-slower", margin)
        assert done.returncode == 0
        assert b"Nothing was shown to be slower by more than" in done.stdout


def test_a_gate_that_nothing_can_pass_through_is_shut_and_one_that_can_tell_nothing_says_so(tmp_path: Path):
    for name, backend, rounds in (("a", "epoll", 7), ("b", "threads", 7), ("c", "epoll", 1)):
        export.save(tmp_path / name, made.document([made.cell({backend: 1.0}, rounds=rounds)]))

    def gate(new: str) -> tuple[int, bytes]:
        done = compare("--from", str(tmp_path / new), "--against", str(tmp_path / "a"), "--fail-if-slower", "10%")
        return done.returncode, done.stdout

    status, text = gate("b")
    assert status == 1
    assert b"Nothing could be held against anything." in text
    status, text = gate("c")
    assert status == 0
    assert b"A single round shows nothing" in text


def test_another_machine_is_a_warning(files: tuple[str, str, str]):
    document = export.load(Path(files[0]))
    document.machine.cpu = "Z80"
    export.save(Path(files[0]), document)
    done = compare("--from", files[1], "--against", files[0])
    assert done.returncode == 0
    assert b"is of another machine: cpu Z80 then, " in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"", "is no comparison"),
        (b"\xff", "is no comparison"),
        (b'{"version":1}', "it has version 1 and not"),
        (b'{"version":%d}' % export.VERSION, "is no comparison"),
    ],
)
def test_what_cannot_be_held_against_is_refused_in_one_line_before_any_trial(
    tmp_path: Path, content: bytes | None, words: str
):
    if content is not None:
        (tmp_path / "old").write_bytes(content)
    done = compare("--against", str(tmp_path / "old"))
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_loads_that_were_not_measured_then_are_refused(files: tuple[str, str, str]):
    done = compare("--against", files[0], "--sweep", "concurrency=1,8")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"has no such load as this one: io, concurrency 1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fail-if-slower", "10%"), "needs --against"),
        (("--fail-if-slower", "10", "--against", "x"), "no share"),
        (("--from", "x", "--rounds", "3"), "leave out --rounds"),
        (("--from", "x", "http://h/"), "leave out the URLs"),
        (("--from", "/no/such"), "cannot read"),
    ],
)
def test_options_that_make_no_sense_together_are_refused_in_one_line(arguments: tuple[str, ...], words: str):
    done = compare(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_a_fresh_run_is_held_against_the_file_that_it_then_replaces(tmp_path: Path):
    path = str(tmp_path / "out.json")
    compare(*TWO, *QUICK, "--export-json", path)
    before = export.load(Path(path))
    done = compare(*TWO, *QUICK, "--export-json", path, "--against", path, "--fail-if-slower", "99%")
    assert done.returncode == 0
    assert f"Against {path} of" in " ".join(done.stdout.decode().split())
    assert export.load(Path(path)).seed != before.seed
