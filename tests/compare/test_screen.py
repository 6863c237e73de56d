"""A comparison as a person sees it, in a terminal that tmux plays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.test_terminal import Terminal
from tests.compare.test_command import QUICK
from tests.needs import tool

pytestmark = tool("tmux")

HEADINGS = (
    "time", "±", "req/s", "speed", "95 % interval", "of ideal", "bound by", "client", "server", "user + system/req",
    "peak", "switches/req", "threads", "files", "p50", "p90", "p95", "p99", "max", "connect", "wait", "receive",
    "queued",
)  # fmt: skip
# With one of the longest names.
NAMES = "gevent-native,epoll,sequential"


@pytest.mark.parametrize(("width", "tables"), [(80, 5), (100, 3), (120, 3)])
def test_no_figure_is_cut_at_any_usual_width(tmp_path: Path, width: int, tables: int):
    terminal = Terminal(tmp_path, width)
    try:
        terminal.type("compare", "-b", NAMES, *QUICK)
        lines, status = terminal.end()
    finally:
        terminal.close()
    assert status == 0
    text = "\n".join(lines)
    assert "…" not in text
    assert len(re.findall(r"^ +backend ", text, re.MULTILINE)) == tables
    assert len(re.findall("^ ?[123=] +epoll ", text, re.MULTILINE)) == tables
    assert [heading for heading in HEADINGS if heading not in text] == []
    assert max(map(len, lines)) <= width


def test_progress_names_the_trial_that_runs_and_leaves_no_trace(tmp_path: Path):
    terminal = Terminal(tmp_path)
    try:
        terminal.type("compare", "-b", "sequential", "-n", "20", "--delay", "50ms", "--rounds", "2")
        running = terminal.wait(lambda screen: "sequential " in screen)
        lines, status = terminal.end()
    finally:
        terminal.close()
    assert re.search(r"^sequential .* [01]/2 trials", running, re.MULTILINE)
    assert status == 0
    assert lines[0].startswith("20 requests, ")
    assert "2/2 trials" not in "\n".join(lines)


def test_colours_are_for_terminals_that_want_them(tmp_path: Path):
    terminal = Terminal(tmp_path)
    try:
        terminal.type("compare", "-b", "epoll", *QUICK, before="NO_COLOR=1", after="2> /dev/null")
        terminal.end()
        assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", terminal.raw.read_bytes())
        terminal.type("compare", "-b", "epoll", *QUICK, after="2> /dev/null")
        # The end of the first one may still be on the screen.
        terminal.wait(lambda screen: re.search(rb"\x1b\[1;32mepoll", terminal.raw.read_bytes()))
    finally:
        terminal.close()
