"""SIGUSR1 makes a run tell what it is doing, and go on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchmux import offspring
from fetchmux.cli.snapshot import MOST_SLOTS, snapshot
from fetchmux.origin.launch import Origin
from fetchmux.session import Slot, Tally
from tests.cli import shell
from tests.cli.test_signals import wait_until_waiting


def ask(process: subprocess.Popen[bytes], lines: int) -> list[str]:
    process.send_signal(signal.SIGUSR1)
    assert process.stderr is not None
    return [process.stderr.readline().decode() for _ in range(lines)]


def ask_when_sent(process: subprocess.Popen[bytes], lines: int) -> list[str]:
    """The server may have a request before the run has noted that it is sent."""
    limit = time.monotonic() + shell.PATIENCE
    while " send" in (told := ask(process, lines))[0]:
        assert time.monotonic() < limit
    return told


def test_each_slot_tells_what_it_waits_for_under_every_strategy(own_origin: Origin, backend: str):
    url = own_origin.url("/delay/3600")
    count = 1 if backend == "sequential" else 2
    with shell.running("get", "-b", backend, "--grace", "0", *[url] * count) as process:
        wait_until_waiting(own_origin, count)
        for _ in range(2):
            counts, *slots = ask_when_sent(process, 1 + count)
            assert counts == f"fetchmux: 0 done, 0 failed, 0 B, {count} in flight: {count} head\n"
            assert all(line.startswith("  head ") and line.endswith(f"  {url}\n") for line in slots)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate()
    assert len(shell.records(output)) == count


def test_processes_are_told_apart(own_origin: Origin):
    url = own_origin.url("/delay/3600")
    with shell.running("get", "--processes", "2", "--grace", "0", url, url) as process:
        wait_until_waiting(own_origin, 2)
        assert "2 in flight: 1 process 1, 1 process 2\n" in ask(process, 3)[0]
        process.send_signal(signal.SIGTERM)
        process.communicate()


def descendants(pid: int) -> Iterator[int]:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(child)
        yield from descendants(int(child))


@pytest.mark.skipif(not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="needs /proc of Linux")
@pytest.mark.parametrize("options", [["-b", "processes"], ["--processes", "2"]])
def test_who_asks_all_processes_at_once_gets_one_answer_and_ends_none(own_origin: Origin, options: list[str]):
    url = own_origin.url("/delay/1")
    with shell.running("get", *options, "--retries", "0", url, url, start_new_session=True) as process:
        wait_until_waiting(own_origin, 2)
        others = [*descendants(process.pid)]
        assert len(others) >= 2
        for pid in others:
            os.kill(pid, signal.SIGUSR1)
        os.killpg(process.pid, signal.SIGUSR1)
        output, told = process.communicate()
    assert (process.returncode, [record["ok"] for record in shell.records(output)]) == (0, [True, True])
    assert told.count(b"fetchmux: ") == told.count(b"2 in flight") == 1


def test_a_process_that_is_asked_before_it_has_begun_is_not_ended_by_that():
    with offspring.never_asked():
        # What a program is by itself: one that the signal ends.
        asked = subprocess.run(["sh", "-c", "kill -USR1 $$; echo lives"], capture_output=True, check=False)
    assert asked.stdout == b"lives\n"
    assert signal.SIGUSR1 not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


class Session:
    def __init__(self, *slots: Slot) -> None:
        self.tally = Tally()
        self._slots = list(slots)

    def slots(self) -> list[Slot]:
        return self._slots


def test_the_longest_wait_comes_first_and_a_wide_window_is_cut():
    slots = [Slot(f"http://h/{number}", "head", number / 10) for number in range(MOST_SLOTS + 20)]
    lines = snapshot(Session(*slots)).splitlines()  # type: ignore[arg-type]
    assert lines[1].endswith(f"http://h/{MOST_SLOTS + 19}")
    assert lines[-1] == "  and 20 more"
    assert len(lines) == MOST_SLOTS + 2


@pytest.mark.parametrize("phase", ["connect", "process 12"])
def test_columns_stand_below_one_another(phase: str):
    (_, line) = snapshot(Session(Slot("http://h/", phase, 1.0))).splitlines()  # type: ignore[arg-type]
    assert line.split("  ")[-1] == "http://h/"
