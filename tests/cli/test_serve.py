"""`fetchmux serve` is the origin alone: it says where it is, answers, and ends on a signal."""

from __future__ import annotations

import signal
import socket
import urllib.request

import pytest

from tests.cli import shell


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_line_is_the_base_url_and_a_signal_ends_it_well(number: signal.Signals):
    with shell.running("serve", "--port", "0") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        base = process.stdout.readline().decode().strip()
        with urllib.request.urlopen(f"{base}/bytes/5") as reply:
            assert len(reply.read()) == 5
        process.send_signal(number)
        assert (process.wait(), process.stdout.read(), process.stderr.read()) == (0, b"", b"")


def test_a_port_in_use_is_one_line_and_status_2():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = shell.run("serve", "--port", str(port))
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode() == f"fetchmux: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


@pytest.mark.parametrize("options", [["--port", "70000"], ["--port", "x"], ["--host", "256.0.0.1"]])
def test_an_address_that_cannot_be_is_a_wrong_use(options: list[str]):
    result = shell.run("serve", *options)
    assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (2, b"", 1)
    assert result.stderr.startswith(b"fetchmux: ")
