"""A list that is compressed is noticed by its first bytes, read as it comes, and told when it is damaged."""

from __future__ import annotations

import gzip
import itertools
import os
import tracemalloc
import zlib
from pathlib import Path

import pytest

from fetchmux.inputs.lines import read_lines

LINES = [f"http://h/{number}".encode() for number in range(20_000)]
TEXT = b"\n".join(LINES)


def read(path: Path) -> list[bytes]:
    fd = os.open(path, os.O_RDONLY)
    try:
        return [line for line in read_lines(fd) if line is not None]
    finally:
        os.close(fd)


@pytest.mark.parametrize("level", [0, 1, 9])
def test_what_it_holds_is_read(tmp_path: Path, level: int):
    (tmp_path / "list").write_bytes(gzip.compress(TEXT, level))
    assert read(tmp_path / "list") == LINES


def test_members_are_read_one_after_another_as_gzip_does(tmp_path: Path):
    """A line may begin in one and end in the next."""
    middle = len(TEXT) // 2
    (tmp_path / "list").write_bytes(gzip.compress(TEXT[:middle]) + gzip.compress(b"") + gzip.compress(TEXT[middle:]))
    assert read(tmp_path / "list") == LINES


def test_few_bytes_that_stand_for_many_are_not_held_at_once(tmp_path: Path):
    (tmp_path / "list").write_bytes(gzip.compress(b"http://h/\n" * 3_000_000))
    fd = os.open(tmp_path / "list", os.O_RDONLY)
    tracemalloc.start()
    try:
        lines = (line for line in read_lines(fd) if line is not None)
        assert list(itertools.islice(lines, 20_000)) == [b"http://h/"] * 20_000
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
        os.close(fd)


def test_it_may_come_byte_by_byte():
    reading, writing = os.pipe()
    lines = read_lines(reading)
    found: list[bytes] = []
    try:
        for byte in gzip.compress(b"one\ntwo\nthree"):
            os.write(writing, bytes([byte]))
            while (line := next(lines)) is not None:
                found.append(line)
        os.close(writing)
        found += [line for line in lines if line is not None]
    finally:
        os.close(reading)
    assert found == [b"one", b"two", b"three"]


@pytest.mark.parametrize("data", [b"\x1f", b"\x1fhttp://h/", b"\x1f\nhttp://h/"])
def test_what_only_begins_like_gzip_is_text(tmp_path: Path, data: bytes):
    (tmp_path / "list").write_bytes(data)
    assert read(tmp_path / "list") == data.split(b"\n")


def damaged() -> dict[str, bytes]:
    whole = gzip.compress(TEXT)
    middle = len(whole) // 2
    return {
        "cut off": whole[:middle],
        "cut off before its sum": whole[:-8],
        "cut off within its sum": whole[:-1],
        "turned bits": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
        "a wrong sum": whole[:-8] + bytes(4) + whole[-4:],
        "something else behind it": whole + b"http://h/",
        "a head alone": whole[:10],
    }


@pytest.mark.parametrize("how", damaged())
def test_damage_is_told_after_all_whole_lines_before_it(tmp_path: Path, how: str):
    data = damaged()[how]
    (tmp_path / "list").write_bytes(data)
    fd = os.open(tmp_path / "list", os.O_RDONLY)
    found: list[bytes | None] = []
    try:
        with pytest.raises(OSError, match="the gzip stream"):
            found.extend(line for line in read_lines(fd) if line is not None)
    finally:
        os.close(fd)
    if how != "turned bits":
        # A line whose end has not come is none: it may have been cut.
        assert found == held(data).split(b"\n")[:-1]


def held(data: bytes) -> bytes:
    """What a decoder makes of it, byte by byte, until it stumbles."""
    decoder, found = zlib.decompressobj(31), b""
    for at in range(len(data)):
        try:
            found += decoder.decompress(data[at : at + 1])
        except zlib.error:
            break
    return found
