"""From what the user wishes to the cells of a table."""

from __future__ import annotations

from typing import Any

import pytest

from fetchmux.compare.cell import Cell
from fetchmux.compare.comparison import settled
from fetchmux.compare.scenarios import SCENARIOS, Wish, cells, find
from fetchmux.compare.trial import Report

NAMES = ("sequential", "epoll", "processes")


def wish(**given: Any) -> Wish:
    return Wish(**{"rounds": 1, "warm_up": 0, "concurrency": 50, "timeout": 1.0, "limit": 9.0, **given})


def only(name: str, **given: Any) -> Cell:
    (cell,) = cells(find([name]), {}, wish(**given), NAMES)
    return cell


def test_all_are_every_scenario_and_each_is_there_once():
    assert find(["all", "io"]) == list(SCENARIOS)
    assert [scenario.name for scenario in find(["tls", "io", "tls"])] == ["io", "tls"]
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


def test_sweeps_are_combined_and_each_cell_knows_its_place():
    table = cells(find(["io"]), {"concurrency": (1.0, 8.0), "delay": (0.0, 0.25)}, wish(), NAMES)
    assert [cell.swept for cell in table] == [
        {"concurrency": 1.0, "delay": 0.0},
        {"concurrency": 1.0, "delay": 0.25},
        {"concurrency": 8.0, "delay": 0.0},
        {"concurrency": 8.0, "delay": 0.25},
    ]
    assert [(cell.setting.concurrency, cell.setting.options["concurrency"]) for cell in table] == [
        (1, 1), (1, 1), (8, 8), (8, 8),
    ]  # fmt: skip
    assert [cell.setting.delay for cell in table] == [0.0, 0.25, 0.0, 0.25]
    assert all("delay=0.25&" in path for path in table[1].setting.urls)


def test_what_the_user_says_beats_the_scenario():
    assert only("big").setting.size == 1 << 20
    assert only("big", size=10).setting.urls[0].startswith("/bytes/10?")
    assert only("reuse").setting.options["keep_alive"] is True
    assert only("reuse", keep_alive=False).setting.options["keep_alive"] is False
    assert only("cpu", processes=1, requests=7).setting.requests == 7


def test_what_processes_can_help_is_measured_with_one_and_with_more():
    table = cells(find(["cpu"]), {}, wish(), NAMES)
    assert [(cell.swept, cell.setting.processes) for cell in table] == [({"processes": 1}, 1), ({"processes": 2}, 2)]
    (three,) = cells(find(["cpu"]), {"processes": (3.0,)}, wish(), NAMES)
    assert three.setting.processes == 3


def test_a_wide_window_is_filled_more_than_once():
    assert only("io", concurrency=4000).setting.requests == 8000
    assert only("io", concurrency=4000, requests=10).setting.requests == 10


def test_who_cannot_take_part_in_a_load_is_left_out_with_the_reason():
    cell = only("idle")
    assert cell.setting.backends == ("epoll",)
    assert cell.excluded == {
        "sequential": "it has one connection at a time, and none beside it",
        "processes": "it would need 1,050 processes",
    }
    assert only("idle", idle=10).setting.backends == ("epoll", "processes")
    (sealed,) = cells(find(["tls"]), {}, wish(), ("epoll", "aiohttp"))
    assert sealed.setting.backends == ("epoll",)
    assert "certificate" in sealed.excluded["aiohttp"]


def test_pages_differ_and_a_heavy_tail_is_in_their_delays():
    paths = only("slow-server", delay=0.01).setting.urls
    assert len(set(paths)) == len(paths)
    delays = sorted(float(path.partition("delay=")[2].partition("&")[0]) for path in paths)
    assert delays[len(delays) // 2] == 0.01
    assert delays[-1] == 0.5


def test_what_is_lost_is_tried_again():
    cell = only("lossy")
    assert cell.setting.options["retries"] > 0
    assert all("lossy=20" in path for path in cell.setting.urls)
    assert "retries" not in only("io").setting.options


def test_the_urls_of_the_user_are_their_own_scenario():
    (cell,) = cells(find(["io"]), {}, wish(), NAMES, ["http://a/", "http://b/"])
    assert (cell.scenario, cell.setting.embedded, cell.setting.requests) == ("urls", False, 2)


def test_rounds_suffice_when_each_median_is_known_so_well():
    def ran(backend: str, walls: list[float]) -> list[Report]:
        return [Report(backend, number, wall=wall) for number, wall in enumerate(walls)]

    sure, unsure = ran("a", [1.0, 1.01, 0.99, 1.0, 1.0]), ran("b", [1.0, 1.3, 0.8, 1.0, 1.1])
    assert settled(sure, until=0.02)
    assert not settled(sure + unsure, until=0.02)
    assert settled(sure + unsure, until=0.4)
    assert not settled(ran("a", [1.0]), until=0.02)
    # Who fails will never be known.
    assert settled([*sure, Report("c", 0, failure="it broke")], until=0.02)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_each_scenario_is_a_question(scenario: Any):
    assert scenario.question
    assert not scenario.question.endswith(".")
