"""What is said of a comparison beyond its tables, judged from samples that are made up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fetchmux.cli import findings
from fetchmux.compare import machine
from fetchmux.compare.caution import Caution, cautions
from fetchmux.compare.cell import Ceiling, Cell
from fetchmux.compare.comparison import keep
from fetchmux.compare.machine import Machine
from fetchmux.compare.summary import Summary, summarise
from fetchmux.compare.trial import Report, Spans
from tests.compare.conftest import cell

NOISE = (1.0, 1.004, 0.997, 1.002, 0.999, 1.001, 0.998)
SPANS = Spans(*([0.1] * 10 for _ in range(5)))


def ran(backend: str, wall: float, **fields: Any) -> list[Report]:
    """Seven rounds around this time; the noise of each strategy is its own, as in real rounds."""
    turn = sum(backend.encode()) % 7
    usual = {"ok": 10, "digest": "right", "spans": SPANS, "window": 1, "cpu_user": 0.5 * wall, **fields}
    return [Report(backend, number, wall=wall * NOISE[(number + turn) % 7], **usual) for number in range(7)]


def swept(name: str, times: dict[str, Sequence[float | None]], values: Sequence[float]) -> list[Cell]:
    """A cell for each value, in which the strategies took so long; None is no rank."""
    table = []
    for place, value in enumerate(values):
        reports = [
            report
            for backend, walls in times.items()
            for report in ran(backend, walls[place] or 1.0, **({} if walls[place] else {"failure": "no"}))
        ]
        table.append(cell(reports, swept={name: value}))
    return table


def summaries(cells: Sequence[Cell]) -> list[Summary]:
    return [summarise(one, "sequential") for one in cells]


def crossovers(cells: Sequence[Cell]) -> list[str]:
    return findings.crossovers(cells, summaries(cells))


def test_where_a_strategy_falls_behind_is_said_in_words():
    cells = swept("concurrency", {"epoll": (4, 2, 1, 1), "threads": (4, 2, 1.3, 1.9)}, (1, 8, 64, 512))
    assert crossovers(cells) == [
        "threads matches epoll up to a window of 8; from a window of 64 on epoll is 1.30 to 1.90 × as fast."
    ]


def test_strategies_of_one_fate_share_a_sentence():
    cells = swept("idle", {"epoll": (1, 1), "select": (1, 2), "poll": (1, 3)}, (0, 1000))
    assert crossovers(cells) == [
        "select and poll match epoll at 0 idle connections; at 1,000 idle connections epoll is 2.00 to 3.00 × as fast."
    ]


def test_who_is_behind_throughout_who_is_ahead_and_who_is_missing():
    cells = swept("size", {"epoll": (1, 1), "threads": (2, 2), "io": (None, 1), "sequential": (0.5, 9)}, (1, 1024))
    assert sorted(crossovers(cells)) == [
        "epoll is 2.00 × as fast as threads throughout.",
        "io has no rank at a size of 1 B; io matches epoll at a size of 1.0 KiB.",
        "sequential is 2.00 × as fast as epoll at a size of 1 B; at a size of 1.0 KiB epoll is 9.00 × as fast.",
    ]


def test_what_more_processes_gain_is_told_of_the_fastest():
    cells = swept("processes", {"epoll": (4, 2), "threads": (5, 3)}, (1, 4))
    for one, count in zip(cells, (1, 4), strict=True):
        one.setting = msgspec.structs.replace(one.setting, processes=count)
    told = "io: epoll takes 4.00 s in one process and 2.00 s in 4 processes, 2.00 × as fast."
    assert findings.divisions(cells, summaries(cells)) == [told]
    assert findings.divisions(swept("size", {"epoll": (4, 2)}, (1, 4)), []) == []


def test_of_combined_sweeps_each_line_names_what_is_fixed():
    table = []
    for delay in (0.0, 0.25):
        for one in swept("concurrency", {"epoll": (1, 1), "threads": (1, 2)}, (1, 8)):
            one.swept["delay"] = delay
            table.append(one)
    sentences = [sentence for sentence in crossovers(table) if "window" in sentence]
    assert [sentence.partition(":")[0] for sentence in sentences] == ["delay 0.0 ms", "delay 250 ms"]


def test_who_could_not_have_so_many_connections_is_named_with_its_limit():
    one = cell([], concurrency=2000)
    for report in ran("epoll", 1.0, window=2000) + ran("select", 1.0, window=1015):
        keep(one, report)
    cells = [one]
    assert len(one.reports) == 14
    assert crossovers(cells) == [
        "select refused at 1,015 connections: descriptors below 1,024, every one walked at each call."
    ]


def test_who_refuses_the_load_is_left_out_and_named_and_no_defect():
    one = cell(ran("epoll", 1.0))
    keep(one, Report("select", 0, window=1020, refused=True, failure="it cannot hold 2,000 silent connections"))
    assert one.excluded == {"select": "it cannot hold 2,000 silent connections"}
    assert summaries([one])[0].unranked == {}
    assert crossovers([one])[0].startswith("select refused at 1,020 connections")


def test_outliers_are_named_with_their_round_and_count_nevertheless():
    reports = ran("epoll", 1.0)
    reports[3].wall = 1.5
    cells = [cell(reports)]
    assert findings.outliers(cells, summaries(cells)) == [
        "Outliers, which count like any other (× their strategy's median): round 4: epoll 1.50 s (1.50 ×)."
    ]
    assert len(summaries(cells)[0].samples["epoll"]) == 7


def advice(*cells: Cell) -> str:
    return " ".join(findings.advice(cells, summaries(cells)))


def test_the_fastest_is_advised_with_its_distance_to_the_next():
    told = advice(cell(ran("epoll", 1.0, ideal=0.9) + ran("threads", 2.0, ideal=0.9)))
    assert told.startswith("Use epoll for this: it is 2.00 × as fast as threads, the next,")
    assert "Waiting sets most of the time (90% of the ideal)" in told
    assert "was not measured" in told


def test_of_equals_the_one_of_least_cpu_is_advised_and_the_usual_one_where_that_is_near():
    def equals(epoll: float) -> str:
        return advice(cell(ran("select", 1.0, cpu_user=0.5) + ran("epoll", 1.0, cpu_user=epoll)))

    assert equals(0.52).startswith("Use epoll for this: nothing is faster, one no slower,")
    assert equals(0.9).startswith("Use select for this")


def test_of_many_loads_the_one_that_is_best_most_often_is_advised_and_the_others_are_told():
    cells = swept("concurrency", {"epoll": (2, 1, 1), "threads": (1, 2, 2)}, (1, 8, 64))
    assert advice(*cells) == (
        "Use epoll: in 2 of the 3 loads nothing was shown to be faster. "
        "The answer changes with the load: io, concurrency 1: use threads, 2.00 × as fast."
    )


def test_one_strategy_alone_is_no_choice():
    assert advice(cell(ran("epoll", 1.0))) == ""


def test_a_server_at_its_ceiling_leaves_nothing_to_gain():
    one = cell(ran("epoll", 1.0) + ran("threads", 2.0))
    one.ceiling = Ceiling(rate=10.5, floor=0.9, client_share=0.5, server_share=0.99)
    assert "The server sets the time" in advice(one)
    assert whats(warned(one)) == ["the server is the limit of epoll"]
    # A loop that was held up by itself has not found the ceiling.
    one.ceiling = msgspec.structs.replace(one.ceiling, server_share=0.5)
    assert warned(one) == []


QUIET = msgspec.structs.replace(machine.describe(), affinity=2, load=(0.1, 0.1, 0.1), ports=28_000)


def warned(one: Cell, where: Machine = QUIET) -> list[Caution]:
    return cautions(where, [one], summaries([one]))


def whats(found: list[Caution]) -> list[str]:
    return [caution.what for caution in found]


def test_nothing_is_warned_of_where_nothing_is_wrong():
    assert warned(cell(ran("epoll", 1.0))) == []


def test_one_cpu_for_both_is_warned_of_and_so_is_a_busy_machine():
    one = cell(ran("epoll", 1.0))
    assert whats(warned(one, msgspec.structs.replace(QUIET, affinity=1))) == ["client and server share the only CPU"]
    busy = warned(one, msgspec.structs.replace(QUIET, load=(3.0, 0.1, 0.1)))
    assert whats(busy) == ["other programs were running (load 3.0 on 2 CPUs)"]


def test_a_server_that_is_busier_than_the_client_is_warned_of():
    assert whats(warned(cell(ran("epoll", 1.0, cpu_server=0.95)))) == ["the server is the limit of epoll"]


def test_noisy_rounds_are_warned_of():
    reports = ran("epoll", 1.0)
    for report, times in zip(reports, (1.0, 1.2, 1.1, 0.9, 1.3, 1.0, 0.8), strict=True):
        report.wall *= times
    assert whats(warned(cell(reports))) == ["the rounds of epoll differ by more than 5%"]


def test_too_few_descriptors_are_warned_of_with_the_number_that_is_needed():
    notices = ["the window is narrowed to 5: 64 descriptors may be open here (ulimit -n)"]
    (caution,) = warned(cell(ran("epoll", 1.0, window=5, notices=notices), concurrency=100))
    assert caution == Caution("descriptors were too few for epoll", "allow more: ulimit -n 164")
    # A limit of the strategy's own is no fault of the system.
    assert warned(cell(ran("select", 1.0, window=5, notices=["select watches no more"]), concurrency=100)) == []


def test_ports_that_run_out_are_warned_of_where_they_are_not_used_again_at_once():
    one = cell(ran("epoll", 1.0), embedded=False)
    one.time_wait = 20_000
    (caution,) = warned(one)
    assert "20,000" in caution.what
    assert "--keep-alive" in caution.remedy
    here = cell(ran("epoll", 1.0))
    here.time_wait = 20_000
    assert warned(here) == []


def test_failures_are_warned_of():
    assert whats(warned(cell(ran("epoll", 1.0, failed=1, codes={"timeout": 1})))) == [
        "requests failed (timeout), and a failure takes another time than a page"
    ]


def test_system_calls_are_told_by_name_for_each_request():
    one = cell(ran("epoll", 1.0))
    one.syscalls = {"epoll": {"epoll_wait": 20, "close": 10}, "threads": {}}
    assert findings.syscalls([one]) == [
        "epoll: 3.0 system calls a request: epoll_wait 2.00, close 1.00.",
        "threads: its system calls could not be counted.",
    ]
