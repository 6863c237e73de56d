"""A run that keeps a journal can be gone on with, whenever and however it has ended."""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin, refused_port
from tests.cli import shell
from tests.cli.conftest import BACKENDS


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def counts(path: Path) -> Counter[int]:
    """How many records each input has; every line must be whole."""
    return Counter(record["index"] for record in shell.records(path.read_bytes()))


def test_after_twenty_kills_at_random_moments_each_input_has_exactly_one_record(origin: Origin, tmp_path: Path):
    """Each life has another strategy, and some have more processes; a life that ends by itself counts for nothing."""
    dice = random.Random()
    listed, output, journal = tmp_path / "list", tmp_path / "out.jsonl", tmp_path / "journal"
    with refused_port() as port:
        urls = [f"http://127.0.0.1:{port}/{i}" if i % 50 == 7 else origin.url(f"/bytes/{i}") for i in range(4_000)]
        listed.write_text("\n".join(urls))
        how = ["get", "-i", str(listed), "-o", str(output), "--journal", str(journal), "--resume", "--retries", "0"]
        kills = 0
        for backend in itertools.cycle(dice.sample(BACKENDS, len(BACKENDS))):
            processes = "2" if kills % 5 == 4 else "1"
            # At a pace at which twenty lives do not fetch all of it, however late they are killed.
            with shell.running(*how, "-b", backend, "--processes", processes, "--rate", "500/s", "-q") as process:
                enough = lines_of(journal) + dice.randrange(100)
                while lines_of(journal) < enough and process.poll() is None:
                    time.sleep(0.002)
                process.kill()
                kills += process.wait() == -signal.SIGKILL
            if kills == 20:
                break
            assert lines_of(journal) <= len(urls), "the list is too short for twenty kills"
        done = shell.run(*how)
        assert (done.returncode, done.stderr) == (1, b"")
    assert counts(output) == Counter(range(len(urls)))
    failed = [record["index"] for record in shell.records(output.read_bytes()) if not record["ok"]]
    assert failed == list(range(7, 4_000, 50))


def test_through_a_pipe_each_input_has_at_least_one_record(origin: Origin, tmp_path: Path):
    journal, output = tmp_path / "journal", tmp_path / "out.jsonl"
    urls = [origin.url(f"/bytes/{number}") for number in range(500)] + [origin.url("/delay/3600")]
    with open(output, "ab") as stream:
        how = ["get", "--journal", str(journal), "--resume", "--ordered", *urls]
        with shell.running(*how, stdout=stream) as process:
            while lines_of(journal) < 200:
                time.sleep(0.002)
            process.kill()
        # A reader takes whole lines only.
        os.truncate(output, output.read_bytes().rindex(b"\n") + 1)
        # The last input never ended, so it may be another one now.
        urls[-1] = origin.url("/bytes/1")
        assert shell.run(*how[:5], *urls, stdout=stream, capture_output=False).returncode == 0
    assert set(counts(output)) == set(range(501))


def test_what_was_interrupted_is_gone_on_with(own_origin: Origin, backend: str, tmp_path: Path):
    listed, output, journal = tmp_path / "list", tmp_path / "out.jsonl", tmp_path / "journal"
    listed.write_text(f"{own_origin.url('/bytes/3')}\n{own_origin.url('/delay/0.5')}\n" + "http://127.0.0.1:1/\n" * 3)
    how = ["get", "-b", backend, "-c", "2", "-i", str(listed), "-o", str(output), "--journal", str(journal), "--fail"]
    with shell.running(*how, "--grace", "0") as process:
        while lines_of(journal) < 2:
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    before = counts(output)
    assert max(before.values()) == 1
    assert shell.run(*how, "--resume", "--retries", "0").returncode == 1
    assert counts(output) == Counter(range(5))
    codes = [record["error"] and record["error"]["code"] for record in shell.records(output.read_bytes())]
    assert codes == [None, None, "connect-refused", "connect-refused", "connect-refused"]


def test_what_failed_is_fetched_again_unless_only_the_missing_is_asked_for(origin: Origin, tmp_path: Path):
    output, journal = tmp_path / "out.csv", tmp_path / "journal"
    urls = [origin.url("/bytes/1"), origin.url("/status/500"), origin.url("/bytes/2")]
    how = ["get", "--fail", "--retries", "0", "--format", "csv", "-o", str(output), "--journal", str(journal), *urls]
    assert shell.run(*how).returncode == 1
    first = output.read_bytes()
    assert shell.run(*how, "--resume=missing").returncode == 0
    assert output.read_bytes() == first
    # The word after a bare --resume is no value of it.
    assert shell.run(*how[:-3], "--resume", *urls).returncode == 1
    assert output.read_bytes() != first
    assert sorted(line.split(b",")[0] for line in output.read_bytes().splitlines()) == [b"0", b"1", b"2", b"index"]


