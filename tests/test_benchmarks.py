"""The benchmarks run, at sizes that measure nothing; and the echo notices what is lost."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.needs import tool

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", str(BENCHMARKS / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def echo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("echo", BENCHMARKS / "echo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def forgetful() -> Iterator[int]:
    """A server that answers every connection once and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(3):
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(connection.recv(1024))

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_switching_shows_every_way_as_tables_and_as_markdown():
    tiny = ("--steps", "20", "--rounds", "1", "--tasks", "2", "--wait", "0.01")
    for output in (run("switching.py", *tiny), run("switching.py", *tiny, "--export-markdown")):
        for way in (
            "generator",
            "greenlet",
            "gevent.sleep(0)",
            "asyncio.sleep(0)",
            "threads that hand over",
            "in turn",
        ):
            assert way in output
    assert "|---|---:|---:|" in output


def test_echo_counts_that_none_is_lost():
    assert "60 answered, 0 lost" in run("echo.py", "--clients", "20", "--messages", "3")


def test_echo_notices_what_is_lost(echo: ModuleType, forgetful: int):
    tally = echo.Crowd(forgetful, clients=3, messages=5, size=32).run()
    assert (tally.sent, tally.answered, tally.lost) == (15, 3, 12)


def test_what_is_lost_is_exit_status_1(echo: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(echo, "measure", lambda *sizes: echo.Tally(2, 1, 1.0))
    monkeypatch.setattr(sys, "argv", ["echo.py"])
    assert echo.main() == 1


@pytest.mark.parametrize(
    ("module", "arguments", "expected"),
    [
        ("speed", ["--rounds", "1", "--urls", "50", "--only", "curl"], "curl"),
        ("strategies", ["--rounds", "1", "--urls", "50", "--only", "select"], "select"),
        ("scale", ["--rounds", "1", "--only", "start"], "--version"),
    ],
)
def test_what_is_measured_beside_others_is_shown_with_the_machine(module: str, arguments: list[str], expected: str):
    for name in ("nginx", "curl"):
        tool(name)
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=BENCHMARKS.parent)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout
    assert "cores, Linux" in done.stdout
