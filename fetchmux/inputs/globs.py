r"""URLs with braces and ranges, as curl has them: `{a,b}`, `[1-100]`, `[001-100:2]`, `[a-z]`; `\{` is a brace.

Knows the grammar. Must not know what a URL is, but that brackets hold other things in it: `[::1]` and `a[name]=1` stay
as they are. What begins like a pattern and is none was meant otherwise, and is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from fetchmux.errors import UsageError

_PART = re.compile(
    r"\\([{}\[\]])"
    r"|\{((?:[^{}\\]|\\.)+)\}"
    r"|\[(?:(\d{1,18})-(\d{1,18})|([a-z])-([a-z])|([A-Z])-([A-Z]))(?::(\d{1,18}))?\]"
    r"|(\[(?!\d+-|[A-Za-z]-)[^][{}\\]*\])"
    r"|([{}\[\]])"
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
    """The alternatives of each part of a pattern, in order; a part without alternatives has one. Never empty.

    Raises UsageError, which names the place and not the text, for what begins like a pattern and is none.
    """
    found: list[Part] = []
    at = 0
    for match in _PART.finditer(text):
        alternatives = _alternatives(match)
        if not alternatives:
            place = match.start() + 1
            raise UsageError(f"the {match[0][0]} at position {place:,} {_wrong(match)}; -g takes it as it is")
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
    """What a match stands for; nothing where it is wrong, such as a range that runs backwards."""
    literal, braces, first, last, *letters, step, brackets, _ = match.groups()
    if literal is not None or brackets is not None:
        return (literal or brackets,)
    if braces is not None:
        return [_ESCAPED.sub(r"\1", choice) for choice in _COMMA.split(braces)]
    if step is not None and not int(step):
        return ()
    if first is not None:
        return Numbers(first, last, int(step or 1))
    low, high = (*filter(None, letters), "", "")[:2]
    return [chr(code) for code in range(ord(low), ord(high) + 1, int(step or 1))] if low else ()


def _wrong(match: re.Match[str]) -> str:
    """Why a match stands for nothing."""
    sign, rest = match[0][0], match.string[match.start() :]
    if sign in "}]":
        return "closes nothing"
    if ("}" if sign == "{" else "]") not in rest:
        return "is never closed"
    return "holds nothing, or braces of its own" if sign == "{" else "begins no range that counts upwards"
