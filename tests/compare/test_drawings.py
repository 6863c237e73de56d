"""Pictures from plain values: where things are drawn, and that nothing foreign becomes markup."""

from __future__ import annotations

import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fetchmux.compare.page import bars, curves, scale, spreads, timelines
from fetchmux.compare.page.markup import Markup, element, joined

# Lengths and times that a comparison can hold.
VALUES = some.floats(1e-6, 1e6)


def test_what_is_no_markup_is_escaped_and_what_is_stays():
    assert element("p", "a<b & c", Markup("<i>d</i>"), title='"><x>') == (
        '<p title="&quot;&gt;&lt;x&gt;">a&lt;b &amp; c<i>d</i></p>'
    )
    assert joined(["<", Markup("<")]) == "&lt;<"


def test_names_of_attributes_are_those_of_html_and_none_leaves_one_out():
    assert element("a", class_="x", aria_hidden="true", href=None, width=1.5) == (
        '<a class="x" aria-hidden="true" width="1.5"></a>'
    )


@given(some.lists(VALUES, min_size=1), some.integers(3, 8))
def test_an_axis_holds_its_values_and_has_few_labels_all_on_it(values: list[float], most: int):
    for axis in (scale.linear(values), scale.logarithmic(values)):
        assert all(0 <= axis.at(value) <= 1 for value in values)
        assert axis.at(min(values)) <= axis.at(max(values))
        ticks = axis.ticks(most)
        assert len(ticks) <= most
        assert all(axis.low * 0.999 <= tick <= axis.high * 1.001 for tick in ticks)


def test_a_linear_axis_begins_at_nought_and_is_labelled_with_round_values():
    assert scale.linear([47.0]).ticks() == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert scale.linear([]).ticks()[0] == 0.0


def test_a_logarithmic_axis_puts_equal_factors_at_equal_distances():
    axis = scale.logarithmic([0.001, 1.0])
    assert axis.at(0.01) - axis.at(0.001) == pytest.approx(axis.at(1.0) - axis.at(0.1))
    assert axis.ticks() == pytest.approx([0.001, 0.01, 0.1, 1.0])


@given(some.lists(some.floats(0, 100), max_size=9))
def test_labels_are_moved_apart_in_their_order_and_stay_on_the_picture(places: list[float]):
    moved = scale.apart(places, 10.0, 100.0)
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in moved)
    ordered = sorted(moved)
    assert all(later - earlier > 10 - 1e-6 for earlier, later in itertools.pairwise(ordered))
    assert [places[index] for index in sorted(range(len(moved)), key=moved.__getitem__)] == sorted(places)


def widths(drawn: str, kind: str) -> list[float]:
    return [float(found) for found in re.findall(rf'width="([\d.]+)%"[^>]*class="{kind}"', drawn)]


def test_bars_are_as_long_as_their_values():
    items = [bars.Bar("a", 4.0, 3.9, 4.1, ""), bars.Bar("b", 2.0, 2.0, 2.0, "")]
    first, second = widths(bars.bars("", "", items, str), "fill")
    assert first == pytest.approx(2 * second, rel=1e-3)


def test_an_interval_without_an_end_has_no_whiskers():
    drawn = bars.bars("", "", [bars.Bar("a", 4.0, 0.0, math.inf, "")], str)
    assert "whisker" not in drawn


def test_an_interval_that_reaches_far_leaves_the_bars_to_be_seen_and_has_no_end_there():
    drawn = bars.bars("", "", [bars.Bar("a", 4.0, 1.0, 1e9, "")], str)
    assert widths(drawn, "fill")[0] > 50
    assert drawn.count("whisker") == 2


def test_a_histogram_counts_every_sample_once_and_shows_a_lone_one():
    axis = scale.logarithmic([1.0, 100.0])
    counts = spreads.counted([1.0] * 1000 + [100.0], axis, 10)
    assert sum(counts) == 1001
    assert (counts[0], counts[-1]) == (1000, 1)
    # From the floor to the top and back; the lone sample is three units high.
    assert spreads.outline(counts) == "M0 100H0V8H1V100H9V97H10V100Z"


def test_a_timeline_has_a_segment_for_each_phase_that_took_time():
    lines = [(0.0, 0.25, 0.75, 1.0), (1.0, 1.25, 1.75, 2.0)]
    drawn = timelines.timelines("", "", [timelines.Panel("a", "b", lines, 2.0)], str)
    moves = {kind: path.count("M") for path, kind in re.findall(r'<path d="([^"]*)" class="(\w+)"', drawn)}
    # Only the second waited for its turn.
    assert moves == {"queued": 1, "connecting": 2, "waiting": 2, "receiving": 2}


def test_a_request_that_took_no_time_is_still_seen():
    drawn = timelines.timelines("", "", [timelines.Panel("a", "b", [(0.0, 0.0, 0.0, 0.0)], 1.0)], str)
    assert 'd="M0 0.03h6' in drawn


def test_a_failed_request_has_a_cross_and_the_marker_its_place():
    panel = timelines.Panel("a", "b", [(0.0, 0.0, 0.0, 1.0)], 2.0, marker=1.0, failed=frozenset({0}))
    drawn = timelines.timelines("", "", [panel], str)
    assert '<text x="50.00%" y="5" class="failed">×</text>' in drawn
    assert 'x1="50.00%" x2="50.00%" y1="0" y2="100%" class="marker"' in drawn


def test_every_curve_is_named_once_at_its_end_and_told_with_its_values():
    points = [curves.Point(1, 2.0, 1.9, 2.1), curves.Point(8, 1.0, 0.9, 1.1)]
    drawn = curves.curves(
        "", "", [curves.Curve("<a>", points), curves.Curve("b", points)], "{:g}".format, "{:g} s".format
    )
    assert drawn.count(">&lt;a&gt;</span>") == 1
    assert "<title>&lt;a&gt;: 1: 2 s; 8: 1 s</title>" in drawn
    assert len(set(re.findall(r'class="curve ([^"]+)"', drawn))) == 2


def test_a_sweep_from_nought_has_a_place_for_it():
    points = [curves.Point(value, 1.0, 1.0, 1.0) for value in (0, 100, 1000)]
    drawn = curves.curves("", "", [curves.Curve("a", points)], "{:g}".format, str)
    places = [float(place) for place in re.findall(r'<circle cx="([\d.]+)%"', drawn)]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=0.1)
