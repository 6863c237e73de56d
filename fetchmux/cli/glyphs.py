"""Characters that drawings on a terminal are made of, and plainer ones where the output cannot have them."""

from __future__ import annotations

from typing import NamedTuple


class Glyphs(NamedTuple):
    """`eighths`: a full cell and its parts from one eighth on; the phases of a request; ends and marks."""

    eighths: str
    rule: str
    end: str
    beyond: str
    queued: str
    connecting: str
    waiting: str
    receiving: str
    failed: str
    marker: str
    corner: str


FINE = Glyphs("▏▎▍▌▋▊▉█", "─", "┤", "▸", "·", "░", "▒", "█", "×", "▲", "└")
PLAIN = Glyphs("#", "-", "|", ">", ".", "c", "-", "#", "x", "^", "+")


def glyphs(encoding: str) -> Glyphs:
    """The finest that can be written."""
    try:
        "".join(FINE).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return FINE


def filled(length: float, eighths: str) -> str:
    """A bar of so many cells, to the nearest part of a cell."""
    parts = round(length * len(eighths))
    whole, rest = divmod(parts, len(eighths))
    return eighths[-1] * whole + (eighths[rest - 1] if rest else "")
