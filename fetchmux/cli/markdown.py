"""A comparison in Markdown, for an issue or a README: the same tables and sentences as on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fetchmux.cli import columns, grand, verdict
from fetchmux.compare.cell import Cell
from fetchmux.compare.export import Document
from fetchmux.compare.summary import Summary

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#])")


def markdown(document: Document, summaries: Sequence[Summary]) -> str:
    """The whole text, one paragraph or table after another."""
    return "\n\n".join(_blocks(document, list(summaries))) + "\n"


def _blocks(document: Document, summaries: list[Summary]) -> Iterator[str]:
    cells = document.cells
    for cell, summary in zip(cells, summaries, strict=True):
        yield from _cell(cell, summary, whole=len(cells) == 1)
    if len(cells) > 1:
        headings, rows = grand.figures(cells, summaries)
        yield "## All loads"
        yield _table(headings, rows)
        yield escaped(grand.LEGEND)
    told = (*verdict.found(document, summaries), *verdict.method(document), *verdict.advised(cells, summaries))
    yield from (escaped(text.plain) for text in told)


def _cell(cell: Cell, summary: Summary, *, whole: bool) -> Iterator[str]:
    yield f"## {escaped(verdict.heading(cell))}"
    for rows in filter(None, (summary.rows, summary.peers)):
        if rows is summary.peers:
            yield f"{verdict.PEERS}:"
        for group in columns.AT_ONCE if whole else columns.AT_ONCE[:1]:
            headings = ["", "backend", *(heading for heading, _ in group)]
            figures = [[rank, row.backend, *(value(row) for _, value in group)] for rank, row in columns.places(rows)]
            yield _table(headings, figures)
    yield from (escaped(text.plain) for text in (*verdict.wrong(cell, summary), *verdict.verdict(summary)))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rules = ["---" if heading in columns.WORDS else "--:" for heading in headings]
    lines = [[escaped(text) for text in line] for line in (headings, *rows)]
    lines.insert(1, rules)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Text that means itself, in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
