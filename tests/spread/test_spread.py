"""Several processes fetch a list as one would: a record for each input, the limits kept, nothing left behind."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import random
import select
import signal
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fetchmux.backends import registry
from fetchmux.origin.launch import Origin, refused_port
from tests.cli import shell

# One of each family, and those that change their whole process.
BACKENDS = [
    name
    for name in ("epoll", "sequential", "threads", "gevent", "asyncio", "twisted", "processes")
    if registry.missing(registry.find(name)) is None
]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
    assert origin.complaints == ""


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def fetchers(process: subprocess.Popen[bytes], count: int) -> list[int]:
    """The processes that fetch, once there are so many."""
    limit = time.monotonic() + shell.PATIENCE
    while len(found := children_of(process.pid)) < count:
        assert time.monotonic() < limit
        time.sleep(0.01)
    return found


def gone(pid: int) -> bool:
    """Whether a process has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(condition: Any) -> None:
    limit = time.monotonic() + shell.PATIENCE
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def waiting(origin: Origin) -> int:
    with urllib.request.urlopen(origin.url("/waiting")) as reply:
        return int(json.load(reply)["now"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_records_are_those_of_one_process(origin: Origin, backend: str):
    with refused_port() as port:
        inputs = [
            origin.url("/bytes/10?seed=1"), "no url", origin.url("/status/404"), f"http://127.0.0.1:{port}/",
            *(origin.url(f"/bytes/{size}?seed={size}") for size in range(20)), "ftp://h/",
            json.dumps({"url": origin.url("/echo"), "method": "POST", "body": "ä", "id": "mine"}),
        ]  # fmt: skip
        options = ["get", "-b", backend, "--retries", "0", "-c", "6", "--body", "text", "-"]
        told = [
            shell.records(shell.run(*options, *more, stdin="\n".join(inputs).encode()).stdout)
            for more in ([], ["--processes", "3"])
        ]
    for records in told:
        for record in records:
            for name in ("timings", "reused", "headers"):
                del record[name]
    assert told[0] == told[1]
    assert [record["index"] for record in told[1]] == list(range(len(inputs)))


def test_the_first_request_leaves_before_the_list_ends(origin: Origin):
    with shell.running("get", "--processes", "2", "--per-host", "2") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for index in range(3):
            process.stdin.write(f"{origin.url('/bytes/1')}\n".encode())
            process.stdin.flush()
            assert shell.records(process.stdout.readline())[0]["index"] == index
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_signal_writes_what_is_done_and_leaves_no_process(backend: str, number: signal.Signals):
    options = ["-b", backend, "--processes", "2", "-c", "4", "--grace", "0"]
    with Origin() as origin, shell.running("get", *options) as process:
        assert process.stdin is not None
        in_flight = 2 if backend == "sequential" else 4
        lines = [*[origin.url("/bytes/1")] * 3, *[origin.url("/delay/3600")] * 50, ""]
        process.stdin.write("\n".join(lines).encode())
        process.stdin.flush()
        wait_until(lambda: waiting(origin) == in_flight)
        children = fetchers(process, 2)
        process.send_signal(number)
        output, complaint = process.communicate()
    assert process.returncode == 128 + number
    codes = Counter(record["error"] and record["error"]["code"] for record in shell.records(output))
    assert codes[None] <= 3
    assert set(codes) <= {None, "cancelled"}
    assert f"interrupted: {codes[None]} done, {codes['cancelled']} cancelled" in complaint.decode()
    assert all(map(gone, children))


def kill_one(origin: Origin, *options: str, inputs: list[str]) -> tuple[list[dict[str, Any]], int]:
    """Records and exit status of a run in two processes, one of which is killed in the midst of its work."""
    with shell.running("get", "--processes", "2", "-c", "16", *options) as process:
        assert process.stdout is not None
        writer = threading.Thread(target=_feed, args=(process, inputs))
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
        writer = threading.Thread(target=_feed, args=(process, urls))
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


def _feed(process: subprocess.Popen[bytes], urls: list[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n".join(urls).encode())
    process.stdin.close()


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


def test_a_list_is_read_no_further_ahead_than_there_is_room():
    with Origin() as origin, shell.running("get", "--processes", "2", "-c", "2") as process:
        assert process.stdin is not None
        fd, lines = process.stdin.fileno(), f"{origin.url('/delay/3600')}\n".encode() * 100
        os.set_blocking(fd, False)
        taken = 0
        # Until both wait for the server and nobody has read anything for a while.
        while select.select([], [fd], [], 0.3)[1] or waiting(origin) < 2:
            with contextlib.suppress(BlockingIOError):
                taken += os.write(fd, lines)
            # The pipe and a block of it, and what is held: nothing beside a list without end.
            assert taken < 1 << 20


class Crowd(http.server.ThreadingHTTPServer):
    """Counts how many requests of each host are there at once; each stays for a moment."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Guest)
        self.lock = threading.Lock()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()


class Guest(http.server.BaseHTTPRequestHandler):
    server: Crowd

    def do_GET(self) -> None:
        host = self.headers["Host"].partition(":")[0]
        with self.server.lock:
            self.server.now[host] += 1
            self.server.most[host] = max(self.server.most[host], self.server.now[host])
        time.sleep(0.02)
        with self.server.lock:
            self.server.now[host] -= 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.mark.parametrize("hosts", [["a.test"], ["a.test", "b.test", "c.test"]])
def test_the_limit_of_a_host_holds_for_all_processes_together(hosts: list[str]):
    with Crowd() as crowd:
        thread = threading.Thread(target=crowd.serve_forever)
        thread.start()
        port = crowd.server_address[1]
        known = [option for host in hosts for option in ("--resolve", f"{host}:{port}:127.0.0.1")]
        urls = [f"http://{host}:{port}/{number}" for number in range(40) for host in hosts]
        done = shell.run("get", "--processes", "3", "--per-host", "4", "-c", "30", *known, "-",
                         stdin="\n".join(urls).encode())  # fmt: skip
        crowd.shutdown()
        thread.join()
    assert done.returncode == 0
    assert len(shell.records(done.stdout)) == len(urls)
    # Overlapping, so more than one process or a whole limit was at work, and never beyond it.
    assert all(2 <= crowd.most[host] <= 4 for host in hosts), crowd.most
