"""From reports to a ranking."""

from __future__ import annotations

import random
from typing import Any

import pytest

from fetchmux.compare.row import Row
from fetchmux.compare.summary import Summary, ideal_time, same, summarise
from fetchmux.compare.trial import Report, Spans
from tests.compare.conftest import cell

SPANS = Spans(*([0.1] * 10 for _ in range(5)))


def ranked(reports: list[Report], reference: str, **setting: Any) -> Summary:
    return summarise(cell(reports, **setting), reference)


def reports(backend: str, walls: list[float], **fields: object) -> list[Report]:
    defaults: dict[str, object] = {"ok": 10, "digest": "right", "spans": SPANS, "statuses": {200: 10}}
    return [
        Report(backend, number, wall=wall, **{**defaults, **fields})  # type: ignore[arg-type]
        for number, wall in enumerate(walls)
    ]


SLOW, FAST = [2.0, 2.1, 1.9, 2.0, 2.05], [1.0, 1.05, 0.95, 1.0, 1.02]


def test_rows_stand_in_the_order_of_their_medians_relative_to_the_reference():
    summary = ranked(reports("slow", SLOW) + reports("fast", FAST), "slow")
    assert [(row.backend, row.rank) for row in summary.rows] == [("fast", 1), ("slow", 2)]
    assert summary.rows[0].speed == pytest.approx(2.0, abs=0.05)
    assert summary.rows[1].speed == 1.0
    assert summary.reference == "slow"


def test_strategies_that_cannot_be_told_apart_share_a_rank():
    other = [1.02, 1.0, 1.0, 0.97, 1.04]
    summary = ranked(reports("slow", SLOW) + reports("fast", FAST) + reports("other", other), "slow")
    assert {row.backend: row.rank for row in summary.rows} == {"fast": 1, "other": 1, "slow": 3}


def test_a_wrong_answer_is_never_a_fast_one():
    summary = ranked(
        reports("slow", SLOW) + reports("fast", FAST) + reports("wrong", [0.1] * 5, digest="other", statuses={500: 10}),
        "slow",
    )
    assert [row.backend for row in summary.rows] == ["fast", "slow"]
    assert summary.unranked == {"wrong": "its results differ: 10 × 500"}


def test_where_two_disagree_the_reference_is_believed():
    summary = ranked(reports("fast", FAST, digest="other") + reports("slow", SLOW), "slow")
    assert [row.backend for row in summary.rows] == ["slow"]
    assert list(summary.unranked) == ["fast"]


def test_where_two_disagree_and_none_is_the_reference_nobody_is_believed():
    summary = ranked(reports("fast", FAST, digest="other") + reports("slow", SLOW), "sequential")
    words = "its results differ: other bodies with 10 × 200"
    assert (summary.rows, summary.unranked) == ([], {"fast": words, "slow": words})


def test_who_is_believed_does_not_depend_on_who_ran_first():
    ran = reports("fast", FAST, digest="other") + reports("slow", SLOW) + reports("third", SLOW)
    for order in (ran, ran[::-1]):
        assert list(ranked(order, "sequential").unranked) == ["fast"]


def test_a_strategy_that_fetches_something_else_in_one_round_has_no_rank():
    odd = reports("odd", FAST)
    odd[2].digest = "other"
    assert list(ranked(reports("slow", SLOW) + odd, "slow").unranked) == ["odd"]


def test_one_strategy_alone_is_ranked():
    (row,) = ranked(reports("alone", FAST), "sequential").rows
    assert (row.rank, row.speed, row.speed_interval) == (1, 1.0, (1.0, 1.0))


def test_one_round_ranks_all_alike():
    summary = ranked(reports("slow", [38.0]) + reports("fast", [1.0]), "slow")
    assert [(row.backend, row.rank) for row in summary.rows] == [("fast", 1), ("slow", 1)]


def test_the_first_of_many_is_not_the_fastest_by_its_luck_alone():
    """Twelve of a kind, seven rounds: without a correction for many comparisons a third would be told apart."""
    dice = random.Random(4)
    apart = 0
    for _ in range(10):
        ran = [report for name in "abcdefghijkl" for report in reports(name, [dice.gauss(1, 0.03) for _ in range(7)])]
        apart += sum(row.rank > 1 for row in ranked(ran, "a").rows)
    assert apart <= 12


