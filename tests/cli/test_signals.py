"""Ctrl-C and SIGTERM stop a run in good order; a second signal cancels it, a third ends the process at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from fetchmux.cli.signals import Interruption
from fetchmux.origin.launch import Origin
from tests.cli import shell

WINDOW = 5


def wait_until_waiting(origin: Origin, count: int) -> None:
    """Until so many requests have reached the server and have no answer yet."""
    limit = time.monotonic() + shell.PATIENCE
    while True:
        with urllib.request.urlopen(origin.url("/waiting")) as reply:
            waiting = json.load(reply)["now"]
        if waiting == count:
            return
        assert time.monotonic() < limit, f"{waiting} requests wait, not {count}"
        time.sleep(0.01)


def begin(process: subprocess.Popen[bytes], origin: Origin, in_flight: int) -> None:
    """Feed three quick inputs and many that stay without an answer; the input does not end."""
    assert process.stdin is not None
    quick, silent = origin.url("/bytes/1"), origin.url("/delay/3600")
    process.stdin.write("\n".join([*[quick] * 3, *[silent] * 50, ""]).encode())
    process.stdin.flush()
    wait_until_waiting(origin, in_flight)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_writes_what_is_done_and_counts_the_rest(own_origin: Origin, backend: str, number: signal.Signals):
    in_flight = 1 if backend == "sequential" else WINDOW
    with shell.running("get", "-b", backend, "-c", str(WINDOW), "--grace", "0") as process:
        begin(process, own_origin, in_flight)
        process.send_signal(number)
        assert process.stdout is not None
        assert process.stderr is not None
        records = shell.records(process.stdout.read())
        complaint = process.stderr.read().decode()
        assert process.wait() == 128 + number
    codes = [record["error"] and record["error"]["code"] for record in records]
    assert codes[:3] == [None] * 3
    assert set(codes[3:]) == {"cancelled"}
    assert len(codes) >= 3 + in_flight
    assert complaint == (
        f"fetchmux: interrupted: 3 done, {len(codes) - 3} cancelled; the rest of the input was not read\n"
    )


def test_an_interrupted_run_whose_input_was_read_says_nothing_of_a_rest(own_origin: Origin):
    with shell.running("get", "--grace", "0", own_origin.url("/delay/3600")) as process:
        wait_until_waiting(own_origin, 1)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read() == b"fetchmux: interrupted: 0 done, 1 cancelled\n"
        assert process.wait() == 130


def test_quiet_is_quiet_about_an_interruption_too(own_origin: Origin):
    with shell.running("get", "-q", "--grace", "0", own_origin.url("/delay/3600")) as process:
        wait_until_waiting(own_origin, 1)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert (process.stderr.read(), process.wait()) == (b"", 143)


def test_the_first_signal_lets_what_is_in_flight_end(own_origin: Origin, backend: str):
    with shell.running("get", "-b", backend, "-c", "2", "--grace", "1h") as process:
        assert process.stdin is not None
        process.stdin.write((f"{own_origin.url('/delay/1')}\n" * 9).encode())
        process.stdin.flush()
        in_flight = 1 if backend == "sequential" else 2
        wait_until_waiting(own_origin, in_flight)
        process.send_signal(signal.SIGINT)
        output, complaint = process.communicate()
    assert process.returncode == 130
    codes = [record["error"] and record["error"]["code"] for record in shell.records(output)]
    assert codes.count(None) == in_flight
    assert set(codes) <= {None, "cancelled"}
    assert f"{in_flight} done, {len(codes) - in_flight} cancelled" in complaint.decode()


def test_the_second_signal_cancels_what_is_in_flight(own_origin: Origin, backend: str):
    with shell.running("get", "-b", backend, "--grace", "1h", own_origin.url("/delay/3600")) as process:
        wait_until_waiting(own_origin, 1)
        # Of different kinds, so that none is lost should both come at once.
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        output, complaint = process.communicate()
    assert process.returncode in (130, 143)
    assert [record["error"]["code"] for record in shell.records(output)] == ["cancelled"]
    assert complaint.startswith(b"fetchmux: interrupted: 0 done, 1 cancelled")


def test_the_third_signal_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch):
    done: list[str] = []
    monkeypatch.setattr(os, "_exit", sys.exit)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        with Interruption() as interruption:
            interruption.grace = 3600.0
            interruption.stop = lambda: done.append("stop")
            interruption.cancel = lambda: done.append("cancel")
            signal.raise_signal(signal.SIGTERM)
            assert (interruption.status, done) == (143, ["stop"])
            signal.raise_signal(signal.SIGINT)
            assert (interruption.status, done) == (143, ["stop", "cancel"])
            with pytest.raises(SystemExit, match="143"):
                signal.raise_signal(signal.SIGINT)
            assert done == ["stop", "cancel"]
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)


def test_without_a_signal_the_handlers_are_given_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interruption() as interruption:
        assert signal.getsignal(signal.SIGINT) not in before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert interruption.status is None


def test_a_signal_before_anything_has_begun_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit, match="130"), Interruption():
        signal.raise_signal(signal.SIGINT)
