"""The page of a comparison: whole, accessible, and its own."""

from __future__ import annotations

import html.parser
import re
from pathlib import Path

import pytest

from fetchmux.cli.page import page
from fetchmux.compare import export
from fetchmux.compare.summary import summarise
from tests.compare import made
from tests.compare.conftest import setting

# Elements without an end.
VOID = {"meta"}
HOSTILE = "<script>alert(1)</script>&\"'"


class Reader(html.parser.HTMLParser):
    """Reads a page and refuses one whose elements do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def under(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


def rendered(document: export.Document) -> str:
    return page(document, [summarise(cell, document.reference) for cell in document.cells])


@pytest.fixture
def single() -> export.Document:
    return made.document([made.cell({"epoll": 0.05, "select": 0.05, "threads": 0.1, "sequential": 1.0})])


@pytest.fixture
def sweep() -> export.Document:
    values = (1.0, 8.0, 64.0)
    cells = [
        made.cell({"epoll": 1 / value, "sequential": 1.0}, swept={"concurrency": value}, seed=int(value))
        for value in values
    ]
    return made.document(cells)


def test_it_tells_the_verdict_the_figures_the_machine_and_the_method(single: export.Document):
    text = rendered(single)
    reader = Reader(text)
    shown = " ".join(text for _, text in reader.texts)
    assert re.match("Use epoll for this: ", reader.under("p")[1])
    for words in ("no difference shown.", "Seed", single.machine.cpu, "warm-up", "95 %", "Latency"):
        assert words.lower() in shown.lower()
    assert reader.under("th").count("epoll") == 2


def test_it_asks_nobody_for_anything_and_runs_nothing(single: export.Document, sweep: export.Document):
    for document in (single, sweep):
        text = rendered(document)
        reader = Reader(text)
        assert not {"script", "link", "img", "iframe", "object"}.intersection(tag for tag, _ in reader.elements)
        assert not re.search(r"url\(|@import|https?://", text)
        targets = [
            value for _, attributes in reader.elements for name, value in attributes.items() if name in ("href", "src")
        ]
        assert all(target is not None and target.startswith("#") for target in targets)
        assert not [name for _, attributes in reader.elements for name in attributes if name.startswith("on")]
        policy = next(item for item in reader.named("meta") if item.get("http-equiv") == "Content-Security-Policy")
        assert "default-src 'none'" in str(policy["content"])


def test_foreign_names_and_urls_are_text(single: export.Document):
    cell = single.cells[0]
    cell.reports = [made.report(HOSTILE, number, 1.0 + number) for number in range(3)]
    for report in cell.reports:
        report.notices = [HOSTILE]
    other = [made.report("epoll", number, 2.0 + number) for number in range(3)]
    cell.reports += other
    cell.excluded = {HOSTILE: HOSTILE}
    cell.setting = setting(backends=(HOSTILE, "epoll"), embedded=False, urls=(f"http://h/{HOSTILE}",))
    single.reference = "epoll"
    reader = Reader(rendered(single))
    assert not reader.named("script")
    assert HOSTILE in reader.under("th")
    assert any(f"http://h/{HOSTILE}" in text for text in reader.under("dd"))


def test_a_screen_reader_finds_its_way(single: export.Document, sweep: export.Document):
    for document in (single, sweep):
        reader = Reader(rendered(document))
        assert reader.named("html")[0]["lang"] == "en"
        assert len(reader.named("h1")) == 1
        assert all(
            svg.get("aria-hidden") == "true" or svg.get("aria-label") or "viewbox" in svg for svg in reader.named("svg")
        )
        assert all(scope["scope"] in ("col", "row") for scope in reader.named("th"))
        assert len(reader.named("caption")) == len(reader.named("table"))
        assert len(reader.named("figcaption")) == len(reader.named("figure"))
        identities = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
        assert len(set(identities)) == len(identities) > 0
        targets = {str(link["href"]).removeprefix("#") for link in reader.named("a")}
        assert targets <= set(identities)


def test_a_sweep_has_curves_and_a_way_to_each_load(sweep: export.Document):
    text = rendered(sweep)
    reader = Reader(text)
    assert len(re.findall('class="curve ', text)) == 2
    assert len(reader.named("a")) == 3
    assert "Time of a run by concurrency: io" in reader.under("strong")


def test_what_is_not_measured_yet_has_a_page(single: export.Document):
    single.cells[0].reports = []
    assert "measured yet" in rendered(single)


@pytest.mark.parametrize("rounds", [1, 2])
def test_few_rounds_draw_no_more_than_they_show(single: export.Document, rounds: int):
    """One round has no interval, and that of two may reach to the moon."""
    cell = single.cells[0]
    cell.reports = [report for report in cell.reports if report.round < rounds]
    text = rendered(single)
    assert "inf" not in re.sub("<style>.*?</style>", "", text)
    assert "nan" not in re.sub("<style>.*?</style>|<[^>]+>", "", text)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_lines_have_the_contrast_of_wcag(scheme: int):
    style = (Path(export.__file__).parent / "page" / "page.css").read_text()
    colours = dict(re.findall(r"--([\w]+): (#[0-9a-f]{6})", style.split(":root {")[1 + scheme]))
    paper = luminance(colours["paper"])

    def contrast(name: str) -> float:
        low, high = sorted((paper, luminance(colours[name])))
        return (high + 0.05) / (low + 0.05)

    texts = ["ink", "soft", "best", "warn", "bad", *(f"c{number}" for number in range(8))]
    assert {name: contrast(name) for name in texts if contrast(name) < 4.5} == {}
    shapes = ["connecting", "receiving", "bestbar", "whisker"]
    assert {name: contrast(name) for name in shapes if contrast(name) < 3} == {}
