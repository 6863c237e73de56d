"""Archives that are gone on with: what an earlier run has left is cut to what is whole, and nothing whole is lost."""

from __future__ import annotations

import gzip
import io
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from fetchmux.errors import Code, FetchError, Phase, UsageError
from fetchmux.frontier import outcome
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Request, Result
from fetchmux.origin.launch import Origin
from fetchmux.sinks.archive import ArchiveFile
from fetchmux.sinks.har import Har
from fetchmux.sinks.warc import Warc
from fetchmux.sinks.whole import whole_har, whole_warc
from tests.cli import shell
from tests.sinks.har_schema import entries
from tests.sinks.warc_check import checked


def results(count: int) -> list[Result]:
    found = []
    for index in range(count):
        result = outcome.of_request(
            Request(index, "h", UrlReader().read("http://h/")), FetchError(Code.INTERNAL, "", Phase.INPUT), "none"
        )
        result.error, result.status, result.reason, result.http_version = None, 200, "OK", "1.0"
        result.body, result.sent = "}ü\n]}}\n{\n".encode() * index, b"GET / HTTP/1.0\r\nHost: h\r\n\r\n"
        found.append(result)
    return found


def written(path: Path, archive: type[Har] | type[Warc], count: int, *, goes_on: bool = False) -> list[int]:
    """Where the file ended, without its tail, after each of so many results."""
    file = ArchiveFile(str(path), getattr(archive, "TAIL", b""), WHOLE[archive] if goes_on else None)
    sink = Har(file, "1", lambda: 0.0) if archive is Har else Warc(file, "1", lambda: 0.0, decoded=False)
    sink.flush()
    ends = [file.end]
    for result in results(count):
        sink.write(result)
        sink.flush()
        ends.append(file.end)
    sink.close()
    return ends


WHOLE = {Har: whole_har, Warc: whole_warc}


def torn(data: bytes) -> IO[bytes]:
    file = io.BytesIO(data)
    file.name = "torn"
    return file


def test_a_har_is_cut_behind_its_last_whole_entry_wherever_it_is_torn(tmp_path: Path):
    path = tmp_path / "run.har"
    heading, *ends = written(path, Har, 3)
    data = path.read_bytes()
    for cut in range(heading + 1, len(data) + 1):
        assert whole_har(torn(data[:cut])) == max((end for end in ends if end <= cut), default=0)


def test_a_har_is_cut_behind_its_last_whole_entry_however_much_of_the_old_tail_is_left(tmp_path: Path):
    path = tmp_path / "run.har"
    _, first, second = written(path, Har, 2)
    data = path.read_bytes()
    old = data[:first] + Har.TAIL
    for count in range(second - first):
        now = old[:first] + data[first : first + count] + old[first + count :]
        assert whole_har(torn(now)) == first


def test_a_warc_is_cut_behind_its_last_whole_pair_wherever_it_is_torn(tmp_path: Path):
    path = tmp_path / "run.warc.gz"
    ends = written(path, Warc, 3)
    data = path.read_bytes()
    for cut in range(ends[0], len(data) + 1):
        assert whole_warc(torn(data[:cut])) == max(end for end in ends if end <= cut)


@pytest.mark.parametrize("archive", [Har, Warc])
@pytest.mark.parametrize("torn_by", [0, 1, 30])
def test_what_is_gone_on_with_is_valid(archive: type[Har] | type[Warc], torn_by: int, tmp_path: Path):
    path = tmp_path / "archive"
    ends = written(path, archive, 2)
    os.truncate(path, ends[-1] - torn_by)
    written(path, archive, 2, goes_on=True)
    pairs = 4 if torn_by == 0 else 3
    if archive is Har:
        assert len(entries(path)) == pairs
    else:
        assert Counter(kind for kind, *_ in checked(path)) == {"warcinfo": 2, "response": pairs, "request": pairs}


@pytest.mark.parametrize("whole", [whole_har, whole_warc])
def test_an_empty_file_is_begun_and_another_one_is_refused(whole: Any):
    assert whole(torn(b"")) == 0
    other = b'{"log":{"version":"1.2","creator":{"name":"other","version":"1"},"entries":[\n]}}\n'
    for foreign in (b"mine", b"mine\n" * 10, other, gzip.compress(other), b"\x1f\x8b\x08\x00"):
        with pytest.raises(UsageError, match="could be gone on with"):
            whole(torn(foreign))


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
    assert origin.complaints == ""


def test_after_kills_at_random_moments_each_input_is_in_both(origin: Origin, tmp_path: Path):
    """Once at least: what was under way when a life ended may be there once more."""
    dice = random.Random()
    har, warc, journal = tmp_path / "run.har", tmp_path / "run.warc.gz", tmp_path / "journal"
    urls = {origin.url(f"/bytes/{number}") for number in range(20_000, 21_000)}
    (tmp_path / "list").write_text("\n".join(urls))
    how = ["get", "-i", str(tmp_path / "list"), "-o", str(tmp_path / "out"), "--journal", str(journal), "--resume",
           "--har", str(har), "--warc", str(warc)]  # fmt: skip
    for life in range(6):
        with shell.running(*how, "--processes", "2" if life % 2 else "1", "--rate", "400/s") as process:
            enough = lines_of(journal) + dice.randrange(1, 100)
            while lines_of(journal) < enough and process.poll() is None:
                time.sleep(0.002)
            process.kill()
            assert process.wait() == -signal.SIGKILL, "the list is too short for six kills"
    done = shell.run(*how)
    assert (done.returncode, done.stderr) == (0, b"")
    assert {entry["comment"] for entry in entries(har)} == urls
    replies = [url for kind, url, *_ in checked(warc) if kind == "response"]
    assert set(replies) == urls
    assert len(replies) < len(urls) + 6 * 200


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
