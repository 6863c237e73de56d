"""Processes that are killed, hang or cannot begin: what they owed is done or told, and nobody is left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fetchmux.origin.launch import Origin
from tests.backends.test_third_party import install
from tests.cli import shell
from tests.spread.crowd import crowd_at
from tests.spread.runs import children_of, feed, fetchers, gone, wait_until, waiting


def kill_one(origin: Origin, *options: str, inputs: list[str]) -> tuple[list[dict[str, Any]], int]:
    """Records and exit status of a run in two processes, one of which is killed in the midst of its work."""
    with shell.running("get", "--processes", "2", "-c", "16", *options) as process:
        assert process.stdout is not None
        writer = threading.Thread(target=feed, args=(process, inputs))
        writer.start()
        first = [process.stdout.readline() for _ in range(100)]
        os.kill(fetchers(process, 2)[0], signal.SIGKILL)
        records = shell.records(b"".join(first) + process.stdout.read())
        writer.join()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert [record["index"] for record in records] == list(range(len(inputs)))
        return records, process.wait()


def test_what_a_killed_process_owed_is_done_by_others(origin: Origin):
    urls = [origin.url(f"/bytes/5?delay=0.01&seed={number}") for number in range(1_500)]
    records, status = kill_one(origin, "--ordered", inputs=urls)
    assert [record["input"] for record in records if record["ok"]] == urls
    assert status == 0


def test_hosts_keep_their_limits_and_redirects_their_way_when_processes_are_killed():
    hosts = [*(f"h{number}.test" for number in range(6)), "d.test"]
    chance = random.Random(1)
    with crowd_at(hosts) as (crowd, known):
        port = crowd.server_address[1]
        urls = [f"http://{host}:{port}/{number}/d.test/{host}" for number in range(20) for host in hosts[:-1]]
        options = ["--processes", "3", "--per-host", "4", "-c", "18", "--retries", "4", *known]
        with shell.running("get", *options) as process:
            assert process.stdout is not None
            feed(process, urls)
            lines = []
            for _ in range(3):
                lines += [process.stdout.readline() for _ in range(chance.randrange(1, 30))]
                os.kill(chance.choice(fetchers(process, 1)), signal.SIGKILL)
            lines += process.stdout.readlines()
            assert process.wait() == 0
    records = shell.records(b"".join(lines))
    assert [record["input"] for record in records] == urls
    assert {len(record["redirects"]) for record in records} == {2}
    # A process that was killed may have left the server something to finish.
    assert crowd.most["d.test"] <= 4 + 3 * 4


@pytest.mark.parametrize(("retries", "method"), [("0", "GET"), ("2", "POST")])
def test_what_may_not_be_sent_twice_ends_as_internal_when_its_process_is_killed(
    origin: Origin, retries: str, method: str
):
    line = json.dumps({"url": origin.url("/echo?delay=0.01"), "method": method})
    records, status = kill_one(origin, "--retries", retries, inputs=[line] * 1_500)
    lost = [record["error"] for record in records if not record["ok"]]
    assert {(error["code"], error["message"]) for error in lost} == {
        ("internal", "the process that fetched it was ended by signal 9")
    }
    assert len(lost) < 200
    assert status == 1


def test_processes_killed_again_and_again_lose_nothing(origin: Origin):
    urls = [origin.url(f"/bytes/5?delay=0.005&seed={number}") for number in range(3_000)]
    chance = random.Random(4)
    with shell.running("get", "--processes", "3", "-c", "12", "--retries", "1") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writer = threading.Thread(target=feed, args=(process, urls))
        writer.start()
        lines = []
        for _ in range(8):
            # At whatever moment, also while a successor is being started.
            lines += [process.stdout.readline() for _ in range(chance.randrange(1, 200))]
            if victims := children_of(process.pid):
                os.kill(chance.choice(victims), signal.SIGKILL)
        lines += process.stdout.readlines()
        writer.join()
        assert process.wait() in (0, 1)
    records = shell.records(b"".join(lines))
    assert [record["index"] for record in records] == list(range(len(urls)))
    assert {record["error"]["code"] for record in records if not record["ok"]} <= {"internal"}


def test_a_process_that_can_never_begin_ends_the_run(tmp_path: Path):
    done = shell.run("get", "--processes", "2", "--cacert", str(tmp_path / "none"), "http://127.0.0.1:1/")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"fetchmux: ")
    assert done.stderr.count(b"\n") == 1


def test_the_processes_end_with_the_one_that_reads_the_list():
    with Origin() as origin, shell.running("get", "--processes", "2") as process:
        assert process.stdin is not None
        process.stdin.write(f"{origin.url('/delay/3600')}\n".encode() * 4)
        process.stdin.flush()
        wait_until(lambda: waiting(origin) == 4)
        children = fetchers(process, 2)
        process.kill()
        wait_until(lambda: all(map(gone, children)))


def test_nothing_is_told_before_all_processes_can_fetch(tmp_path: Path):
    inputs = b"no url\nhttp://127.0.0.1:1/\n"
    done = shell.run("get", "--processes", "2", "--per-host", "2", "--cacert", str(tmp_path / "none"), stdin=inputs)
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_process_that_stands_still_holds_up_only_what_it_owes(origin: Origin):
    urls = [origin.url(f"/bytes/5?delay=0.005&seed={number}") for number in range(400)]
    with shell.running("get", "--processes", "2", "-c", "8") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writer = threading.Thread(target=feed, args=(process, urls))
        writer.start()
        lines = [process.stdout.readline() for _ in range(20)]
        still = fetchers(process, 2)[0]
        os.kill(still, signal.SIGSTOP)
        # Its window, and what it was to go on with.
        lines += [process.stdout.readline() for _ in range(340)]
        os.kill(still, signal.SIGCONT)
        lines += process.stdout.readlines()
        writer.join()
        assert process.wait() == 0
    assert [record["index"] for record in shell.records(b"".join(lines))] == list(range(len(urls)))


def test_a_process_that_stands_still_does_not_outlast_a_run_that_is_cancelled():
    with Origin() as origin, shell.running("get", "--processes", "2", "-c", "4", "--grace", "0") as process:
        feed(process, [origin.url("/delay/3600")] * 4)
        wait_until(lambda: waiting(origin) == 4)
        children = fetchers(process, 2)
        os.kill(children[0], signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        output = process.stdout.read()
        process.wait()
    assert process.returncode == 130
    assert [record["error"]["code"] for record in shell.records(output)] == ["cancelled"] * 4
    assert all(map(gone, children))


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    """An environment with two strategies that end their process: when they are prepared, or when they are to work."""
    install(
        tmp_path, "stillborn", "import os\ndef run(frontier, options): ...\ndef prepare(): os._exit(3)\n", "stillborn"
    )
    install(
        tmp_path, "shortlived", "import os\ndef run(frontier, options): frontier.take(); os._exit(4)\n", "shortlived"
    )
    return {**shell.ENVIRONMENT, "PYTHONPATH": str(tmp_path)}


def test_processes_that_die_before_they_can_begin_end_the_run_before_it_begins(site: dict[str, str]):
    done = shell.run("get", "-b", "stillborn", "--processes", "2", "http://127.0.0.1:1/", env=site)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"fetchmux: a process of this run ended with status 3 before it could begin\n"


def test_a_strategy_that_kills_every_process_still_has_a_record_for_each_input(site: dict[str, str]):
    urls = [f"http://127.0.0.1:1/{number}" for number in range(20)]
    done = shell.run("get", "-b", "shortlived", "--processes", "2", "-c", "8", *urls, env=site)
    told = Counter(record["error"]["message"] for record in shell.records(done.stdout))
    assert done.returncode == 1
    assert told == {"the process that fetched it ended with status 4": len(urls)}
