"""Several processes fetch a list as one would: a record for each input, the limits kept, nothing left behind."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import os
import select
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from fetchmux.backends import registry
from fetchmux.inputs.requests import Recipe, RequestReader
from fetchmux.model import Request, Result
from fetchmux.origin.launch import Origin, refused_port
from fetchmux.settings import Network, Options
from fetchmux.spread.spread import Spread
from tests.cli import shell
from tests.spread import runs
from tests.spread.crowd import crowd_at

# One of each family, and those that change their whole process.
BACKENDS = [
    name
    for name in ("epoll", "sequential", "threads", "gevent", "asyncio", "twisted", "processes")
    if registry.missing(registry.find(name)) is None
]


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
        runs.wait_until(lambda: runs.waiting(origin) == in_flight)
        children = runs.fetchers(process, 2)
        process.send_signal(number)
        output, complaint = process.communicate()
    assert process.returncode == 128 + number
    codes = Counter(record["error"] and record["error"]["code"] for record in shell.records(output))
    assert codes[None] <= 3
    assert set(codes) <= {None, "cancelled"}
    assert f"interrupted: {codes[None]} done, {codes['cancelled']} cancelled" in complaint.decode()
    assert all(map(runs.gone, children))


def test_a_list_is_read_no_further_ahead_than_there_is_room():
    with Origin() as origin, shell.running("get", "--processes", "2", "-c", "2") as process:
        assert process.stdin is not None
        fd, lines = process.stdin.fileno(), f"{origin.url('/delay/3600')}\n".encode() * 100
        os.set_blocking(fd, False)
        taken = 0
        # Until both wait for the server and nobody has read anything for a while.
        while select.select([], [fd], [], 0.3)[1] or runs.waiting(origin) < 2:
            with contextlib.suppress(BlockingIOError):
                taken += os.write(fd, lines)
            # The pipe and a block of it, and what is held: nothing beside a list without end.
            assert taken < 1 << 20


@pytest.mark.parametrize("hosts", [["a.test"], ["a.test", "b.test", "c.test"]])
def test_the_limit_of_a_host_holds_for_all_processes_together(hosts: list[str]):
    with crowd_at(hosts) as (crowd, known):
        urls = [f"http://{host}:{crowd.server_address[1]}/{number}" for number in range(40) for host in hosts]
        done = shell.run("get", "--processes", "3", "--per-host", "4", "-c", "30", *known, "-",
                         stdin="\n".join(urls).encode())  # fmt: skip
    assert done.returncode == 0
    assert len(shell.records(done.stdout)) == len(urls)
    # Overlapping, so more than one process or a whole limit was at work, and never beyond it.
    assert all(2 <= crowd.most[host] <= 4 for host in hosts), crowd.most


@pytest.mark.parametrize("backend", ["epoll", "threads"])
def test_the_limit_of_a_host_holds_for_what_redirects_lead_there_from_all_processes(backend: str):
    hosts = [*(f"h{number}.test" for number in range(6)), "d.test"]
    with crowd_at(hosts) as (crowd, known):
        port = crowd.server_address[1]
        # To d.test and back, where the cookie of the first visit is shown again.
        urls = [f"http://{host}:{port}/{number}/d.test/{host}" for number in range(8) for host in hosts[:-1]]
        options = ["get", "-b", backend, "--per-host", "2", "-c", "18", *known, "-"]
        told = [
            shell.records(shell.run(*options, *more, stdin="\n".join(urls).encode()).stdout)
            for more in (["--processes", "1"], ["--processes", "3"])
        ]
    assert all(most <= 2 for most in crowd.most.values()), crowd.most
    for records in told:
        assert [len(record["redirects"]) for record in records] == [2] * len(urls)
        assert [dict(record["headers"])["X-Cookie"] for record in records] == [
            f"from={number}" for number in range(8) for _ in hosts[:-1]
        ]
        for record in records:
            for name in ("timings", "reused", "headers"):
                del record[name]
    assert told[0] == told[1]


def test_a_host_that_a_limit_holds_back_holds_up_no_other_of_its_process():
    hosts = [f"h{number}.test" for number in range(6)]
    with Origin() as origin:
        port = origin.address[1]
        known = [option for host in hosts for option in ("--resolve", f"{host}:{port}:127.0.0.1")]
        slow = [f"http://{hosts[0]}:{port}/delay/3600"] * 300
        quick = [f"http://{host}:{port}/bytes/1" for host in hosts[1:]]
        with shell.running("get", "--processes", "2", "--per-host", "1", "-c", "8", *known) as process:
            assert process.stdout is not None
            runs.feed(process, slow + quick)
            lines = [process.stdout.readline() for _ in quick]
            process.terminate()
    assert {record["status"] for record in shell.records(b"".join(lines))} == {200}


@pytest.mark.parametrize("shown", ["text", "base64", "hash"])
def test_bodies_cross_as_they_are(origin: Origin, shown: str):
    urls = [origin.url(f"/bytes/{size}?seed={size}") for size in (0, 1, 70_000, 300_000)] + [origin.url("/echo")]
    one, two = (
        shell.records(shell.run("get", "--body", shown, "--processes", count, *urls).stdout) for count in ("1", "2")
    )
    for name in ("body", "body_encoding", "sha256", "body_size"):
        assert [record[name] for record in one] == [record[name] for record in two]


def test_bodies_are_saved_by_whoever_fetches_them_under_names_of_their_own(origin: Origin, tmp_path: Path):
    urls = [origin.url("/bytes/10?seed=1")] * 40
    done = shell.run("get", "--processes", "3", "--save-dir", str(tmp_path), "--name", "{stem}", *urls)
    saved = {record["saved_to"] for record in shell.records(done.stdout)}
    assert len(saved) == len(urls)
    assert saved == {str(path) for path in tmp_path.iterdir()}


def test_no_password_stands_in_a_command_line_or_a_record():
    with Origin() as origin, shell.running("get", "--processes", "2", "-H", "X-Key: hunter2") as process:
        assert process.stdin is not None
        process.stdin.write(origin.url("/delay/3600\n").replace("://", "://me:hunter2@").encode() * 2)
        process.stdin.flush()
        runs.wait_until(lambda: runs.waiting(origin) == 2)
        lines = [Path(f"/proc/{child}/cmdline").read_bytes() for child in runs.fetchers(process, 2)]
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate()
    assert len(lines) == 2
    assert b"hunter2" not in b"".join(lines) + output
    assert len(shell.records(output)) == 2


def test_a_list_without_end_takes_no_more_memory_the_longer_it_is(origin: Origin):
    with shell.running("get", "--processes", "2", "--per-host", "32") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writer = threading.Thread(target=_feed_for_ever, args=(process, origin))
        writer.start()
        peaks = []
        for _ in range(2):
            for _ in range(4_000):
                process.stdout.readline()
            peaks.append([_peak(pid) for pid in (process.pid, *runs.fetchers(process, 2))])
        process.kill()
        writer.join()
    # In KiB. As many records again would take some 8 MiB if they were kept.
    assert all(later - sooner < 4_000 for sooner, later in zip(*peaks, strict=True)), peaks


def _feed_for_ever(process: subprocess.Popen[bytes], origin: Origin) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        for number in itertools.count():
            # Not through a buffer, which would be flushed when nobody reads any more.
            os.write(process.stdin.fileno(), f"{origin.url('/bytes/1')}?seed={number}\nno url {number}\n".encode())


def _peak(pid: int) -> int:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])


def test_what_the_processes_say_is_told_once(origin: Origin):
    program = ("sh", "-c", 'ulimit -n 24; exec "$@"', "sh", *shell.PROGRAM)
    done = shell.run("get", "--processes", "2", *[origin.url("/bytes/1")] * 50, program=program)
    assert done.returncode == 0
    assert done.stderr.count(b"\n") == 1
    assert b"ulimit -n" in done.stderr


def test_an_input_that_breaks_off_ends_the_run_with_a_record_for_what_was_read(origin: Origin, tmp_path: Path):
    list_ = "\n".join(origin.url(f"/bytes/3?delay=0.05&seed={number}") for number in range(300))
    (tmp_path / "list.gz").write_bytes(gzip.compress(list_.encode())[:-10])
    done = shell.run("get", "--processes", "2", "-c", "8", "-i", str(tmp_path / "list.gz"))
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"list.gz: the gzip stream ends before its end" in done.stderr
    found = shell.records(done.stdout)
    assert found
    assert [record["index"] for record in found] == list(range(len(found)))


def test_what_is_in_flight_is_told_as_it_is():
    with Origin() as origin:
        reader = RequestReader(Recipe())
        requests = [reader.read(index, origin.url("/delay/3600")) for index in range(9)]
        spread: Spread

        def source() -> Iterator[Request | None]:
            yield from requests
            while spread.in_flight < 5 or runs.waiting(origin) < 5:
                yield None
            assert spread.in_flight == 5
            spread.cancel()

        collected: list[Result] = []
        sink = SimpleNamespace(write=collected.append, flush=lambda: None)
        spread = Spread(
            source(), Options(concurrency=5), sink, processes=2, backend="epoll", network=Network(), notice=print
        )
        tally = spread.run()
    assert (tally.done, tally.codes) == (9, {"cancelled": 9})


def test_an_interrupted_run_is_resumed_with_one_record_for_each_input(origin: Origin, tmp_path: Path):
    output, journal, listed = (tmp_path / name for name in ("out.jsonl", "journal", "list"))
    listed.write_text("\n".join(origin.url(f"/bytes/5?delay=0.01&seed={number}") for number in range(400)))
    options = ["--processes", "2", "-c", "8", "-i", str(listed), "-o", str(output), "--journal", str(journal)]
    with shell.running("get", *options) as process:
        runs.wait_until(lambda: output.exists() and output.stat().st_size > 0)
        process.terminate()
        assert process.wait() == 143
    assert len(output.read_bytes().splitlines()) < 400
    assert shell.run("get", *options, "--resume").returncode == 0
    fetched = [record["index"] for record in shell.records(output.read_bytes()) if record["ok"]]
    assert fetched == list(range(400))
