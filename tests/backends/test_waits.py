"""Each strategy waits in the way its name says: strace watches its system calls."""

from __future__ import annotations

import collections
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin
from fetchmux.rehearsal import Rehearsal, Scene
from tests.backends.available import strategies, strategy
from tests.needs import tool

pytestmark = tool("strace")

WAITS = {"select", "pselect6", "poll", "ppoll", "epoll_wait", "epoll_pwait", "epoll_pwait2"}
SOCKET_CALLS = {"socket", "connect", "sendto", "recvfrom"}
TRACED = (*sorted(WAITS | SOCKET_CALLS), "clone", "clone3", "close", "epoll_ctl", "io_uring_enter")
EPOLL = {"epoll_wait", "epoll_pwait", "epoll_pwait2"}
REQUESTS = 12
# A server of its own process whose endless body comes faster than anybody can hash it.
FLOOD = r"""
import contextlib, socket, threading
def answer(peer):
    with peer, contextlib.suppress(OSError):
        if b"/small" in peer.recv(65536):
            peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
            return
        peer.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        while True:
            peer.sendall(piece)
piece = bytes(4 << 20)
with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
    print(listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
"""
CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$")


class Call:
    """One line of strace: which thread, which call, its arguments and its result."""

    def __init__(self, thread: str, name: str, rest: str) -> None:
        self.thread = thread
        self.name = name
        self.rest = rest
        self.unfinished = rest.endswith("<unfinished ...>")


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def trace(
    backend: str,
    origin: Origin,
    folder: Path,
    *,
    keep_alive: bool = False,
    window: int = REQUESTS,
    first: str = "connect",
) -> list[Call]:
    """The calls of `fetchmux get` while it fetches from a server that takes a moment for each reply.

    Those before the first connection (or the first call of another name) are left out: they belong to Python's start.
    """
    log = folder / "strace"
    urls = [origin.url(f"/bytes/100?delay=0.1&n={number}") for number in range(REQUESTS)]
    command = [sys.executable, "-m", "fetchmux", "get", "-b", backend, "-c", str(window), "-o", str(folder / "out")]
    command += [] if keep_alive else ["--no-keep-alive"]
    strace = ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=" + ",".join(f"?{name}" for name in TRACED)]
    subprocess.run([*strace, *command, *urls], check=True, timeout=120)
    assert len((folder / "out").read_text().splitlines()) == REQUESTS
    calls = [Call(*match.groups()) for line in log.read_text().splitlines() if (match := CALL.match(line))]
    begin = next(n for n, call in enumerate(calls) if call.name == first != "connect" or "AF_INET" in call.rest)
    started = [number for number, call in enumerate(calls[:begin]) if call.name in ("clone", "clone3")]
    return calls[started[0] if started else begin :]


def count(calls: list[Call]) -> collections.Counter[str]:
    """How often each call was made."""
    return collections.Counter(call.name for call in calls if not call.unfinished)


def control(call: Call) -> str:
    """What an epoll_ctl does."""
    return call.rest.split(", ")[1]


def most_open(calls: list[Call]) -> int:
    """The most connections that were open at the same time."""
    opened: set[str] = set()
    most = 0
    for call in calls:
        fd = call.rest.partition(",")[0].partition(")")[0]
        if call.name == "connect" and "AF_INET" in call.rest:
            opened.add(fd)
        elif call.name == "close":
            opened.discard(fd)
        most = max(most, len(opened))
    return most


def requests_before_the_first_reply(calls: list[Call]) -> int:
    """How many requests were on their way when the first byte of a reply was read."""
    sent = 0
    for call in calls:
        if call.name == "sendto" and "GET " in call.rest:
            sent += 1
        elif call.name == "recvfrom" and '"HTTP/' in call.rest:
            return sent
    return sent


def test_sequential_blocks_with_never_two_connections(origin: Origin, tmp_path: Path) -> None:
    calls = trace("sequential", origin, tmp_path)
    assert most_open(calls) == 1
    assert requests_before_the_first_reply(calls) == 1
    assert count(calls)["clone"] + count(calls)["clone3"] == 0
    # It is connect, send and recv that wait, and no question for readiness before them.
    assert not {name for name in count(calls) if name in WAITS}


def test_threads_clones_a_thread_for_each_request(origin: Origin, tmp_path: Path) -> None:
    calls = trace("threads", origin, tmp_path)
    assert count(calls)["clone"] + count(calls)["clone3"] == REQUESTS
    assert len({call.thread for call in calls if call.name == "sendto"}) == REQUESTS
    assert requests_before_the_first_reply(calls) == REQUESTS


@pytest.mark.parametrize(
    ("backend", "waits"),
    [
        ("select", {"select", "pselect6"}),
        ("callbacks", {"select", "pselect6"}),
        ("poll", {"poll", "ppoll"}),
        ("epoll", EPOLL),
        ("epoll-et", EPOLL),
        ("generator", EPOLL),
        ("greenlet", EPOLL),
    ],
)
def test_a_loop_waits_in_its_own_call_and_no_other(
    backend: str, waits: set[str], origin: Origin, tmp_path: Path
) -> None:
    calls = trace(backend, origin, tmp_path)
    made = {name for name in count(calls) if name in WAITS}
    assert made
    assert made <= waits
    assert count(calls)["clone"] + count(calls)["clone3"] == 0
    assert requests_before_the_first_reply(calls) == REQUESTS


