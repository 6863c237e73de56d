"""What happens to the pool when somebody kills a part of it, or what it belongs to."""

from __future__ import annotations

import collections
import errno
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from fetchmux.backends import _courier
from fetchmux.origin.launch import Origin
from tests.backends.available import strategy

pytestmark = strategy("processes")

WINDOW = 8
REQUESTS = 400


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def children(pid: int) -> list[int]:
    """The children of a process, oldest first."""
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come; a test that waits for ever has failed."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def fetch(origin: Origin, folder: pathlib.Path) -> subprocess.Popen[bytes]:
    """A run that has begun, with all its processes."""
    (folder / "urls").write_text("".join(origin.url(f"/delay/0.02?n={n}\n") for n in range(REQUESTS)))
    command = [sys.executable, "-m", "fetchmux", "get", "-b", "processes", "-c", str(WINDOW), "--no-keep-alive"]
    run = subprocess.Popen([*command, "-i", str(folder / "urls"), "-o", str(folder / "out")], stderr=subprocess.PIPE)
    until(lambda: any(len(children(nursery)) == WINDOW for nursery in children(run.pid)))
    return run


def ends(folder: pathlib.Path) -> collections.Counter[str]:
    """How the inputs have ended, each of them once."""
    records = [json.loads(line) for line in (folder / "out").read_text().splitlines()]
    assert sorted(record["index"] for record in records) == list(range(REQUESTS))
    return collections.Counter("ok" if record["ok"] else record["error"]["code"] for record in records)


def test_a_killed_process_costs_its_own_request_and_is_replaced(origin: Origin, tmp_path: pathlib.Path) -> None:
    with fetch(origin, tmp_path) as run:
        (nursery,) = children(run.pid)
        for victim in children(nursery)[:3]:
            os.kill(victim, signal.SIGKILL)
        until(lambda: len(children(nursery)) == WINDOW or run.poll() is not None)
        assert run.wait(60) in (0, 1)
    came_to = ends(tmp_path)
    assert came_to["ok"] + came_to["internal"] == REQUESTS
    assert came_to["internal"] <= 3


def test_the_process_that_forks_is_replaced_when_it_is_needed(origin: Origin, tmp_path: pathlib.Path) -> None:
    with fetch(origin, tmp_path) as run:
        (nursery,) = children(run.pid)
        couriers = children(nursery)
        os.kill(nursery, signal.SIGKILL)
        os.kill(couriers[0], signal.SIGKILL)
        assert run.wait(60) in (0, 1)
    came_to = ends(tmp_path)
    assert came_to["ok"] + came_to["internal"] == REQUESTS
    # The one that was killed, and perhaps one that was asked for while the nursery was dying.
    assert came_to["internal"] <= 2
    until(lambda: not any(pathlib.Path(f"/proc/{courier}").exists() for courier in couriers))


def test_no_process_outlives_a_killed_parent(origin: Origin, tmp_path: pathlib.Path) -> None:
    with fetch(origin, tmp_path) as run:
        (nursery,) = children(run.pid)
        family = [nursery, *children(nursery)]
        run.kill()
    until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in family))


def test_an_order_for_which_there_is_no_process_is_answered_with_the_shortage(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", full)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            ours.send(b"C")
            _courier._bear(ours, theirs, set())
        assert ours.recv(100) == b"-%d" % errno.ENOMEM