def test_other_bodies_under_the_same_status_are_told_as_such():
    wrong = reports("wrong", [0.1] * 5, digest="other")
    summary = ranked(reports("slow", SLOW) + reports("fast", FAST) + wrong, "slow")
    assert summary.unranked == {"wrong": "its results differ: other bodies with 10 × 200"}


def changing(backend: str, walls: list[float], **fields: object) -> list[Report]:
    """As from a server that never sends the same page twice."""
    made = reports(backend, walls, **fields)
    for report in made:
        report.digest = f"{backend} {report.round}"
    return made


def test_pages_that_change_by_themselves_are_compared_by_status():
    wrong = changing("wrong", FAST, statuses={500: 10})
    summary = ranked(changing("slow", SLOW) + changing("fast", FAST) + wrong, "slow", embedded=False)
    assert summary.changing
    assert [row.backend for row in summary.rows] == ["fast", "slow"]
    assert summary.unranked == {"wrong": "its results differ: 10 × 500"}


def test_as_long_as_one_strategy_always_fetches_the_same_the_pages_do_not_change():
    summary = ranked(reports("slow", SLOW) + changing("odd", FAST), "slow", embedded=False)
    assert (summary.changing, list(summary.unranked)) == (False, ["odd"])


def test_our_own_pages_never_change():
    summary = ranked(changing("slow", SLOW) + changing("fast", FAST), "slow")
    assert (summary.rows, summary.changing) == ([], False)


def test_one_failed_trial_takes_the_rank_and_tells_why():
    odd = reports("odd", FAST)
    odd[3] = Report("odd", 3, failure="it broke")
    summary = ranked(reports("slow", SLOW) + odd, "slow")
    assert summary.unranked == {"odd": "it broke"}


def test_without_its_reference_speeds_are_relative_to_the_slowest():
    broken = [Report("sequential", number, failure="it broke") for number in range(5)]
    summary = ranked(reports("slow", SLOW) + reports("fast", FAST) + broken, "sequential")
    assert summary.reference == "slow"


def test_when_nothing_can_be_ranked_there_is_no_row():
    summary = ranked([Report("a", 0, failure="x")], "a")
    assert (summary.rows, summary.reference) == ([], None)


def test_an_interrupted_comparison_is_ranked_by_the_rounds_that_all_have():
    summary = ranked(reports("slow", SLOW[:2]) + reports("fast", FAST), "slow")
    assert [row.backend for row in summary.rows] == ["fast", "slow"]


def test_samples_of_one_kind_show_no_difference_and_a_slow_down_does():
    dice = random.Random(5)
    noise = [dice.gauss(1.0, 0.02) for _ in range(9)]
    others = [dice.gauss(1.0, 0.02) for _ in range(9)]
    assert same(noise, others)
    assert not same(noise, [wall * 1.1 for wall in others])


@pytest.mark.parametrize(
    ("delays", "requests", "window", "ideal"),
    [
        ([0.01], 100, 10, 0.1),
        ([0.01], 101, 10, 0.11),
        ([0.01], 100, 1, 1.0),
        ([0.01], 3, 50, 0.01),
        ([0.0], 100, 10, 0.0),
        # A place that is free is taken at once: beside the slow one the other has room for three.
        ([0.03, 0.01, 0.01, 0.01], 4, 2, 0.03),
        ([0.01, 0.01, 0.01, 0.03], 4, 2, 0.04),
    ],
)
def test_the_ideal_time_is_that_of_a_window_that_is_never_idle(delays, requests, window, ideal):
    assert ideal_time(delays, requests, window) == pytest.approx(ideal)


def row(ideal: float | None = None, client: float = 0.0, server: float | None = None) -> Row:
    (made,) = ranked(reports("a", [1.0], cpu_user=client, cpu_server=server, ideal=ideal), "a").rows
    return made


@pytest.mark.parametrize(
    ("made", "bound"),
    [
        (row(ideal=0.9, client=0.9, server=0.2), "waiting"),
        (row(ideal=0.3, client=0.9, server=0.2), "client CPU"),
        (row(ideal=0.3, client=0.5, server=0.95), "the server"),
        (row(ideal=0.3, client=0.45, server=0.4), "nothing alone"),
        # Nobody worked, so something was waited for, such as the time before another attempt.
        (row(client=0.2, server=0.2), "waiting"),
        (row(client=0.3), "waiting"),
        (row(client=0.8), "client CPU"),
    ],
)
def test_what_bound_the_time_is_told(made: Row, bound: str):
    assert made.bound == bound
