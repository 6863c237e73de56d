"""How numbers, foreign text and the end of a run are told."""

from __future__ import annotations

import pytest

from fetchmux.cli import wording
from fetchmux.cli.summary import ended_early, summary
from fetchmux.session import Tally


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10_188, "9.9 KiB"), (10_240, "10 KiB"),
        (1024 * 1024 - 1, "1.0 MiB"), (25 * 2**20, "25 MiB"), (2**30, "1.0 GiB"), (5000 * 2**40, "5,000 TiB"),
    ],
)  # fmt: skip
def test_a_size_has_few_digits_and_a_unit(count: int, text: str):
    assert wording.size(count) == text


@pytest.mark.parametrize(
    ("duration", "text"),
    [(0.0004, "0.4 ms"), (0.00997, "10 ms"), (0.0214, "21 ms"), (0.9996, "1.00 s"), (1.24, "1.24 s"),
     (9.996, "10.0 s"), (61, "61.0 s"), (3600, "3,600 s")],
)  # fmt: skip
def test_a_duration_has_few_digits_and_a_unit(duration: float, text: str):
    assert wording.seconds(duration) == text


@pytest.mark.parametrize(
    ("duration", "text"),
    [(0.0, "0"), (0.0000004, "0.4 µs"), (0.00003, "30 µs"), (0.0000994, "99 µs"), (0.0001, "0.1 ms"), (1.24, "1.24 s")],
)
def test_a_moment_is_told_as_closely_as_the_clock_was_read(duration: float, text: str):
    assert wording.moment(duration) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://h/ä漢", "http://h/ä漢"),
        ("\x1b[2J\r\n\t\x7f", r"\x1b[2J\r\n\t\x7f"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_could_steer_a_terminal_is_written_out(text: str, shown: str):
    assert wording.printable(text) == shown


def tally(**counts: int) -> Tally:
    whole = Tally()
    whole.ok = counts.pop("ok", 0)
    by_status = counts.pop("by_status", 0)
    whole.codes = {name.replace("_", "-"): count for name, count in counts.items()}
    whole.done = whole.ok + by_status + sum(counts.values())
    whole.bytes = 25 * 2**20
    return whole


def test_a_summary_counts_failures_by_code_most_frequent_first():
    assert summary(tally(ok=20_000), 2.0) == "20,000 fetched in 2.00 s, 10,000/s, 25 MiB"
    assert summary(tally(ok=7), 2.0, 3).endswith("; 3 were done before")
    told = summary(tally(ok=7, connect_refused=1, timeout=2, by_status=4), 2.0)
    assert told.startswith("7 fetched, 7 failed (2 timeout, 1 connect-refused, 4 not as expected) in 2.00 s")


def test_an_interruption_does_not_count_what_was_cancelled_as_done():
    cut = tally(ok=1_199, timeout=1, cancelled=64)
    assert ended_early("interrupted", cut, whole=False) == (
        "interrupted: 1,200 done, 64 cancelled; the rest of the input was not read"
    )
    assert ended_early("interrupted", cut, whole=True) == "interrupted: 1,200 done, 64 cancelled"
    assert ended_early("interrupted", cut, whole=True, kept=True).endswith(", 64 cancelled; --resume goes on")
