"""The journal: what it says is done is done, whatever the end of a run was; another list is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchmux.errors import Code, FetchError, Phase, UsageError
from fetchmux.frontier import outcome
from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.model import Request, Result
from fetchmux.sinks.journal import Journal, Past, Resume

LIST = [f"http://h/{number}" for number in range(5)]


class Kept:
    """A sink and an output of a file that knows what was flushed into it, and when."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.waiting: list[int] = []
        self.synced = 0

    def write(self, result: Result) -> None:
        self.waiting.append(result.index)

    def flush(self) -> None:
        self.written += self.waiting
        self.waiting.clear()

    def size(self) -> int | None:
        return 10 * len(self.written)

    def sync(self) -> None:
        self.synced += 1


def result(request: Request, code: Code | None) -> Result:
    made = outcome.of_request(request, FetchError(code or Code.INTERNAL, "", Phase.HEAD), "none")
    if code is None:
        made.ok, made.error = True, None
    return made


def run(
    path: Path, ends: dict[int, Code | None], resume: Resume = "all", urls: list[str] | None = None
) -> tuple[list[int], Kept]:
    """One run: what it was given to fetch, and what it has written. Inputs that are not in `ends` do not end."""
    kept, past = Kept(), Past(str(path))
    journal = Journal(past, resume, read_requests(urls or LIST, Recipe()), kept, kept)
    given = [request for request in journal.requests() if request is not None]
    for request in given:
        if request.index in ends:
            journal.write(result(request, ends[request.index]))
    journal.flush()
    journal.close()
    return [request.index for request in given], kept


def test_what_is_done_is_skipped_and_the_rest_fetched(tmp_path: Path):
    path = tmp_path / "journal"
    assert run(path, {0: None, 3: None})[0] == [0, 1, 2, 3, 4]
    assert run(path, {1: None})[0] == [1, 2, 4]
    assert run(path, {2: None, 4: None})[0] == [2, 4]
    assert run(path, {})[0] == []


@pytest.mark.parametrize(("resume", "given"), [("all", [1, 2, 3, 4]), ("failed", [1, 3]), ("missing", [2, 4])])
def test_what_failed_and_what_is_missing_can_be_told_apart(tmp_path: Path, resume: Resume, given: list[int]):
    path = tmp_path / "journal"
    run(path, {0: None, 1: Code.TIMEOUT, 3: Code.BAD_URL})
    assert run(path, {}, resume)[0] == given


def test_what_was_cancelled_has_not_ended_and_has_no_record_yet(tmp_path: Path):
    path = tmp_path / "journal"
    assert run(path, {0: None, 1: Code.CANCELLED})[1].written == [0]
    assert run(path, {})[0] == [1, 2, 3, 4]


def test_the_output_comes_first_and_its_size_is_noted(tmp_path: Path):
    path = tmp_path / "journal"
    kept = Kept()
    journal = Journal(Past(str(path)), "all", read_requests(LIST, Recipe()), kept, kept)
    (first, *_) = [request for request in journal.requests() if request is not None]
    journal.write(result(first, None))
    assert path.read_bytes() == b""
    journal.flush()
    assert kept.written == [0]
    assert path.read_bytes().count(b"\n") == 3
    journal.close()
    assert kept.synced == 1
    assert Past(str(path)).output == 10


def test_a_last_line_that_was_not_finished_is_cut_off(tmp_path: Path):
    path = tmp_path / "journal"
    run(path, {0: None, 1: None})
    whole = path.read_bytes()
    for torn in range(1, len(whole) - whole.index(b"\n")):
        path.write_bytes(whole[:-torn])
        given, _ = run(path, {})
        assert given in ([2, 3, 4], [1, 2, 3, 4], [0, 1, 2, 3, 4])
        assert path.read_bytes() == whole[: whole[:-torn].rindex(b"\n") + 1]
        assert run(path, {0: None, 1: None, 2: None})[0] == given
        assert run(path, {})[0] == [3, 4]


@pytest.mark.parametrize("urls", [["http://h/0", "http://other/"], ["no url", "http://h/1"]])
def test_another_list_is_refused_where_it_differs(tmp_path: Path, urls: list[str]):
    path = tmp_path / "journal"
    run(path, {0: None, 1: None})
    with pytest.raises(UsageError, match="another list"):
        run(path, {}, urls=urls)


def test_a_list_that_has_grown_is_the_same_list(tmp_path: Path):
    path = tmp_path / "journal"
    run(path, dict.fromkeys(range(5)))
    assert run(path, {}, urls=[*LIST, "http://h/5"])[0] == [5]


@pytest.mark.parametrize("content", [b"hello\n", b'{"fetchmux":"journal","version":2}\n', b"[0,true,1]\n",
                                     b'{"fetchmux":"journal","version":1}\n[0]\n', b"\xff\n"])  # fmt: skip
def test_a_file_that_is_no_journal_is_refused_and_stays(tmp_path: Path, content: bytes):
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no journal"):
        Past(str(path))
    assert path.read_bytes() == content


def test_a_journal_that_cannot_be_opened_is_a_wrong_use(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot use the journal"):
        Past(str(tmp_path))


def test_none_of_the_list_passes_through(tmp_path: Path):
    def slow() -> Iterator[Request | None]:
        yield None
        yield from read_requests(LIST[:1], Recipe())

    kept, past = Kept(), Past(str(tmp_path / "journal"))
    journal = Journal(past, "all", slow(), kept, kept)
    assert [request and request.index for request in journal.requests()] == [None, 0]
    os.close(past.fd)
