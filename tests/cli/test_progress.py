"""One live line, counted anew at most ten times a second, that leaves no trace."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from fetchmux.cli.progress import INTERVAL, ProgressLine
from fetchmux.session import Tally

ERASE = "\r\x1b[2K"


class Session:
    """A run that stands still."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.frontier = self
        self.in_flight = 64


class Screen:
    """A terminal, and a clock that the test moves."""

    def __init__(self, total: int | None = None, **more: Any) -> None:
        self.session = Session()
        self.now = 100.0
        self._file = io.StringIO()
        options = {"force_terminal": True, "force_interactive": True, "color_system": None, "width": 100, **more}
        self.line = ProgressLine(
            self.session,  # type: ignore[arg-type]
            total,
            clock=lambda: self.now,
            open_console=lambda: Console(file=self._file, highlight=False, **options),
        )

    def draw(self) -> str:
        self.line.draw()
        return self.written()

    def written(self) -> str:
        text = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        return text


def test_a_run_that_is_over_at_once_shows_no_line():
    screen = Screen()
    screen.now += INTERVAL * 0.99
    assert screen.draw() == ""
    screen.line.erase()
    assert screen.written() == ""


def test_it_is_counted_at_most_ten_times_a_second():
    screen = Screen()
    drawn = 0
    for _ in range(1000):
        screen.now += 0.001
        drawn += bool(screen.draw())
    assert 8 <= drawn <= 10


def test_it_tells_what_is_done_failed_fast_large_and_in_flight():
    screen = Screen()
    screen.session.tally.done, screen.session.tally.ok, screen.session.tally.bytes = 1_234, 1_231, 25 * 2**20
    screen.now += 1
    assert screen.draw() == f"{ERASE}1,234 done · 3 failed · 1,234/s · 25 MiB · 64 in flight"


def test_a_known_total_has_a_bar():
    screen = Screen(total=4)
    screen.session.tally.done = screen.session.tally.ok = 1
    screen.now += 1
    assert "━" * 20 + "  1 of 4 done" in screen.draw()


def test_the_rate_is_that_of_the_last_seconds():
    screen = Screen()
    for _ in range(600):
        screen.now += INTERVAL
        screen.session.tally.done += 10
        screen.draw()
    for _ in range(30):
        screen.now += INTERVAL
        screen.draw()
    screen.now += INTERVAL
    assert " 0.0/s " in screen.draw()


def test_it_is_out_of_the_way_while_something_else_is_written():
    screen = Screen()
    screen.now += 1
    line = screen.draw()
    with screen.line.lifted():
        assert screen.written() == ERASE
    assert screen.written() == line


def test_it_makes_no_way_before_it_was_drawn():
    screen = Screen()
    with screen.line.lifted():
        pass
    assert screen.written() == ""


def test_it_never_reaches_the_last_column():
    screen = Screen(width=30)
    screen.now += 1
    assert len(screen.draw().removeprefix(ERASE)) <= 29


def test_a_terminal_that_cannot_move_its_cursor_has_no_line(monkeypatch: pytest.MonkeyPatch):
    screen = Screen(force_interactive=False)
    screen.now += 1
    assert screen.draw() == ""
