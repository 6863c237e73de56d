"""A comparison as a file."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from fetchmux.compare import export, machine
from fetchmux.compare.trial import Report, Spans, Trace
from tests.compare.conftest import cell


@pytest.fixture
def document() -> export.Document:
    spans = Spans([0.0, 0.1], [0.0] * 2, [0.01] * 2, [0.02] * 2, [0.0] * 2)
    traces = [Trace(0, 0.0, 0.01, 0.02, 0.03, True)]
    reports = [
        Report("epoll", 0, wall=0.1, ok=2, statuses={200: 1, 404: 1}, spans=spans, traces=traces, notices=["x"]),
        Report("threads", 0, failure="it broke"),
    ]
    cells = [cell(reports, swept={"concurrency": 64.0})]
    return export.Document(export.VERSION, "1.0", "2026-01-01T00:00:00+00:00", -3, machine.describe(), "epoll", cells)


def test_what_was_saved_is_loaded(document: export.Document, tmp_path: Path):
    export.save(tmp_path / "a", document)
    assert export.load(tmp_path / "a") == document


def test_a_file_is_replaced_and_never_written_into(document: export.Document, tmp_path: Path):
    path = tmp_path / "a"
    export.save(path, document)
    with path.open("rb") as reader:
        before = path.read_bytes()
        document.cells[0].reports.pop()
        export.save(path, document)
        # Whoever has opened the old one reads it to its end.
        assert reader.read() == before
    assert len(export.load(path).cells[0].reports) == 1
    assert os.listdir(tmp_path) == ["a"]


def test_a_draft_that_cannot_take_its_place_leaves_the_old_file_and_no_litter(
    document: export.Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a"
    export.save(path, document)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    document.cells[0].reports.clear()
    with pytest.raises(OSError, match="No space"):
        export.save(path, document)
    assert len(export.load(path).cells[0].reports) == 2
    assert os.listdir(tmp_path) == ["a"]


def test_a_link_stays_one(document: export.Document, tmp_path: Path):
    (tmp_path / "link").symlink_to("a")
    export.save(tmp_path / "link", document)
    assert (tmp_path / "link").is_symlink()
    assert export.load(tmp_path / "a") == document


@pytest.mark.parametrize("name", [".", "pipe"])
def test_only_a_regular_file_is_replaced(document: export.Document, tmp_path: Path, name: str):
    """By root, /dev/null could be."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        export.save(tmp_path / name, document)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("text", ["", "{", '{"version":1}', "[]"])
def test_what_is_no_comparison_is_refused(tmp_path: Path, text: str):
    (tmp_path / "a").write_text(text)
    with pytest.raises(msgspec.MsgspecError):
        export.load(tmp_path / "a")


def test_the_machine_tells_what_a_number_depends_on():
    found = machine.describe()
    assert found.cpus >= found.affinity >= 1
    assert found.python.count(".") == 2
    assert found.packages["msgspec"]
