"""Rows for a person: streamed, cut to the terminal, harmless, failures counted at the end."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from fetchmux.cli.table import Table
from fetchmux.errors import Code, Phase
from fetchmux.model import Failure, Result, Timings

URL = "http://127.0.0.1/"


def result(url: str = URL, status: int | None = 200, error: Failure | None = None, ok: bool | None = None) -> Result:
    return Result(
        index=0, id=None, input=url, url=None if error else url, final_url=None if error else url, method="GET",
        ok=error is None if ok is None else ok, status=status, reason=None, http_version=None, headers=[],
        body_size=1024, wire_size=1100, body=None, body_encoding=None, sha256=None, saved_to=None, redirects=[],
        attempts=1, remote_address=None, reused=False, timings=Timings(total=0.021), error=error, backend="epoll",
    )  # fmt: skip


def failed(code: Code, message: str = "why", url: str = URL) -> Result:
    return result(url, None, Failure(code, Phase.INPUT, message))


def table(*results: Result, console: Console | None = None) -> str:
    stream = io.BytesIO()
    sink = Table(stream, console)
    for item in results:
        sink.write(item)
    sink.finish()
    return stream.getvalue().decode()


def terminal(width: int = 80, **more: bool) -> Console:
    return Console(force_terminal=True, color_system="standard", width=width, file=io.StringIO(), **more)  # type: ignore[arg-type]


def test_a_row_has_status_size_time_and_url_under_a_heading():
    assert table(result()).splitlines() == [
        "status        size      time  url",
        "200        1.0 KiB     21 ms  http://127.0.0.1/",
    ]


def test_without_results_there_is_no_table():
    assert table() == ""


def test_every_code_fits_its_column():
    for code in Code:
        row = table(failed(code)).splitlines()[1]
        assert row == f"{code:<18}     21 ms  {URL}"


def test_failures_are_counted_by_kind_with_an_example_of_each():
    timeout, other = failed(Code.TIMEOUT, "too late", "first"), failed(Code.TIMEOUT, "too late", "second")
    foot = table(result(), failed(Code.BAD_URL), timeout, other, result(status=503, ok=False)).split("\n\n")[1]
    assert foot.splitlines() == [
        " failed  for example",
        "      2  timeout             first: too late",
        "      1  bad-url             http://127.0.0.1/: why",
        "      1  status 503          http://127.0.0.1/",
    ]


def test_rows_come_as_results_do():
    stream = io.BytesIO()
    sink = Table(stream, None)
    sink.write(result())
    sink.flush()
    assert stream.getvalue().count(b"\n") == 2


def test_only_one_example_of_each_failure_is_kept():
    sink = Table(io.BytesIO(), None)
    for number in range(1000):
        sink.write(failed(Code.TIMEOUT, url=f"http://h/{number}"))
    assert len(sink._failures) == 1


def test_a_row_ends_where_the_terminal_does_also_with_wide_characters():
    for url in ("http://h/" + "x" * 100, "漢字" * 50):
        rows = table(failed(Code.TIMEOUT, url=url), console=terminal(60, no_color=True)).splitlines()
        for row in (rows[1], rows[-1]):
            assert row.removesuffix(": why").endswith("…")
            assert 58 <= Console().render_str(row).cell_len <= 60


def test_a_long_url_leaves_room_for_what_was_wrong_with_it():
    foot = table(failed(Code.TIMEOUT, "too late", "http://h/" + "x" * 100), console=terminal(80, no_color=True))
    assert foot.splitlines()[-1].endswith("xxx…: too late")
    assert len(foot.splitlines()[-1]) == 80


@pytest.mark.parametrize("width", [24, 40, 49])
def test_on_a_narrow_terminal_each_url_has_a_line_of_its_own_and_none_is_too_wide(width: int):
    urls = ["http://h/" + "x" * 100, "漢字" * 50, "http://h/"]
    lines = table(*(failed(Code.TIMEOUT, url=url) for url in urls), console=terminal(width, no_color=True)).splitlines()
    assert "  url" in lines[1]
    assert lines[2:8:2] == ["timeout                21 ms"] * 3
    assert lines[7] == "  http://h/"
    assert all(line.startswith("  ") for line in lines[3:8:2])
    # The columns themselves are 28 wide.
    assert all(Text.from_ansi(line).cell_len <= max(28, width) for line in lines)


def test_a_status_has_the_colour_of_its_class_and_a_failure_is_red():
    def colour(item: Result) -> str:
        return table(item, console=terminal()).splitlines()[1].split("m")[0].rpartition("\x1b[")[2]

    classes = {status: colour(result(status=status)) for status in (204, 301, 404, 500)}
    assert classes == {204: "32", 301: "36", 404: "33", 500: "31"}
    assert "31" in table(failed(Code.TIMEOUT), console=terminal())


def test_no_color_has_no_colour():
    assert "\x1b[3" not in table(result(), failed(Code.TIMEOUT), console=terminal(no_color=True))


def test_nothing_foreign_steers_the_terminal():
    output = table(failed(Code.BAD_URL, "evil \x1b]0;x\x07", "evil\x1b[2J\x9b\n"))
    assert not {"\x1b", "\x07", "\x9b"} & set(output)
    assert r"evil\x1b[2J\x9b\n" in output
