"""A trial in a process of its own, and what becomes of one that goes wrong."""

from __future__ import annotations

import errno
import http.server
import os
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path

import msgspec
import pytest

from fetchmux.compare import gathering, launch, measure
from fetchmux.compare.gathering import Gathering
from fetchmux.compare.launch import conduct
from fetchmux.model import Result, Timings
from fetchmux.origin.launch import Origin
from tests.compare.conftest import trial


def result(index: int, url: str) -> Result:
    """The shortest record there is."""
    unset = dict.fromkeys(("id", "reason", "http_version", "body", "body_encoding", "sha256", "saved_to", "error"))
    sizes = {"body_size": 0, "wire_size": 0, "attempts": 1}
    given = {"index": index, "input": url, "url": url, "final_url": url, "method": "GET", "status": 200, "ok": True}
    none: dict[str, object] = {"headers": [], "redirects": [], "remote_address": None, "reused": False, "backend": "x"}
    return Result(**unset, **sizes, **given, **none, timings=Timings())  # type: ignore[arg-type]


def test_a_trial_reports_what_it_fetched_and_what_that_cost(origin: Origin):
    report = conduct(trial("epoll", origin.url("/bytes/100"), requests=20, warm_up=3, server=origin.pid))
    assert report.failure is None
    assert (report.ok, report.failed, report.statuses) == (20, 0, {200: 20})
    # The warm-up is in no number.
    assert len(report.spans.latencies()) == 20
    assert report.wall > 0
    assert report.cpu_user + report.cpu_system > 0
    assert report.cpu_server is not None


def test_waiting_for_a_slot_is_no_latency(origin: Origin):
    """One at a time, each request waits for all before it, and none of that is in what it took itself."""
    report = conduct(trial("sequential", origin.url("/delay/0.01"), requests=10, warm_up=0))
    queued, latencies = report.spans.queued, report.spans.latencies()
    assert sum(latencies) <= report.wall
    assert queued == sorted(queued)
    assert queued[-1] >= 9 * 0.01
    assert all(wait >= 0.01 for wait in report.spans.wait)


def test_a_trace_tells_when_a_request_waited_and_ran(origin: Origin):
    report = conduct(trial("epoll", origin.url("/bytes/1"), requests=100))
    assert sorted(trace.number for trace in report.traces) == list(range(60))
    for trace in report.traces:
        assert 0 <= trace.started <= trace.connected <= trace.first_byte <= trace.ended <= report.wall + 1e-6
        assert trace.ok


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_threads_and_descriptors_are_those_of_the_midst_of_the_run(origin: Origin):
    url = origin.url("/delay/0.01")
    threads, processes = (conduct(trial(name, url, requests=40)) for name in ("threads", "processes"))
    assert threads.threads >= 4
    assert threads.descriptors >= 3 + 4
    # Four with a connection each, and the one that has borne them.
    assert processes.threads >= 1 + 1 + 4


def test_what_was_fetched_has_the_same_digest_under_every_strategy_and_another_for_another_page(origin: Origin):
    digests = {
        (backend, size): conduct(trial(backend, origin.url(f"/bytes/{size}"))).digest
        for backend in ("sequential", "threads", "epoll", "gevent")
        for size in (100, 101)
    }
    assert len({digests[backend, 100] for backend, _ in digests}) == 1
    assert len(set(digests.values())) == 2


def test_the_memory_of_a_trial_is_its_own(origin: Origin):
    """Linux carries the parent's peak across exec in ru_maxrss."""
    ballast = bytearray(300 << 20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    assert measure.peak_memory() > 300 << 20
    report = conduct(trial("epoll", origin.url("/bytes/1")))
    assert 5 << 20 < report.peak_memory < 150 << 20


@pytest.mark.usefixtures("strangers")
def test_the_memory_of_a_strategy_is_that_of_all_its_processes(origin: Origin):
    report = conduct(trial("feeds-a-child", origin.url("/bytes/1"), warm_up=0))
    assert (report.failure, report.peak_memory > 200 << 20) == (None, True)


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("crashes", "RuntimeError: it broke"),
        ("leaves", "its process ended without a report"),
        ("killed", "its process was ended by signal 9"),
        ("babbles", "its report cannot be read"),
        ("idles", "RuntimeError: the backend idles returned before the run was over"),
    ],
)
def test_a_strategy_that_ends_its_process_is_a_report_with_the_reason(name: str, reason: str, origin: Origin):
    assert conduct(trial(name, origin.url("/bytes/1"))).failure == reason


