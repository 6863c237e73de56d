"""Lines of a file or a pipe, as they come."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchmux.inputs.lines import MAX_LINE, read_lines


class Pipe:
    """A pipe to read lines from."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.lines = read_lines(self.reading)

    def write(self, data: bytes) -> None:
        os.write(self.writing, data)

    def close(self) -> None:
        """Close the writing end."""
        if self.writing >= 0:
            os.close(self.writing)
            self.writing = -1

    def available(self) -> list[bytes]:
        """The lines that can be read without waiting."""
        found = []
        while (line := next(self.lines)) is not None:
            found.append(line)
        return found


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()
    os.close(pipe.reading)


def read_with_pauses(path: Path, data: bytes) -> list[bytes | None]:
    path.write_bytes(data)
    fd = os.open(path, os.O_RDONLY)
    try:
        return list(read_lines(fd))
    finally:
        os.close(fd)


def read_file(path: Path, data: bytes) -> list[bytes]:
    return [line for line in read_with_pauses(path, data) if line is not None]


CASES = [
    (b"", []),
    (b"a", [b"a"]),
    (b"a\n", [b"a"]),
    (b"a\nb", [b"a", b"b"]),
    (b"a\r\nb\r\n", [b"a", b"b"]),
    (b"a\r", [b"a"]),
    (b"a\rb\n", [b"a\rb"]),
    (b"\n\na\n\n", [b"", b"", b"a", b""]),
    (b"\xef\xbb\xbfa\n\xff\0\n", [b"\xef\xbb\xbfa", b"\xff\0"]),
    (b" a \x0b\x0c\x85\n", [b" a \x0b\x0c\x85"]),
]


@pytest.mark.parametrize(("data", "lines"), CASES)
def test_a_file_is_read_to_its_end_without_a_pause(tmp_path: Path, data: bytes, lines: list[bytes]):
    assert read_file(tmp_path / "list", data) == lines


@pytest.mark.parametrize(("data", "lines"), CASES)
def test_a_pipe_is_read_byte_by_byte_as_it_is_at_once(pipe: Pipe, data: bytes, lines: list[bytes]):
    found = []
    for place in range(len(data)):
        pipe.write(data[place : place + 1])
        found += pipe.available()
    pipe.close()
    assert found + list(pipe.lines) == lines


def test_a_pipe_that_is_silent_for_now_yields_none(pipe: Pipe):
    assert [next(pipe.lines), next(pipe.lines)] == [None, None]
    pipe.write(b"a\nb")
    assert [next(pipe.lines), next(pipe.lines), next(pipe.lines)] == [b"a", None, None]
    pipe.write(b"c\n")
    assert [next(pipe.lines), next(pipe.lines)] == [b"bc", None]
    pipe.close()
    assert list(pipe.lines) == []


def test_a_line_comes_as_soon_as_it_is_whole(pipe: Pipe):
    pipe.write(b"first\nsec")
    assert pipe.available() == [b"first"]


def test_the_descriptor_stays_open(tmp_path: Path):
    read_file(tmp_path / "list", b"a\n")
    fd = os.open(tmp_path / "list", os.O_RDONLY)
    list(read_lines(fd))
    os.close(fd)


def long_lines(extra: int) -> bytes:
    return b"before\n" + b"x" * (MAX_LINE + extra) + b"\nafter\n"


@pytest.mark.parametrize("extra", [-1, 0])
def test_a_line_up_to_the_limit_is_whole(tmp_path: Path, extra: int):
    _, line, _ = read_file(tmp_path / "list", long_lines(extra))
    assert line == b"x" * (MAX_LINE + extra)


@pytest.mark.parametrize("extra", [1, 2, 1_000, 65_536, 3 * MAX_LINE])
def test_a_line_beyond_the_limit_is_cut_one_byte_behind_it(tmp_path: Path, extra: int):
    """So that whoever reads it can tell. The lines around it are whole."""
    before, line, after = read_file(tmp_path / "list", long_lines(extra))
    assert (before, after) == (b"before", b"after")
    assert line == b"x" * (MAX_LINE + 1)


def test_a_line_without_end_is_cut_once(tmp_path: Path):
    assert read_file(tmp_path / "list", b"x" * (3 * MAX_LINE)) == [b"x" * (MAX_LINE + 1)]


def test_two_long_lines_are_two(tmp_path: Path):
    data = b"x" * (2 * MAX_LINE) + b"\n" + b"y" * (2 * MAX_LINE) + b"\nz"
    assert [line and line[:1] for line in read_file(tmp_path / "list", data)] == [b"x", b"y", b"z"]


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r\n", b"\r", b" "]), max_size=30))
def test_however_a_pipe_is_written_its_lines_are_those_of_the_whole(parts: list[bytes]):
    pipe = Pipe()
    try:
        found = []
        for part in parts:
            pipe.write(part)
            found += pipe.available()
        pipe.close()
        found += [line for line in pipe.lines if line is not None]
    finally:
        pipe.close()
        os.close(pipe.reading)
    *lines, last = b"".join(parts).split(b"\n")
    assert found == [line.removesuffix(b"\r") for line in [*lines, *([last] if last else [])]]


@pytest.mark.parametrize("content", [b"\0", b"\n"])
def test_much_that_is_of_no_use_has_pauses(content: bytes, tmp_path: Path):
    megabytes = 8
    found = read_with_pauses(tmp_path / "list", content * (megabytes << 20))
    assert found.count(None) == megabytes
