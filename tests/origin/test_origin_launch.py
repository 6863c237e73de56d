"""How an origin's process begins and ends."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchmux.origin import server
from fetchmux.origin.launch import Origin, OriginFailed, refused_port

from .talk import TIMEOUT, collect, connect, fetch


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def ended(process: int) -> bool:
    """Wait until a process has ended, be it our child or not."""
    poller = select.poll()
    poller.register(process, select.POLLIN)
    return bool(poller.poll(TIMEOUT * 1000))


def test_an_origin_tells_where_it_is(good: Origin) -> None:
    host, port = good.address
    assert host == "127.0.0.1"
    assert good.url("/x") == f"http://127.0.0.1:{port}/x"
    assert good.pid not in (0, os.getpid())


@pytest.mark.parametrize("kind", ["good", "bad"])
def test_after_the_block_the_process_is_gone_and_reaped_whatever_its_clients_did(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDEVMODE", "1")
    with Origin("bad" if kind == "bad" else "good") as origin, connect(origin) as idle, connect(origin) as waiting:
        waiting.sendall(b"GET /never?delay=3000 HTTP/1.0\r\n\r\n")
        fetch(origin, "/")
        pid, address = origin.pid, origin.address
    assert origin.complaints == ""
    assert idle.fileno() == -1
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, TIMEOUT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["good", "bad"])
def test_a_signal_ends_it_with_status_0_and_closes_its_connections(kind: str, number: signal.Signals) -> None:
    command = [sys.executable, "-X", "dev", "-m", "fetchmux.origin", "--kind", kind]
    with subprocess.Popen(
        command, cwd=Path(server.__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline().rsplit(b":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
            client.sendall(b"GET /keep HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(1)
            child.send_signal(number)
            assert collect(client)[1] == "end"
        assert child.communicate(timeout=TIMEOUT) == (b"", b"")
        assert child.returncode == 0


@pytest.mark.parametrize("kind", ["good", "bad"])
def test_a_stopped_child_does_not_keep_its_parent(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fetchmux.origin.launch._PARTING", 0.05)
    with Origin("bad" if kind == "bad" else "good") as origin:
        os.kill(origin.pid, signal.SIGSTOP)
    with pytest.raises(ProcessLookupError):
        os.kill(origin.pid, 0)


def test_a_child_ends_when_its_parent_is_killed() -> None:
    script = "from fetchmux.origin.launch import *\nwith Origin() as origin: print(origin.pid, flush=True); input()"
    root = Path(server.__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        process = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.kill()
            assert ended(process)
        finally:
            os.close(process)


def test_a_child_that_cannot_listen_raises_with_what_it_said(taken: int) -> None:
    with pytest.raises(OriginFailed, match="in use"):
        Origin(port=taken).__enter__()


def test_a_machine_without_room_for_a_process_is_told_as_a_failure_of_the_origin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*arguments: object, **more: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(subprocess, "Popen", full)
    with pytest.raises(OriginFailed, match="no more processes"), Origin():
        pass


def test_a_child_that_says_nothing_in_time_is_ended() -> None:
    with pytest.raises(OriginFailed, match="said nothing"):
        Origin(patience=0.0).__enter__()


@pytest.mark.parametrize("arguments", [{"port": 70000}, {"host": "not a host"}])
def test_an_address_that_makes_no_sense_is_a_sentence_and_no_traceback(arguments: dict[str, object]) -> None:
    with pytest.raises(OriginFailed) as caught:
        Origin(**arguments).__enter__()  # type: ignore[arg-type]
    assert "Traceback" not in str(caught.value)
    assert "no message" not in str(caught.value)


def test_a_port_in_use_is_an_oserror_before_anything_is_announced(taken: int) -> None:
    announced: list[str] = []
    with pytest.raises(OSError, match="in use"):
        server.serve(port=taken, announce=announced.append)
    assert announced == []


def test_a_stopped_origin_leaves_its_port_to_the_next_one() -> None:
    with Origin() as first, connect(first) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        collect(client)
        port = first.address[1]
    with Origin(port=port) as second:
        assert second.address[1] == port


@pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
def test_an_ipv6_address_stands_in_brackets() -> None:
    if "00000000000000000000000000000001" not in Path("/proc/net/if_inet6").read_text():
        pytest.skip("no IPv6 loopback here")
    with Origin(host="::1") as origin:
        assert origin.url("/").startswith("http://[::1]:")
        assert fetch(origin, "/bytes/3")[0] == 200


def test_a_refused_port_refuses_and_stays_reserved() -> None:
    with refused_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), TIMEOUT)
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))


def test_the_launcher_loads_no_gevent() -> None:
    script = "import sys, fetchmux.origin.launch, fetchmux.origin.bad.behaviours; sys.exit('gevent' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=Path(server.__file__).parents[2]).returncode == 0
