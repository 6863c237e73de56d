"""A disk that is full ends a run with 1 and a line, and nothing in its files is torn.

A limit of a file's size stands in for the disk: the kernel writes up to it and no further, as it does to a full disk.
"""

from __future__ import annotations

import csv
import json
import os
import resource
from collections import Counter
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin
from tests.cli import shell

# Of no record's size a multiple.
FULL = 20_011


def small_files(limit: int = FULL) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def indexes(path: Path) -> list[int]:
    """Of all records, which must be whole."""
    if path.suffix == ".jsonl":
        return [record["index"] for record in shell.records(path.read_bytes())]
    content = path.read_text()
    assert content.endswith("\n")
    heading, *rows = csv.reader(content.splitlines())
    assert {len(row) for row in rows} == {len(heading)}
    return [int(row[0]) for row in rows]


@pytest.fixture
def urls(origin: Origin) -> list[str]:
    return [origin.url(f"/bytes/{number}") for number in range(400)]


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_full_file_holds_whole_records_and_can_be_gone_on_with(
    urls: list[str], tmp_path: Path, form: str, processes: str
):
    output = tmp_path / f"out.{form}"
    how = ["get", "-o", str(output), "--format", form, "--journal", str(tmp_path / "journal"), "--processes", processes]
    full = shell.run(*how, *urls, preexec_fn=small_files)
    assert (full.returncode, full.stderr) == (1, f"fetchmux: {output}: File too large\n".encode())
    assert 0 < len(indexes(output)) < 400
    assert FULL - 1000 < output.stat().st_size <= FULL
    done = shell.run(*how, "--resume", *urls)
    assert (done.returncode, done.stderr) == (0, b"")
    assert Counter(indexes(output)) == Counter(range(400))


def test_a_full_standard_output_ends_with_a_whole_record_and_others_go_on_behind_it(urls: list[str], tmp_path: Path):
    output = tmp_path / "out.jsonl"
    output.write_text('{"index": -1}\n')
    with open(output, "ab") as stream:
        full = shell.run("get", *urls, stdout=stream, preexec_fn=small_files, capture_output=False)
        stream.write(b'{"index": -2}\n')
    assert full.returncode == 1
    found = indexes(output)
    assert found[:2] == [-2, -1]
    assert len(found) > 10


def test_what_others_have_written_behind_it_is_not_taken_back(tmp_path: Path):
    from fetchmux.cli.outlets import Outlet

    path = tmp_path / "out"
    outlet = Outlet(os.open(path, os.O_WRONLY | os.O_CREAT), str(path))
    calls = iter([5])

    def some(data: memoryview) -> int:
        count = next(calls, None)
        if count is None:
            with open(path, "ab") as other:
                other.write(b"other\n")
            raise OSError(28, "full")
        return os.write(outlet.fileno(), data[:count])

    outlet._write_some = some  # type: ignore[method-assign]
    with pytest.raises(OSError, match="full"):
        outlet.writelines([b"one\n", b"two\n"])
    outlet.close()
    assert path.read_bytes() == b"one\ntother\n"


def test_a_full_archive_stays_valid_and_costs_no_record(urls: list[str], tmp_path: Path):
    har, output = tmp_path / "run.har", tmp_path / "out.jsonl"
    # All that is fetched by then fits into the other file; a block of the archive fits into its own.
    how = ["get", "--har", str(har), "-o", str(output), "-w", "{url}\n"]
    full = shell.run(*how, *urls, preexec_fn=lambda: small_files(150_000))
    assert (full.returncode, full.stderr) == (1, f"fetchmux: {har}: File too large\n".encode())
    archived = {entry["request"]["url"] for entry in json.loads(har.read_bytes())["log"]["entries"]}
    recorded = set(output.read_text().splitlines())
    assert archived
    assert archived < recorded
