"""Does `compare` claim differences that are none, and does it find those that are? A simulation on recorded samples.

    python benchmarks/comparison_power.py record FILE [ROUNDS] [--quiet]
    python benchmarks/comparison_power.py judge FILE [RUNS] [--rounds N]

`record` runs real trials of the default setting: in each round every strategy twice, as if it were there under two
names, one trial after the other; with --quiet a pair that other programs disturbed is measured again. `judge` draws
comparisons of the default number of rounds from them: as they were, to see how often a strategy is told apart from
itself; and with one of the two names slowed down by 10 %, to see how often that is found. With many strategies the
others of the field are drawn from the same samples, so that all corrections apply.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from pathlib import Path

from fetchmux.cli.question import DEFAULT_ROUNDS
from fetchmux.compare import launch, machine, measure, scenarios
from fetchmux.compare.summary import ranks
from fetchmux.compare.trial import Trial
from fetchmux.origin.launch import Origin

STRATEGIES = ("epoll", "gevent", "threads")
FIELD = 17
# The default setting, all else being the scenario's.
WISH = scenarios.Wish(rounds=1, warm_up=10, concurrency=50, timeout=60.0, limit=120.0)
SLOWER = 1.1
# Of one CPU: what others may take while a pair is measured that counts as undisturbed.
DISTURBED = 0.1


def record(path: Path, rounds: int, *, quiet: bool) -> None:
    """Run the trials; the file is written after each round."""
    dice = random.Random(1)
    found = machine.describe()
    walls: dict[str, list[list[float]]] = {name: [] for name in STRATEGIES}
    with Origin() as origin:
        for number in range(rounds):
            for name in dice.sample(STRATEGIES, len(STRATEGIES)):
                walls[name].append(pair(name, number, origin, quiet=quiet))
            kept = {
                "machine": f"{found.implementation} {found.python}, {found.kernel}, {found.affinity} × {found.cpu}",
                "load": found.load[0],
                "quiet": quiet,
                "walls": walls,
            }
            path.write_text(json.dumps(kept) + "\n")


def pair(name: str, number: int, origin: Origin, *, quiet: bool) -> list[float]:
    """Two trials of a strategy; with `quiet` again and again until nothing else had the CPU meanwhile."""
    (cell,) = scenarios.cells(scenarios.find(["io"]), {}, WISH, STRATEGIES)
    setting = cell.setting
    urls = tuple(origin.url(path) for path in setting.urls)
    while True:
        before, began = others_cpu(origin.pid), time.monotonic()
        walls = []
        for _ in range(2):
            report = launch.conduct(Trial(name, number, urls, setting.requests, 10, setting.options, 120.0, origin.pid))
            walls.append(round(report.wall, 6))
        if not quiet or others_cpu(origin.pid) - before <= DISTURBED * (time.monotonic() - began):
            return walls


def others_cpu(origin: int) -> float:
    """Seconds of CPU that all but this comparison have used so far."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    # user, nice, system, irq, softirq, steal; idle and waiting for disks is nobody's.
    everything = (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")
    ours = measure.own_cost().plus(measure.children_cost())
    return everything - ours.user - ours.system - (measure.cpu_of(origin) or 0.0)


def told_apart(
    pairs: list[list[float]], slower: float, others: int, rounds: int, dice: random.Random
) -> tuple[bool, bool]:
    """One comparison: whether the second of two names is told apart from the first, and whether it has a worse rank."""
    drawn = dice.sample(pairs, rounds)
    samples: dict[str, list[float]] = {"first": [], "second": []}
    for pair in drawn:
        first, second = dice.sample(pair, 2)
        samples["first"].append(first)
        samples["second"].append(second * slower)
    # Clearly slower ones, which only make each claim need more.
    for number in range(others):
        samples[f"other {number}"] = [dice.choice(pair) * (2 + number) for pair in drawn]
    found = ranks(samples)
    return found["first"] != found["second"], found["second"] > found["first"]


def judge(path: Path, runs: int, rounds: int) -> None:
    """Draw the comparisons and count."""
    kept = json.loads(path.read_text())
    print(f"{kept['machine']}, load {kept['load']:.1f}; {rounds} rounds, {runs} runs each")
    print("| strategy | compared | itself: no difference shown | 10 % slower: found |\n|---|---|---|---|")
    for name, pairs in kept["walls"].items():
        for others in (0, FIELD - 2):
            dice = random.Random(2)
            same = sum(not told_apart(pairs, 1.0, others, rounds, dice)[0] for _ in range(runs))
            found = sum(told_apart(pairs, SLOWER, others, rounds, dice)[1] for _ in range(runs))
            print(f"| {name} | {others + 2} | {same / runs:.1%} | {found / runs:.1%} |")


def main() -> None:
    """Record or judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("record", "judge"))
    parser.add_argument("file", type=Path)
    parser.add_argument("count", type=int, nargs="?")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    if given.what == "record":
        record(given.file, given.count or 60, quiet=given.quiet)
    else:
        judge(given.file, given.count or 1000, given.rounds or DEFAULT_ROUNDS)


if __name__ == "__main__":
    main()
