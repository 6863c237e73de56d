"""HTML by construction: what is not markup already is escaped, so that nobody's name or URL can be any."""

from __future__ import annotations

import html
from collections.abc import Iterable


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def element(name: str, *content: str, **attributes: str | float | None) -> Markup:
    """One element with its content; text is escaped, markup is not.

    In an attribute's name a trailing underscore is dropped and the others are hyphens; one that is None is left out.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_worded(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{told}>{joined(content)}</{name}>")


def joined(content: Iterable[str]) -> Markup:
    """One after another."""
    return Markup("".join(part if isinstance(part, Markup) else html.escape(part) for part in content))


def _worded(value: str | float) -> str:
    """Numbers as short as a drawing needs them."""
    return value if isinstance(value, str) else f"{value:.6g}"
