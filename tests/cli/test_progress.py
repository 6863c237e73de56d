"""One live line, counted anew at most ten times a second, that leaves no trace."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from fetchmux.cli import wording
from fetchmux.cli.progress import INTERVAL, ProgressLine, ProgressReport
from fetchmux.session import Tally
from fetchmux.sinks.statistics import Host

ERASE = "\r\x1b[2K"


class Session:
    """A run that stands still."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.frontier = self
        self.in_flight = 64


class Screen:
    """A terminal, and a clock that the test moves."""

    def __init__(self, total: int | None = None, statistics: Any = None, **more: Any) -> None:
        self.session = Session()
        self.now = 100.0
        self._file = io.StringIO()
        options = {"force_terminal": True, "force_interactive": True, "color_system": None, "width": 100, **more}
        self.line = ProgressLine(
            self.session,  # type: ignore[arg-type]
            total,
            statistics,
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


def test_a_known_total_and_several_hosts_tell_more():
    screen = Screen(total=4, statistics=slow_host(), width=200)
    screen.session.tally.done = screen.session.tally.ok = 1
    screen.now += 2
    assert screen.draw().endswith(" · 64 in flight · ETA 6 s · slowest slow 2.00 s")


def slow_host() -> Any:
    class Known:
        def slowest(self, count: int) -> list[Host]:
            return [Host("slow", 1, 0, 2.0)]

    return Known()


def test_plain_progress_is_a_line_every_few_seconds():
    session, told, now = Session(), list[str](), [0.0]
    report = ProgressReport(session, 1000, None, told.append, clock=lambda: now[0])  # type: ignore[arg-type]
    for _ in range(205):
        now[0] += 0.1
        session.tally.done += 1
        session.tally.ok += 1
        report.draw()
    assert len(told) == 4
    assert told[0].endswith(" of 1,000 done, 0 failed, 10.0/s, 0 B, 64 in flight, ETA 95 s")


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0 s"), (99.4, "99 s"), (100, "2 min"), (12_000, "3.3 h")])
def test_what_is_left_is_told_roughly(seconds: float, text: str):
    assert wording.span(seconds) == text
