"""Bars and timelines in characters."""

from __future__ import annotations

import pytest

from fetchmux.cli.bars import bars
from fetchmux.cli.glyphs import FINE, PLAIN, filled, glyphs
from fetchmux.cli.timeline import timeline
from fetchmux.compare.row import Row
from fetchmux.compare.stats import Interval
from fetchmux.compare.summary import summarise
from fetchmux.compare.traces import Course, of_cell
from fetchmux.compare.trial import Trace
from tests.compare import made


@pytest.fixture
def row() -> Row:
    return summarise(made.cell({"epoll": 1.0, "threads": 2.0}), "threads").rows[0]


def speed(row: Row, value: float, low: float, high: float) -> Row:
    return row._replace(speed=value, speed_interval=Interval(low, high))


@pytest.mark.parametrize(("length", "bar"), [(0.0, ""), (0.1, "▏"), (0.5, "▌"), (1.0, "█"), (2.25, "██▎")])
def test_a_bar_is_as_long_as_it_should_be_to_an_eighth(length: float, bar: str):
    assert filled(length, FINE.eighths) == bar


def test_the_bar_is_what_is_certain_and_the_line_what_is_possible(row: Row):
    drawn = bars([speed(row, 8.0, 6.0, 10.0), speed(row, 1.0, 1.0, 1.0)], 20, FINE)
    assert [bar.plain for bar in drawn] == ["████████████───────┤", "██"]


def test_an_interval_that_reaches_too_far_is_cut_with_an_arrow(row: Row):
    drawn = bars([speed(row, 10.0, 1.0, 1e9)], 13, FINE)
    assert drawn[0].plain == "█───────────▸"


def test_no_bar_is_longer_than_its_column(row: Row):
    for low, high in ((0.1, 9.9), (9.0, 12.9), (10.0, 13.0), (9.99, 10.01), (0.0, float("inf"))):
        for width in (10, 11, 40):
            assert 0 < bars([speed(row, 10.0, low, high)], width, FINE)[0].cell_len <= width


def test_where_there_are_no_blocks_there_is_ascii():
    assert glyphs("utf-8") is FINE
    assert glyphs("ascii") is PLAIN
    assert glyphs("no such thing") is PLAIN
    assert "".join(PLAIN).isascii()


def test_a_line_shows_each_phase_in_its_place_and_a_failure_at_its_end():
    lines = [Trace(0, 0.0, 1.0, 3.0, 4.0, True), Trace(1, 4.0, 5.0, 8.0, 8.0, False)]
    text = [line.plain.rstrip() for line in timeline([Course("epoll", lines, 8.0)], 36, PLAIN)]
    assert text[0].startswith(". waiting for its turn   c connecting   - waiting for the reply   # receiving")
    assert text[2:] == [
        "epoll 2 requests in 8.00 s",
        "ccccc---------####",
        "..................ccccc------------x",
        "+-----------------------------------",
    ]


def test_panels_stand_beside_one_another_and_the_fastest_is_marked_on_the_others():
    slow = Course("sequential", [Trace(0, 0.0, 0.0, 10.0, 10.0, True)], 10.0)
    fast = Course("epoll", [Trace(0, 0.0, 0.0, 1.0, 1.0, True)], 1.0)
    lines = [line.plain for line in timeline([fast, slow], 80, PLAIN)]
    assert max(map(len, lines[1:])) <= 80
    assert "epoll 1 request in 1.00 s" in lines[2]
    assert "sequential 1 request in 10.0 s" in lines[2]
    assert lines[0].endswith("^ epoll had ended")
    left, right = lines[-1][:38], lines[-1][41:]
    assert "^" not in left
    assert right.index("^") == 4
    narrow = [line.plain for line in timeline([fast, slow], 40, PLAIN)]
    assert len(narrow) > len(lines)


def test_every_request_of_the_usual_trial_has_a_line_in_the_order_of_the_input():
    cell = made.cell({"epoll": 1.0}, rounds=3)
    for number, wall in enumerate((3.0, 1.0, 2.0)):
        cell.reports[number] = made.report("epoll", number, wall)
        cell.reports[number].traces.reverse()
    (course,) = of_cell(cell, ["epoll", "absent"])
    assert course.end == pytest.approx(2.0)
    assert [line.number for line in course.lines] == list(range(10))
