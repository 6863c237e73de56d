"""How curl spells values, and what they mean here."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from fetchmux.cli import options


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 10.0), ("10s", 10.0), ("2.5s", 2.5), (".5", 0.5), ("500ms", 0.5), ("2m", 120.0), ("1h", 3600.0)],
)
def test_a_duration_is_seconds_or_has_a_unit(text: str, seconds: float):
    assert options.duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "-1", "0", "0.0s", "nan", "inf", "1e3", "1 s", "10S", "s", "1d", "\u0661", "9" * 400]
)
def test_whatever_is_no_time_above_nought_is_refused(text: str):
    with pytest.raises(click.BadParameter):
        options.duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [("1024", 1024), ("64K", 65536), ("64k", 65536), ("10M", 10 << 20), ("1G", 1 << 30), ("1T", 1 << 40)],
)
def test_a_size_is_bytes_or_has_a_letter_that_is_a_power_of_1024(text: str, count: int):
    assert options.size(text) == count


@pytest.mark.parametrize(
    "text", ["", "-1", "0", "0K", "1.5K", "1KB", "K", "1e9", "nan", "\u0663", "9T" * 2, "9" * 30 + "T"]
)
def test_whatever_is_no_size_above_nought_is_refused(text: str):
    with pytest.raises(click.BadParameter):
        options.size(text)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Name: value", ("Name", "value")),
        ("Name:value", ("Name", "value")),
        ("Name:  a: b ", ("Name", "a: b")),
        ("Name:", ("Name", None)),
        ("Name:  ", ("Name", None)),
        ("Name;", ("Name", "")),
    ],
)
def test_a_header_follows_the_rules_of_curl(text: str, field: tuple[str, str | None]):
    assert options.header(text) == (field,)


def test_a_file_of_headers_has_one_in_each_line_that_is_not_blank(tmp_path: Path):
    path = tmp_path / "headers"
    path.write_bytes(b"A: 1\r\n\nB;\nC:\n")
    assert options.header(f"@{path}") == (("A", "1"), ("B", ""), ("C", None))


@pytest.mark.parametrize("content", [b"A: b\rC: d\n", b"A: \0\n", b"A: \xff\n", b"no colon\n"])
def test_a_file_of_headers_cannot_write_lines_of_its_own(content: bytes, tmp_path: Path):
    path = tmp_path / "headers"
    path.write_bytes(content)
    with pytest.raises(click.BadParameter):
        options.header(f"@{path}")


def test_data_of_a_file_loses_its_line_ends_and_binary_data_does_not(tmp_path: Path):
    path = tmp_path / "data"
    path.write_bytes(b"a\r\nb\0c\n\xff")
    assert options.data(f"@{path}") == b"abc\xff"
    assert options.data_binary(f"@{path}") == b"a\r\nb\0c\n\xff"


def test_data_on_the_command_line_is_sent_as_it_is():
    assert options.data("a\n\udcff") == b"a\n\xff"