def test_a_journal_that_is_not_there_begins_anew_and_one_that_is_needs_resume(origin: Origin, tmp_path: Path):
    journal = str(tmp_path / "journal")
    assert shell.run("get", "--journal", journal, "--resume", origin.url("/bytes/1")).returncode == 0
    again = shell.run("get", "--journal", journal, origin.url("/bytes/1"))
    assert (again.returncode, again.stdout) == (2, b"")
    assert (
        again.stderr.decode() == f"fetchmux: the journal '{journal}' is of an earlier run: --resume goes on with it\n"
    )
    done = shell.run("get", "--journal", journal, "--resume", origin.url("/bytes/1"))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (["-X", "POST"], "the journal was made for another list or other requests: input 0 was not "),
        (["-H", "A: b"], "the journal was made for another list or other requests: input 0 was not "),
        (["--fail"], "was made without --fail: keep to that"),
        (["--expect-status", "200-299"], "was made without --expect-status: keep to that"),
        (["--no-follow"], "was made without --no-follow: keep to that"),
        (["-o", "other"], "was made with --output "),
        (["--format", "csv"], "was made with --format jsonl: keep to that"),
    ],
)
def test_other_requests_are_refused(origin: Origin, tmp_path: Path, changed: list[str], told: str):
    how = ["get", "--journal", "journal", "-o", "out", "--resume", origin.url("/bytes/1")]
    assert shell.run(*how, cwd=tmp_path).returncode == 0
    output = (tmp_path / "out").read_bytes()
    refused = shell.run(*how, *changed, cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert told in refused.stderr.decode()
    assert (tmp_path / "out").read_bytes() == output


def test_a_list_that_turns_out_to_be_another_one_ends_the_run(origin: Origin, tmp_path: Path):
    urls = [origin.url(f"/bytes/{number}") for number in range(4)]
    how = ["get", "--journal", "journal", "-o", "out"]
    shell.run(*how, "--fail", *urls[:1], urls[1], cwd=tmp_path)
    journal = tmp_path / "journal"
    # The journal of a run in which the first input has not ended.
    heading, *rest = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(heading + b"".join(line for line in rest if b'"index":1' in line))
    done = shell.run(*how, "--fail", "--resume", urls[0], urls[2], cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert b"the journal was made for another list" in done.stderr


def test_one_journal_has_one_run_at_a_time(own_origin: Origin, tmp_path: Path):
    journal = tmp_path / "journal"
    how = ["get", "--journal", str(journal), "--resume", own_origin.url("/delay/3600")]
    with shell.running(*how) as process:
        while not lines_of(journal):
            time.sleep(0.01)
        second = shell.run(*how)
        assert (second.returncode, second.stdout) == (2, b"")
        assert second.stderr.decode() == f"fetchmux: another run is keeping the journal '{journal}'\n"
        process.kill()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--resume"], "--resume needs the --journal"),
        (["--resume=some", "--journal", "j"], "'some' is not one of 'all', 'failed', 'missing'"),
        (["--journal", "j", "-o", "j"], "is both journal and output"),
        (["--journal", "list", "-i", "list"], "is both input and journal"),
        (["--journal", "j", "-o", "o", "--format", "body"], "--journal goes on with a file of records only"),
        (["--journal", "j", "-o", "o", "--write-out", "x"], "--journal goes on with a file of records only"),
        (["--journal", "."], "cannot keep the journal '.'"),
        (["--journal", "/dev/null"], "it is no regular file"),
        (["--journal", "none/j"], "cannot keep the journal 'none/j': No such file or directory"),
    ],
)
def test_wrong_use_is_told_before_anything_is_fetched(tmp_path: Path, options: list[str], told: str):
    (tmp_path / "list").write_text("http://127.0.0.1:1/\n")
    done = shell.run("get", *options, "http://127.0.0.1:1/", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert told in done.stderr.decode()
    assert (tmp_path / "list").read_text() == "http://127.0.0.1:1/\n"


def test_a_journal_shows_how_each_input_has_ended(origin: Origin, tmp_path: Path):
    secret = origin.url("/bytes/1").replace("//", "//user:secret@")
    shell.run("get", "--journal", "journal", "--retries", "0", secret, "http://127.0.0.1:1/", cwd=tmp_path)
    text = (tmp_path / "journal").read_text()
    _, *lines = sorted(map(json.loads, text.splitlines()), key=lambda line: int(line.get("index", -1)))
    assert [(line["index"], line["ok"], line["status"], line["error"]) for line in lines] == [
        (0, True, 200, None),
        (1, False, None, "connect-refused"),
    ]
    assert "secret" not in text


def test_a_journal_that_cannot_be_written_ends_the_run_which_can_be_gone_on_with(origin: Origin, tmp_path: Path):
    urls = [origin.url(f"/bytes/{number}") for number in range(200)]
    how = ["get", "--journal", "journal", *urls]

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    first = shell.run(*how, cwd=tmp_path, preexec_fn=small_files)
    assert (first.returncode, first.stderr) == (1, b"fetchmux: journal: File too large\n")
    again = shell.run(*how, "--resume", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, b"")
    found = {record["index"] for record in shell.records(first.stdout) + shell.records(again.stdout) if record["ok"]}
    assert found == set(range(200))