def test_a_trial_that_gets_no_process_is_a_report_with_the_reason(monkeypatch: pytest.MonkeyPatch):
    def full(*arguments: object, **more: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(subprocess, "Popen", full)
    assert conduct(trial("epoll", "http://127.0.0.1:1/")).failure == "it gets no process: no more processes"


@pytest.mark.usefixtures("strangers")
def test_a_strategy_that_hangs_is_ended_and_told(origin: Origin):
    assert conduct(trial("hangs", origin.url("/bytes/1"), limit=1.0)).failure == "it took longer than 1 s"


@pytest.mark.usefixtures("strangers")
def test_a_trial_whose_starter_is_gone_ends_by_itself():
    order = msgspec.json.encode(trial("hangs", "http://127.0.0.1/", warm_up=0, limit=0.1))
    orphan = [sys.executable, "-m", "fetchmux.compare.child", "1"]
    done = subprocess.run(orphan, input=order, timeout=60, check=False, stdout=subprocess.DEVNULL)
    assert done.returncode == -signal.SIGALRM


def test_the_clock_runs_from_the_first_request_to_the_last_record(monkeypatch: pytest.MonkeyPatch):
    ticks = iter([10.0, 11.0, 13.0])
    monkeypatch.setattr(gathering, "time", types.SimpleNamespace(perf_counter=lambda: next(ticks)))
    taking = Gathering(2)
    urls = taking.urls_in_turn(("a", "b"), 2)
    for index, url in enumerate(urls):
        taking.write(result(index, url))
    # No tick is left: whatever comes later, such as joining threads, is in no time.
    assert taking.report(trial("x", "", requests=2)).wall == 3.0


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize("backend", ["epoll", "threads", "asks-unpatched"])
def test_the_trial_of_gevent_is_patched_and_no_other_is(backend: str, origin: Origin):
    assert conduct(trial("gevent", origin.url("/bytes/1"))).failure is None
    assert conduct(trial(backend, origin.url("/bytes/1"))).failure is None


@pytest.mark.usefixtures("strangers")
def test_a_process_that_a_strategy_leaves_behind_holds_nothing_up_and_is_ended(origin: Origin):
    report = conduct(trial("leaves-a-child", origin.url("/bytes/1"), warm_up=0))
    assert (report.failure, report.ok) == (None, 20)


@pytest.mark.usefixtures("strangers")
def test_what_a_strategy_prints_does_not_reach_its_report(origin: Origin):
    report = conduct(trial("chatters", origin.url("/bytes/1")))
    assert (report.failure, report.ok) == (None, 20)


@pytest.mark.usefixtures("strangers")
def test_a_strategy_whose_fetches_fail_is_measured_with_its_failures(origin: Origin):
    report = conduct(trial("lazy", origin.url("/bytes/1")))
    assert (report.failure, report.ok, report.failed, report.codes) == (None, 0, 20, {"timeout": 20})


@pytest.mark.usefixtures("strangers")
def test_a_trial_sees_only_the_settings_on_the_list(origin: Origin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "environ", {"LC_X": "", "http_proxy": "http://127.0.0.1:1/", "SECRET": "1", **os.environ})
    failure = conduct(trial("lists-its-environment", origin.url("/bytes/1"), warm_up=0)).failure
    assert failure is not None
    seen = set(failure.removeprefix("RuntimeError: ").split())
    assert {"LC_X", "PATH", "PYTHONPATH", "PYTHONHASHSEED"} <= seen
    # Python itself may add a locale.
    passed = {"HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ", "VIRTUAL_ENV"}
    assert {name for name in seen if not name.startswith("LC_")} <= passed | {"PYTHONPATH", "PYTHONHASHSEED"}


def test_a_file_where_the_user_happens_to_be_is_no_module_of_a_trial(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whoever learns about gevent has a gevent.py."""
    for name in ("gevent", "random", "selectors"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('a file of the user')")
    monkeypatch.chdir(tmp_path)
    assert conduct(trial("gevent", origin.url("/bytes/1"))).failure is None


def test_before_a_strategy_prepares_its_process_nothing_is_imported_that_it_may_have_to_replace():
    program = (
        "import sys, fetchmux.compare.child\n"
        "from fetchmux.backends import registry\n"
        "registry.load(registry.find('gevent'))\n"
        "print({'socket', 'ssl', 'select', 'selectors', 'threading', 'subprocess', 'queue'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60)
    assert done.stdout == "set()\n"


def test_the_warm_up_is_fetched_and_in_no_number():
    asked: list[str] = []

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if len(asked) > 3 else 500)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        report = conduct(trial("sequential", url, requests=5, warm_up=3))
        server.shutdown()
    # Three, and three passes of five, since five are soon over.
    assert len(asked) == 3 + 3 * 5
    assert (report.statuses, len(report.spans.latencies())) == ({200: 5}, 5)


@pytest.mark.usefixtures("strangers")
def test_a_report_that_is_larger_than_a_pipe_arrives_whole():
    report = conduct(trial("lazy", "http://127.0.0.1:1/", requests=30_000, warm_up=0))
    assert (report.failure, len(report.spans.latencies())) == (None, 30_000)
    assert len(msgspec.json.encode(report)) > 1 << 16


@pytest.mark.usefixtures("strangers")
def test_a_process_that_does_not_end_after_its_report_is_ended_and_its_report_counts(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(launch, "_PARTING", 0.1)
    report = conduct(trial("lingers", origin.url("/bytes/1"), warm_up=0))
    assert (report.failure, report.ok) == (None, 20)


def test_what_a_trial_cost_is_counted_while_its_clock_runs(monkeypatch: pytest.MonkeyPatch):
    costs = iter([measure.Cost(1.0, 2.0, 3, 4), measure.Cost(1.5, 2.25, 13, 6)])
    served = iter([7.0, 7.5])
    monkeypatch.setattr(measure, "own_cost", lambda: next(costs))
    monkeypatch.setattr(measure, "cpu_of", lambda pid: next(served))
    taking = Gathering(2, server=1)
    for index, url in enumerate(taking.urls_in_turn(("a", "b"), 2)):
        taking.write(result(index, url))
    assert taking.spent == measure.Cost(0.5, 0.25, 10, 2)
    assert taking.report(trial("x", "", requests=2)).cpu_server == 0.5


def test_the_cpu_of_children_is_in_that_of_a_trial(origin: Origin):
    """All that `processes` has sockets for is done by its children."""
    report = conduct(trial("processes", origin.url("/bytes/1"), requests=50))
    assert (report.failure, report.ok) == (None, 50)
    assert report.voluntary > 50