def test_a_thread_pool_has_as_many_threads_as_the_window_and_uses_them_again(origin: Origin, tmp_path: Path) -> None:
    calls = trace("thread-pool", origin, tmp_path, window=4)
    assert count(calls)["clone"] + count(calls)["clone3"] == 4
    assert len({call.thread for call in calls if call.name == "sendto"}) == 4
    assert most_open(calls) == 4


def test_edge_triggered_epoll_registers_each_socket_once(origin: Origin, tmp_path: Path) -> None:
    by_edge, by_level = (
        collections.Counter(control(call) for call in trace(backend, origin, tmp_path) if call.name == "epoll_ctl")
        for backend in ("epoll-et", "epoll")
    )
    assert by_edge == {"EPOLL_CTL_ADD": REQUESTS}
    assert by_level == {"EPOLL_CTL_ADD": REQUESTS, "EPOLL_CTL_MOD": REQUESTS}


@pytest.mark.parametrize("backend", ["gevent", "gevent-native"])
def test_gevent_overlaps_its_waits_in_one_thread(backend: str, origin: Origin, tmp_path: Path) -> None:
    calls = trace(backend, origin, tmp_path)
    assert count(calls)["clone"] + count(calls)["clone3"] == 0
    assert len({call.thread for call in calls}) == 1
    assert requests_before_the_first_reply(calls) == REQUESTS
    made = {name for name in count(calls) if name in WAITS}
    assert made & EPOLL
    assert not made & {"poll", "ppoll", "select", "pselect6"}


def test_after_a_send_a_loop_waits_before_it_receives(origin: Origin, tmp_path: Path) -> None:
    """A receive that finds nothing is a wasted call: there is none."""
    calls = trace("epoll", origin, tmp_path)
    assert [call.rest for call in calls if call.name == "recvfrom" and "EAGAIN" in call.rest] == []


@pytest.mark.parametrize("backend", strategies("asyncio", "asyncio-uvloop", "twisted"))
def test_coroutines_and_callbacks_wait_in_epoll_in_one_thread(backend: str, origin: Origin, tmp_path: Path) -> None:
    calls = trace(backend, origin, tmp_path)
    assert count(calls)["clone"] + count(calls)["clone3"] == 0
    assert len({call.thread for call in calls}) == 1
    assert {name for name in count(calls) if name in WAITS} <= EPOLL
    assert requests_before_the_first_reply(calls) == REQUESTS


def test_each_of_many_processes_holds_one_connection(origin: Origin, tmp_path: Path) -> None:
    calls = trace("processes", origin, tmp_path)
    connected = {call.thread for call in calls if call.name == "connect" and "AF_INET" in call.rest}
    assert len(connected) == REQUESTS
    # Each request waits in a process of its own, however long strace makes the births of the others.
    assert requests_before_the_first_reply(calls) > 1
    for process in connected:
        own = [call for call in calls if call.thread == process]
        assert most_open(own) == 1
        assert {name for name in count(own) if name in WAITS} <= {"poll", "ppoll"}
    # The one process that has none of the connections waits for all the others, and touches no socket but theirs.
    assert any(call.name in EPOLL for call in calls if call.thread not in connected)


def test_a_process_is_used_again(origin: Origin, tmp_path: Path) -> None:
    calls = trace("processes", origin, tmp_path, window=4)
    assert len({call.thread for call in calls if call.name == "connect" and "AF_INET" in call.rest}) == 4


@strategy("io_uring")
def test_io_uring_makes_no_call_for_a_socket_itself(origin: Origin, tmp_path: Path) -> None:
    calls = trace("io_uring", origin, tmp_path, first="io_uring_enter")
    made = count(calls)
    assert not (WAITS | SOCKET_CALLS | {"clone", "clone3"}) & set(made)
    # Five operations for each request, and several in one call.
    assert made["io_uring_enter"] < 5 * REQUESTS


@pytest.mark.parametrize(
    "backend",
    [
        *["threads", "gevent", "poll", "epoll", "epoll-et", "generator", "greenlet", "gevent-native"],
        *strategies("asyncio", "asyncio-uvloop", "twisted", "processes", "io_uring"),
    ],
)
def test_a_body_that_is_always_ready_does_not_keep_others_waiting(backend: str) -> None:
    """Who need not wait must let others go on: all small replies come before the endless one is given up."""
    with subprocess.Popen([sys.executable, "-c", FLOOD], stdout=subprocess.PIPE, text=True) as flood:
        assert flood.stdout is not None
        host = f"http://127.0.0.1:{int(flood.stdout.readline())}"
        try:
            with Rehearsal(backend) as rehearsal:
                options = {"concurrency": 2, "keep_alive": False, "body": "digest", "timeout": 2.0}
                outcome = rehearsal.play(Scene(urls=[f"{host}/flood", *[f"{host}/small"] * 40], options=options))
        finally:
            flood.kill()
    assert outcome.results[-1].index == 0
    assert sum(result.ok for result in outcome.results) == 40
