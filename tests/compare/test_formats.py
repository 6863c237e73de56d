"""A comparison in the formats of others, and when each file is written."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
from pathlib import Path

import jsonschema
import pytest

from fetchmux.cli.exports import Exports
from fetchmux.cli.markdown import escaped, markdown
from fetchmux.compare import export, samples
from fetchmux.compare.summary import summarise
from fetchmux.errors import UsageError
from fetchmux.origin.launch import Origin
from tests.cli import shell
from tests.compare import made
from tests.compare.test_command import QUICK, TWO, compare

FORMATS = ("json", "csv", "markdown", "html")


@pytest.fixture
def document() -> export.Document:
    return made.document([made.cell({"epoll": 0.05, "threads": 0.1}, rounds=3)], "threads")


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, Path | None]:
    return {name: tmp_path / name for name in FORMATS}


def flags(folder: Path) -> list[str]:
    return [part for name in FORMATS for part in (f"--export-{name}", str(folder / name))]


def test_the_schema_that_is_printed_holds_for_what_is_exported(tmp_path: Path, origin: Origin):
    schema = json.loads(compare("--schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    compare(*TWO, *QUICK, "--sweep", "concurrency=1,2", "--export-json", str(tmp_path / "a"))
    compare(*TWO, *QUICK, "--export-json", str(tmp_path / "b"), origin.url("/status/404"), "http://u:p@127.0.0.1:1/")
    for name in ("a", "b"):
        validator.validate(json.loads((tmp_path / name).read_text()))
    broken = json.loads((tmp_path / "a").read_text())
    broken["cells"][0]["reports"][0]["wall"] = "fast"
    assert not validator.is_valid(broken)
    assert not validator.is_valid({**broken, "version": export.VERSION + 1})


def test_csv_is_a_row_for_each_trial_with_all_that_its_load_was(document: export.Document):
    document.cells[0].reports.append(made.report("epoll", 3, 1.0))
    document.cells[0].reports[-1].failure = 'it said "no",\nand left'
    rows = list(csv.DictReader(samples.table(document).splitlines(keepends=True)))
    assert [(row["backend"], row["round"]) for row in rows[:3]] == [("epoll", "0"), ("threads", "0"), ("epoll", "1")]
    first, report = rows[0], document.cells[0].reports[0]
    assert float(first["wall"]) == pytest.approx(report.wall, rel=1e-8)
    assert float(first["p50"]) == pytest.approx(report.wall / 10, rel=1e-6)
    assert (first["scenario"], first["concurrency"], first["delay"], first["tls"]) == ("io", "1", "0.004", "false")
    assert (first["ideal"], first["failure"]) == ("", "")
    assert rows[-1]["failure"] == 'it said "no",\nand left'


def test_markdown_has_the_figures_of_the_terminal(document: export.Document):
    text = markdown(document, [summarise(cell, document.reference) for cell in document.cells])
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 3
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1
        assert "| 1 | epoll |" in table
    assert "epoll takes 50 ms" in text
    assert "95 % interval" in tables[0]


def test_markdown_means_what_it_says_and_breaks_no_table():
    assert escaped("a|b *c* <d>\n# `e`_f_") == r"a\|b \*c\* \<d\> \# \`e\`\_f\_"


def test_every_file_is_there_before_the_first_trial_and_what_is_raw_is_kept_at_each(
    document: export.Document, paths: dict[str, Path | None], tmp_path: Path
):
    reports, document.cells[0].reports = document.cells[0].reports, []
    exports = Exports(document, paths)
    exports.all()
    assert sorted(os.listdir(tmp_path)) == sorted(FORMATS)
    empty = {name: (tmp_path / name).read_bytes() for name in FORMATS}
    document.cells[0].reports = reports
    exports.samples()
    changed = {name for name in FORMATS if (tmp_path / name).read_bytes() != empty[name]}
    assert changed == {"json", "csv"}
    exports.all()
    assert {name for name in FORMATS if (tmp_path / name).read_bytes() != empty[name]} == set(FORMATS)


def test_a_place_that_takes_no_file_and_two_formats_in_one_are_refused(document: export.Document, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for name in FORMATS:
        with pytest.raises(UsageError, match="no regular file"):
            Exports(document, {name: tmp_path / "pipe"}).all()
    with pytest.raises(UsageError, match="the same file"):
        Exports(document, {"csv": tmp_path / "a", "json": tmp_path / "." / "a"})


def test_what_is_complete_is_on_every_page_while_the_rest_runs_and_an_interrupt_loses_nothing(tmp_path: Path):
    """The second load would last for minutes; by then the first one's summaries are there."""
    load = ("-b", "sequential", "-n", "10", "--rounds", "1", "--warm-up", "0", "--sweep", "delay=1ms,30s")
    page = tmp_path / "html"
    with shell.running("compare", *load, *flags(tmp_path)) as process:
        for _ in range(3000):
            if page.exists() and b"sequential was measured alone" in page.read_bytes():
                break
            signal.sigtimedwait([], 0.02)
        complete = (tmp_path / "markdown").read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(shell.PATIENCE) == 130
    assert "| sequential |" in complete
    assert len(export.load(tmp_path / "json").cells[0].reports) == 1
    assert len((tmp_path / "csv").read_text().splitlines()) == 2
    assert sorted(os.listdir(tmp_path)) == sorted(FORMATS)


def test_a_saved_comparison_is_shown_drawn_and_exported_again_without_a_trial(
    tmp_path: Path, document: export.Document
):
    export.save(tmp_path / "saved", document)
    done = compare("--from", str(tmp_path / "saved"), "--timeline", *flags(tmp_path))
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert "Against threads it is" in text
    assert "epoll 10 requests in 50 ms" in text
    assert export.load(tmp_path / "json") == document
    assert (tmp_path / "html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("width", [80, 120])
def test_a_timeline_is_as_wide_as_the_output_and_not_wider(tmp_path: Path, document: export.Document, width: int):
    export.save(tmp_path / "saved", document)
    done = compare("--from", str(tmp_path / "saved"), "--timeline", env={**shell.ENVIRONMENT, "COLUMNS": str(width)})
    lines = done.stdout.decode().splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("epoll 10 requests"))
    panel = lines[start : start + 12]
    # Both strategies beside one another: a heading, a line for each request, the axis.
    assert panel[0].count(" 10 requests in ") == 2
    assert panel[11].startswith("└")
    assert max(map(len, panel)) <= 100
