"""The page itself: head, style and body, and the few kinds of text that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fetchmux.compare.page.markup import Markup, element, joined

_ALLOWED = "default-src 'none'; style-src 'unsafe-inline'"


def sheet(title: str, *body: str) -> str:
    """A whole document, with all that it needs inside of it."""
    style = Markup(Path(__file__).with_name("page.css").read_text(encoding="utf-8"))
    head = [
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        # Not even by mistake does a page of results ask anybody for anything.
        Markup(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        ),
        Markup('<meta name="color-scheme" content="light dark">'),
        element("title", title),
        element("style", style),
    ]
    whole = element("html", element("head", *head), element("body", element("main", *body)), lang="en")
    return f"<!doctype html>\n{whole}\n"


def table(
    caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]], words: frozenset[str], best: int
) -> Markup:
    """Figures in rows that begin with a name; the columns in `words` have none; the first `best` rows stand out."""
    top = element("tr", *(_cell("th", heading, heading in words, "col") for heading in headings))
    lines = [
        element("tr", *_line(row, [heading in words for heading in headings]), class_="best" if number < best else None)
        for number, row in enumerate(rows)
    ]
    body = element(
        "table", element("caption", element("span", caption)), element("thead", top), element("tbody", *lines)
    )
    # Wider than the window, it is moved alone, also by the keyboard.
    return element("div", body, class_="wide", tabindex="0", role="region", aria_label=caption)


def _line(row: Sequence[str], words: Sequence[bool]) -> list[Markup]:
    figures = [_cell("td", text, worded) for text, worded in zip(row[1:], words[1:], strict=True)]
    return [_cell("th", row[0], words[0], "row"), *figures]


def _cell(tag: str, text: str, worded: bool, scope: str | None = None) -> Markup:
    return element(tag, text, class_="words" if worded else None, scope=scope)


def paragraphs(sentences: Sequence[str], kind: str | None = None) -> Markup:
    """A paragraph for each sentence."""
    return joined(element("p", sentence, class_=kind) for sentence in sentences)


def facts(pairs: Sequence[tuple[str, str]]) -> Markup:
    """Names and what is known under them."""
    return element("dl", *(element(tag, text) for name, known in pairs for tag, text in (("dt", name), ("dd", known))))
