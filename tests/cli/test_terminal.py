"""What a person sees: the program in a real terminal, which tmux plays."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin
from tests.cli import shell
from tests.needs import tool

pytestmark = tool("tmux")

_NUMBERS = itertools.count()
ENDED = re.compile(r"^ended (\d+)$", re.MULTILINE)
ROW = re.compile(r"(200|404|bad-url|cancelled) +([\d.]+ (B|KiB) +)?(-|[\d.]+ m?s)  \S.*|status +size +time  url")


class Terminal:
    """A window of a tmux server of its own."""

    def __init__(self, directory: Path, width: int = 80) -> None:
        self._server = ["tmux", "-f", "/dev/null", "-S", str(directory / f"tmux{next(_NUMBERS)}")]
        self.raw = directory / "raw"
        self._script = directory / "script"
        self._tmux("new-session", "-d", "-x", str(width), "-y", "150", "sh")
        self._tmux("pipe-pane", "-o", f"cat > {shlex.quote(str(self.raw))}")

    def type(self, *arguments: str, before: str = "", after: str = "") -> None:
        """Call fetchmux as a person would, but from a file, since a terminal echoes what is typed.

        The line that tells the exit status is not on the screen before the end.
        """
        self._script.write_text(f"{before} {shlex.join([*shell.PROGRAM, *arguments])} {after}")
        self._tmux("send-keys", "-l", f"clear; . {self._script}; echo en''ded $?")
        self._tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def wait(self, seen: Callable[[str], object]) -> str:
        """The screen as soon as `seen` is true of it."""
        limit = time.monotonic() + shell.PATIENCE
        while not seen(screen := self.screen()):
            assert time.monotonic() < limit, screen
            time.sleep(0.02)
        return screen

    def end(self) -> tuple[list[str], int]:
        """The lines that are left on the screen, and the exit status."""
        screen = self.wait(ENDED.search)
        found = ENDED.search(screen)
        assert found is not None
        return screen[: found.start()].splitlines(), int(found[1])

    def close(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        environment = {**shell.ENVIRONMENT, "TERM": "xterm-256color", "PS1": "$ ", "LC_ALL": "C.UTF-8"}
        environment.pop("TMUX", None)
        command = [*self._server, *arguments]
        return subprocess.run(command, capture_output=True, check=True, env=environment, text=True).stdout


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def test_a_person_sees_a_table_cut_to_the_terminal_and_a_summary(terminal: Terminal, origin: Origin):
    terminal.type("get", origin.url("/bytes/5"), origin.url("/status/404?" + "x" * 200), "no URL")
    lines, status = terminal.end()
    assert status == 1
    assert lines[0].split() == ["status", "size", "time", "url"]
    assert all(ROW.fullmatch(line) for line in lines[:4])
    assert sum(line.endswith("…") for line in lines) == 1
    assert lines[4:-2] == ["", " failed  for example", "      1  bad-url             no URL: this is no URL"]
    assert re.fullmatch(r"2 fetched, 1 failed \(1 bad-url\) in [\d.]+ m?s, [\d,.]+/s, \d+ B", lines[-2])
    assert lines[-1].startswith("status 200: 1, 404: 1; p50 ")


def test_the_progress_line_stands_below_the_rows_and_leaves_no_trace(terminal: Terminal, origin: Origin, backend: str):
    urls = [origin.url(f"/delay/0.2?{number}") for number in range(8)]
    terminal.type("get", "-b", backend, "-c", "2", *urls)
    lines = terminal.wait(lambda screen: re.search(r"[1-7] of 8 done", screen)).splitlines()
    assert all(ROW.fullmatch(line) for line in lines[: lines.index(next(line for line in lines if "done" in line))])
    lines, status = terminal.end()
    assert status == 0
    assert len(lines) == 11
    assert all(ROW.fullmatch(line) for line in lines[:-2])
    assert lines[-2].startswith("8 fetched in ")
    assert lines[-1].startswith("status 200: 8; p50 ")


def test_there_is_progress_on_the_terminal_while_records_go_elsewhere(
    terminal: Terminal, own_origin: Origin, tmp_path: Path
):
    terminal.type("get", own_origin.url("/delay/3600"), after=f"> {tmp_path / 'records'}")
    terminal.wait(lambda screen: "0 of 1 done · 0 failed" in screen)
    terminal.press("C-c")
    lines, status = terminal.end()
    assert (lines, status) == (["fetchmux: interrupted: 0 done, 1 cancelled"], 130)
    assert shell.records((tmp_path / "records").read_bytes())[0]["error"]["code"] == "cancelled"


def test_quiet_leaves_the_results_alone(terminal: Terminal, origin: Origin):
    terminal.type("get", "-q", origin.url("/delay/0.3"))
    lines, _ = terminal.end()
    assert len(lines) == 2
    assert all(ROW.fullmatch(line) for line in lines)
    assert b"in flight" not in terminal.raw.read_bytes()


def test_through_a_pipe_a_person_sees_records(terminal: Terminal, origin: Origin):
    terminal.type("get", "-q", origin.url("/bytes/5"), after="| cut -c 1-10")
    assert terminal.end() == (['{"index":0'], 0)


@pytest.mark.parametrize("format", ["table", "jsonl", "csv", "body"])
def test_nothing_foreign_steers_the_terminal(terminal: Terminal, origin: Origin, format: str):
    evil = "a\x1b]0;evil\x07\x1b[2J\x9b2Jb"
    terminal.type("get", "-gv", "--format", format, "-d", evil, origin.url("/echo"), f"no URL {evil}")
    terminal.end()
    # The terminal echoes what was typed, before the screen is cleared.
    shown = terminal.raw.read_bytes().rpartition(b"\x1b[2J")[2]
    assert b"bad-url" in shown
    assert not re.search(rb"\x1b\]|\x07|\xc2\x9b", shown)


def test_colours_are_for_terminals_that_want_them(terminal: Terminal, origin: Origin):
    terminal.type("get", origin.url("/bytes/5"))
    terminal.end()
    assert b"\x1b[32m200" in terminal.raw.read_bytes()
    terminal.type("get", "http://127.0.0.1:1/", before="NO_COLOR=1")
    terminal.wait(lambda screen: "connect-refused" in screen and ENDED.search(screen))
    assert b"\x1b[31m" not in terminal.raw.read_bytes()


def test_without_a_target_a_terminal_is_not_waited_for(terminal: Terminal):
    terminal.type("get")
    lines, status = terminal.end()
    assert status == 2
    assert len(lines) == 1
    assert lines[0].startswith("fetchmux: nothing to fetch")


def test_a_dash_reads_what_is_typed(terminal: Terminal, origin: Origin):
    terminal.type("get", "-q", "-")
    terminal.press(origin.url("/bytes/5"))
    terminal.press("Enter")
    terminal.wait(lambda screen: "200" in screen)
    terminal.press("C-d")
    assert terminal.end()[1] == 0


def test_the_summary_begins_a_line_of_its_own_also_after_a_ragged_body(terminal: Terminal, origin: Origin):
    terminal.type("get", "--format", "body", "-d", "no line end", origin.url("/echo"))
    lines, _ = terminal.end()
    assert lines[0] == "no line end"
    assert lines[1].startswith("1 fetched")


def test_the_list_of_strategies_fits_the_terminal(terminal: Terminal):
    terminal.type("backends")
    lines, status = terminal.end()
    assert status == 0
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("name")
