"""Scenarios by name, each a question, and sweeps: from what the user wishes to the cells of a table. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from fetchmux.backends import registry
from fetchmux.compare.cell import Cell, Setting

# So many different pages of the embedded origin: an answer that is handed to another request is noticed.
PAGES = 16
# What may be swept.
SWEPT = ("concurrency", "delay", "size", "idle", "work", "processes")
# A strategy that needs a process for each connection gets no more of them.
_MOST_PROCESSES = 256
_KIBI = 1024


class Scenario(NamedTuple):
    """A load by name.

    Attributes:
        question: what it answers.
        delay, size, work: of the embedded origin's replies and of the work on each, in seconds and bytes.
        idle: so many connections stand open and silent.
        keep_alive: connections carry more than one request.
        processes: so many share each trial; of several numbers each is a cell.
        tail: some replies take much longer than the usual ones.
        lossy: of so many requests one is answered by a 503 and one by a reset; nought for none.
    """

    name: str
    question: str
    requests: int = 400
    delay: float = 0.004
    size: int = _KIBI
    work: float = 0.0
    idle: int = 0
    keep_alive: bool = False
    processes: tuple[int, ...] = ()
    tail: bool = False
    lossy: int = 0
    tls: bool = False


SCENARIOS = (
    Scenario("io", "short waits for small pages, a connection for each"),
    Scenario("cpu", "work on each response: what concurrency cannot help, and processes can", requests=60, work=0.005,
             processes=(1, 2)),
    Scenario("idle", "many open connections that never speak", idle=1_000),
    Scenario("big", "bodies of 1 MiB: who carries bytes cheaply", requests=50, size=_KIBI * _KIBI),
    Scenario("short", "no wait at all: what a conversation costs with its connection", delay=0.0),
    Scenario("reuse", "no wait at all: what a conversation costs on a connection that stands", delay=0.0,
             keep_alive=True),
    Scenario("tls", "as io, with a TLS handshake for each connection", tls=True),
    Scenario("slow-server", "a heavy tail: one page in sixteen takes fifty times as long", requests=200,
             tail=True),
    Scenario("lossy", "one request in ten is reset or refused with 503, and tried again", requests=100, lossy=20),
)  # fmt: skip
ALL = "all"


class Wish(NamedTuple):
    """What the user has asked for; None is left to the scenario."""

    rounds: int
    warm_up: int
    concurrency: int
    timeout: float
    limit: float
    until: float | None = None
    max_time: float | None = None
    requests: int | None = None
    delay: float | None = None
    size: int | None = None
    work: float | None = None
    idle: int | None = None
    keep_alive: bool | None = None
    processes: int | None = None


def find(names: Sequence[str]) -> list[Scenario]:
    """The scenarios of these names, each once, in the order of the list. Names are known to be right."""
    return [scenario for scenario in SCENARIOS if scenario.name in names or ALL in names]


def cells(
    scenarios: Sequence[Scenario],
    sweeps: Mapping[str, Sequence[float]],
    wish: Wish,
    backends: Sequence[str],
    urls: Sequence[str] = (),
) -> list[Cell]:
    """All combinations; with `urls`, the user's own, there is one scenario, called "urls"."""
    table = []
    for scenario in [Scenario("urls", "", delay=0.0, size=0)] if urls else scenarios:
        varied = dict(sweeps)
        if scenario.processes and wish.processes is None and "processes" not in varied:
            varied["processes"] = scenario.processes
        for values in itertools.product(*varied.values()):
            swept = dict(zip(varied, values, strict=True))
            setting = _setting(scenario, _swept(wish, swept), backends, urls)
            able, excluded = _able(setting)
            table.append(Cell(scenario.name, swept, able, excluded=excluded))
    return table


def _swept(wish: Wish, swept: Mapping[str, float]) -> Wish:
    values: dict[str, Any] = {name: value if name in ("delay", "work") else int(value) for name, value in swept.items()}
    return wish._replace(**values)


def _setting(scenario: Scenario, wish: Wish, backends: Sequence[str], urls: Sequence[str]) -> Setting:
    delay = scenario.delay if wish.delay is None else wish.delay
    size = scenario.size if wish.size is None else wish.size
    return Setting(
        backends=tuple(backends),
        # A window that is never full measures nothing but its filling.
        requests=wish.requests or len(urls) or max(scenario.requests, 2 * wish.concurrency),
        concurrency=wish.concurrency,
        rounds=wish.rounds,
        warm_up=wish.warm_up,
        urls=tuple(urls) or _paths(scenario, delay, size),
        embedded=not urls,
        delay=0.0 if urls else delay,
        size=0 if urls else size,
        # A request is a whole conversation unless asked otherwise, and what it fetched is compared by hash.
        options={
            "concurrency": wish.concurrency,
            "keep_alive": scenario.keep_alive if wish.keep_alive is None else wish.keep_alive,
            "timeout": wish.timeout,
            "body": "digest",
            **({"retries": 8} if scenario.lossy else {}),
        },
        limit=wish.limit,
        until=wish.until,
        max_time=wish.max_time,
        work=scenario.work if wish.work is None else wish.work,
        idle=scenario.idle if wish.idle is None else wish.idle,
        processes=wish.processes or 1,
        tls=scenario.tls,
    )


def _paths(scenario: Scenario, delay: float, size: int) -> tuple[str, ...]:
    """The pages of the embedded origin, to be fetched in turn."""
    more = f"&lossy={scenario.lossy}" if scenario.lossy else ""
    return tuple(
        f"/bytes/{size}?delay={late:g}&seed={page}{more}" for page, late in enumerate(_delays(scenario, delay))
    )


def _delays(scenario: Scenario, delay: float) -> list[float]:
    """One for each page; with a heavy tail they double from some pages on, up to fifty times the usual one."""
    if not scenario.tail:
        return [delay] * PAGES
    times = [1.0] * (PAGES - 6) + [1.5, 2.0, 4.0, 8.0, 16.0, 50.0]
    # The long ones stand apart, as they would come.
    return [delay * times[page * 7 % PAGES] for page in range(PAGES)]


def _able(setting: Setting) -> tuple[Setting, dict[str, str]]:
    """The setting without those who cannot take part, and why they cannot."""
    excluded: dict[str, str] = {}
    for name in setting.backends:
        spec = registry.find(name)
        if setting.tls and spec.peer:
            excluded[name] = "its own HTTP stack is not told of the origin's certificate"
        if setting.idle and spec.serial:
            excluded[name] = "it has one connection at a time, and none beside it"
        elif name == "processes" and setting.idle and setting.idle + setting.concurrency > _MOST_PROCESSES:
            excluded[name] = f"it would need {setting.idle + setting.concurrency:,} processes"
    able = tuple(name for name in setting.backends if name not in excluded)
    return msgspec.structs.replace(setting, backends=able), excluded
