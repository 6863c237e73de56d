r"""URLs with braces and ranges, as curl has them: `{a,b}`, `[1-100]`, `[001-100:2]`, `[a-z]`; `\{` is a brace.

Knows the grammar. Must not know what a URL is, but that `[::1]` is no range: whatever is none stays as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

_PART = re.compile(
    r"\\([{}\[\]])"
    r"|\{((?:[^{}\\]|\\.)+)\}"
    r"|\[(?:(\d{1,18})-(\d{1,18})|([a-z])-([a-z])|([A-Z])-([A-Z]))(?::(\d{1,18}))?\]"
)

_COMMA = re.compile(r"(?<!\\),")
_ESCAPED = re.compile(r"\\(.)")

Part = Sequence[str]


class Numbers(Sequence[str]):
    """The numbers of a range as text, with leading noughts where the first one has them; holds none of them."""

    def __init__(self, first: str, last: str, step: int) -> None:
        self._range = range(int(first), int(last) + 1, step)
        self._width = len(first) if first.startswith("0") else 0

    def __len__(self) -> int:
        return len(self._range)

    def __getitem__(self, place: int | slice) -> str:
        assert isinstance(place, int)
        return f"{self._range[place]:0{self._width}}"


def parts(text: str) -> list[Part]:
    """The alternatives of each part of a pattern, in order; a part without alternatives has one. Never empty."""
    found: list[Part] = []
    at = 0
    for match in _PART.finditer(text):
        alternatives = _alternatives(match)
        if alternatives:
            found += [(text[at : match.start()],), alternatives]
            at = match.end()
    return [*found, (text[at:],)]


def count(pattern: list[Part]) -> int:
    """How many texts a pattern stands for."""
    return math.prod(map(len, pattern))


def expand(pattern: list[Part], before: str = "") -> Iterator[str]:
    """All of them, the last part changing quickest, made as they are asked for."""
    if not pattern:
        yield before
        return
    alternatives, *rest = pattern
    for place in range(len(alternatives)):
        yield from expand(rest, before + alternatives[place])


def _alternatives(match: re.Match[str]) -> Part:
    """What a match stands for; nothing where it is no range, such as one that runs backwards."""
    literal, braces, first, last, *letters, step = match.groups()
    if literal is not None:
        return (literal,)
    if braces is not None:
        return [_ESCAPED.sub(r"\1", choice) for choice in _COMMA.split(braces)]
    if step is not None and not int(step):
        return ()
    if first is not None:
        return Numbers(first, last, int(step or 1))
    low, high = filter(None, letters)
    return [chr(code) for code in range(ord(low), ord(high) + 1, int(step or 1))]
