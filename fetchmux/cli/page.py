"""A comparison as one page that needs nothing else: the verdict, tables, pictures, the machine, how it was measured.

Knows in which order things are told and in which words. How anything is drawn, `compare.page` knows; every figure and
every judgement comes from `fetchmux.compare`, in the words that the terminal has too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from fetchmux.cli import columns, findings, grand, pictures, verdict, wording
from fetchmux.compare.cell import Cell
from fetchmux.compare.export import Document
from fetchmux.compare.page import sheet
from fetchmux.compare.page.markup import Markup, element, joined
from fetchmux.compare.row import Row
from fetchmux.compare.summary import Summary

# What a sentence's style on the terminal is here.
_KINDS = {"yellow": "warn", "bold red": "bad", "dim": "note"}
_HOW = (
    "Each trial ran in a process of its own, warmed up before its clock began and with all imports done; the server "
    "was another process. Rounds were interleaved and shuffled from the seed, so that what befell the machine befell "
    "all. A strategy has a rank only if all that it fetched was, by hash, what the others fetched. Intervals hold with "
    "95 %: those of times are bootstrapped from the rounds, those of speeds are Student's of the logarithms of ratios "
    "within a round, and from seven rounds on Yuen's, trimmed. Strategies share a rank where no difference is shown."
)


def page(document: Document, summaries: Sequence[Summary]) -> str:
    """The whole page."""
    cells = document.cells
    parts = [
        element("h1", "fetchmux compare"),
        element("p", f"{document.started[:16].replace('T', ', ')} UTC, fetchmux {document.fetchmux}", class_="when"),
        *_lead(cells, summaries),
        *([_sentences(verdict.found(document, list(summaries)))] if len(cells) > 1 else ()),
        *(_overview(cells, summaries) if len(cells) > 1 else ()),
        *(_cell(place, cell, summary) for place, (cell, summary) in enumerate(zip(cells, summaries, strict=True))),
        *([_sentences(verdict.found(document, list(summaries)))] if len(cells) == 1 else ()),
        _measured(document),
    ]
    return sheet.sheet(f"fetchmux compare, {document.started[:10]}", *parts)


def _lead(cells: Sequence[Cell], summaries: Sequence[Summary]) -> Iterator[Markup]:
    """The verdict in a sentence, and what more there is to say of it."""
    first, *more = findings.advice(cells, summaries) or [_alone(summaries)]
    yield element("p", first, class_="lead")
    yield from (element("p", sentence) for sentence in more)


def _alone(summaries: Sequence[Summary]) -> str:
    rows = [row for summary in summaries for row in summary.rows]
    if not rows:
        return "Nothing that can be compared was measured yet."
    return f"{rows[0].backend} was measured alone: {wording.seconds(rows[0].wall)}."


def _sentences(told: Sequence[Text]) -> Markup:
    return joined(element("p", text.plain, class_=_KINDS.get(str(text.style))) for text in told)


def _overview(cells: Sequence[Cell], summaries: Sequence[Summary]) -> Iterator[Markup]:
    """What only several cells have: the grand table, the curves, the way to each cell."""
    yield element("h2", "All loads")
    headings, rows = grand.figures(cells, summaries)
    yield sheet.table(f"Time of a run; {grand.LEGEND}", headings, rows, columns.WORDS, 0)
    yield from pictures.sweeps(cells, summaries)
    links = [
        element("li", element("a", findings.label(cell), href=f"#cell{place}")) for place, cell in enumerate(cells)
    ]
    yield element("nav", element("h2", "One by one"), element("ul", *links), aria_label="The loads")


def _cell(place: int, cell: Cell, summary: Summary) -> Markup:
    """One load: what was asked, who won, the figures, the pictures."""
    told = [*verdict.verdict(summary), *verdict.wrong(cell, summary)]
    shown = [_table(group, title, summary.rows) for title, group in columns.TOGETHER if summary.rows]
    shown += [_table(group, verdict.PEERS, summary.peers) for _, group in columns.TOGETHER if summary.peers]
    return element(
        "section",
        element("h2", verdict.heading(cell)),
        _sentences([*told, *([] if summary.rows else [Text("No round of it is complete.")])]),
        *shown,
        *(pictures.of_cell(cell, summary) if summary.rows else ()),
        id=f"cell{place}",
    )


def _table(group: Sequence[columns.Column], title: str, shown: Sequence[Row]) -> Markup:
    headings = ["backend", "rank", *(heading for heading, _ in group)]
    rows = [[row.backend, rank, *(value(row) for _, value in group)] for rank, row in columns.places(shown)]
    return sheet.table(title, headings, rows, columns.WORDS, sum(row.rank == 1 for row in shown))


def _measured(document: Document) -> Markup:
    """The machine, the settings, the method."""
    machine = document.machine
    soft, hard = ("unlimited" if limit < 0 else f"{limit:,}" for limit in machine.descriptors)
    settings = [cell.setting for cell in document.cells]
    facts = [
        ("machine", f"{machine.affinity} of {machine.cpus} CPUs, {machine.cpu}"),
        ("system", f"{machine.system} {machine.kernel}; descriptors {soft}, at most {hard}"),
        ("load before", ", ".join(f"{load:.2f}" for load in machine.load) + " (1, 5 and 15 minutes)"),
        ("Python", f"{machine.implementation} {machine.python}, {'with' if machine.gil else 'without'} the GIL"),
        ("packages", ", ".join(f"{name} {version}" for name, version in machine.packages.items())),
        ("seed", f"{document.seed}"),
        ("rounds", _counts([len({report.round for report in cell.reports}) for cell in document.cells])),
        ("warm-up", f"{_counts([setting.warm_up for setting in settings])} requests of each trial"),
        ("requests", f"{_counts([setting.requests for setting in settings])} in each trial"),
        ("reference", document.reference),
        ("fetched", "pages of the embedded origin" if settings[0].embedded else _urls(settings[0].urls)),
    ]
    return element(
        "section", element("h2", "How it was measured"), sheet.facts(facts), element("p", _HOW, class_="note")
    )


def _counts(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _urls(urls: Sequence[str], most: int = 20) -> str:
    more = f" and {len(urls) - most:,} more" if len(urls) > most else ""
    return " ".join(urls[:most]) + more
