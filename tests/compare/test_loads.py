"""Trials under loads that are not the usual one, against an origin that plays along."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fetchmux.compare import ceiling, certificate, division, launch, syscalls
from fetchmux.compare.bare import Answer, Order
from fetchmux.compare.launch import conduct
from fetchmux.compare.trial import Trial
from fetchmux.origin.launch import Origin
from tests.compare.conftest import setting, trial
from tests.needs import tool

HOLDERS = ("epoll", "threads", "gevent", "processes", "asyncio", "greenlet")


def beside(origin: Origin, backend: str, idle: int) -> Trial:
    plain = trial(backend, origin.url("/bytes/100"), requests=30)
    return msgspec.structs.replace(plain, idle=idle, idle_url=origin.url("/silent"))


@pytest.mark.parametrize("backend", HOLDERS)
def test_silent_connections_stand_while_the_clock_runs_and_are_in_no_number(origin: Origin, backend: str):
    report = conduct(beside(origin, backend, 20))
    assert (report.failure, report.ok, report.failed, report.codes) == (None, 30, 0, {})
    assert len(report.spans.wait) == 30
    assert report.window == 4
    assert report.descriptors >= 20
    assert report.digest == conduct(trial(backend, origin.url("/bytes/100"), requests=30)).digest


def test_select_holds_no_more_than_it_can_watch(origin: Origin):
    failure = conduct(beside(origin, "select", 1_100)).failure
    assert (failure or "").startswith("it cannot hold 1,100 silent connections: the window is narrowed to 1,0")


def test_work_on_each_response_takes_cpu_one_after_the_other(origin: Origin):
    plain = trial("epoll", origin.url("/bytes/1"), requests=10)
    report = conduct(msgspec.structs.replace(plain, work=0.01))
    assert report.cpu_user + report.cpu_system >= 0.1
    assert report.wall >= 0.1


@pytest.mark.parametrize("backend", ["epoll", "gevent", "processes"])
def test_several_processes_fetch_what_one_does(origin: Origin, backend: str):
    pages = tuple(origin.url(f"/bytes/100?seed={seed}") for seed in range(5))
    plain = msgspec.structs.replace(trial(backend, "", requests=33), urls=pages, server=origin.pid)
    alone, divided = conduct(plain), conduct(msgspec.structs.replace(plain, processes=3))
    assert (divided.failure, divided.ok, divided.statuses) == (None, 33, {200: 33})
    assert divided.digest == alone.digest
    assert divided.window == 4
    assert sorted(trace.number for trace in divided.traces) == list(range(33))
    assert len(divided.spans.queued) == len(divided.spans.receive) == 33
    assert all(trace.ended <= divided.wall + 1e-6 for trace in divided.traces)
    assert divided.cpu_server is not None


def test_requests_and_window_are_divided_without_rest():
    whole = msgspec.structs.replace(trial("epoll", "", requests=10), urls=("a", "b", "c"), processes=4)
    parts = division.shares(whole)
    assert [part.requests for part in parts] == [3, 3, 2, 2]
    assert [part.options["concurrency"] for part in parts] == [1, 1, 1, 1]
    # The fifth request of all is the second one of the first process.
    asked = {place + turn * 4: url for place, part in enumerate(parts) for turn, url in enumerate(part.urls)}
    assert [asked[number] for number in range(10)] == list("abcabcabca")
    assert len(division.shares(msgspec.structs.replace(whole, requests=2))) == 2


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize("name", ["crashes", "leaves", "killed"])
def test_a_process_that_dies_of_several_is_a_report_with_a_failure(origin: Origin, name: str):
    broken = msgspec.structs.replace(trial(name, origin.url("/bytes/1"), warm_up=0), processes=2)
    assert conduct(broken).failure == "one of its processes ended without a report"


def test_what_is_lost_is_tried_again_and_comes_in_the_end(origin: Origin):
    plain = trial("epoll", origin.url("/bytes/100?lossy=10"), requests=30)
    report = conduct(msgspec.structs.replace(plain, options={**plain.options, "retries": 8}))
    assert (report.failure, report.ok, report.statuses) == (None, 30, {200: 30})
    without = conduct(plain)
    assert 503 in without.statuses
    assert "connection-lost" in without.codes


@tool("openssl")
def test_a_trial_trusts_the_certificate_that_was_made_for_it_and_no_other(tmp_path: Path):
    files = certificate.make(tmp_path)
    with Origin(certificate=files) as origin:
        assert origin.url().startswith("https://")
        plain = trial("epoll", origin.url("/bytes/100"))
        report = conduct(msgspec.structs.replace(plain, cacert=files[0]))
        assert (report.failure, report.ok) == (None, 20)
        assert conduct(plain).codes == {"tls-failed": 20}


def test_without_openssl_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    assert "apt-get install openssl" in (certificate.missing() or "")
    assert "apt-get install strace" in (syscalls.missing() or "")


@pytest.mark.parametrize("keep_alive", [False, True])
def test_the_bare_loop_asks_as_often_as_it_was_told_to(origin: Origin, keep_alive: bool):
    """A server that is asked more or less often than it is thought has another ceiling."""
    order = Order(origin.address, ["/bytes/100?seed=1", "/bytes/100?seed=2"], 50, 7, keep_alive)
    answer = msgspec.json.decode(launch.ask("bare", msgspec.json.encode(order), 30.0), type=Answer)
    assert answer.wall > 0
    assert answer.cpu > 0


def test_the_ceiling_is_what_the_origin_can_do_without_delay(origin: Origin):
    made = setting(urls=("/bytes/100?delay=0.01&seed=0",), requests=20, concurrency=4, delay=0.01, limit=30.0)
    found = ceiling.calibrate(made, origin)
    assert found is not None
    # Four at once, ten milliseconds each, are 400 a second at most; the same without delay are many more.
    assert found.floor >= 20 / 4 * 0.01
    assert found.rate > 400
    assert ceiling.calibrate(setting(tls=True), origin) is None


def test_calls_are_counted_between_the_marks_and_once():
    lines = [
        '1 openat(AT_FDCWD, "/etc", O_RDONLY) = 3',
        '1 access("/fetchmux/clock", F_OK) = -1 ENOENT',
        "1 epoll_wait(3,  <unfinished ...>",
        "2 close(4) = 0",
        "1 <... epoll_wait resumed>[], 1, 10) = 0",
        "1 --- SIGCHLD {si_signo=SIGCHLD} ---",
        "2 close(5) = 0",
        '1 access("/fetchmux/clock", F_OK) = -1 ENOENT',
        "1 close(6) = 0",
    ]
    assert syscalls.tally(lines) == {"close": 2, "epoll_wait": 1}


@tool("strace")
def test_the_calls_of_a_strategy_are_counted_by_name(origin: Origin):
    counted = syscalls.count(trial("epoll", origin.url("/bytes/1"), requests=20))
    assert counted["socket"] == counted["connect"] == 20
    assert "select" not in counted
    assert counted["epoll_ctl"] >= 20
