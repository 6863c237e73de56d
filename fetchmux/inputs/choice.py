"""What of the input counts: a column of a table, and each thing once.

Knows text and requests. Must not know where they come from.
"""

from __future__ import annotations

from collections.abc import Iterator

from fetchmux.errors import UsageError
from fetchmux.inputs.urls import veil
from fetchmux.model import Request


def column(line: str, number: int) -> str | None:
    """The field at `number`, from 1: between tabs where there are some, else as CSV has it; None when there is none."""
    fields = _fields(line)
    return fields[number - 1] if number <= len(fields) else None


def place_of(name: str, heading: str) -> int:
    """The number of the column of that name. Raises UsageError when there is none."""
    names = [field.strip() for field in _fields(heading)]
    if name not in names:
        raise UsageError(f"no column is called {name!r} in the first line of the list: {veil(heading[:200])}")
    return names.index(name) + 1


def _fields(line: str) -> list[str]:
    if "\t" in line:
        return line.split("\t")
    # Late, because most runs need it not.
    import csv

    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def unique(requests: Iterator[Request | None]) -> Iterator[Request | None]:
    """Drop what would be sent again: the same method, URL and body. Kept are 8 bytes of hash for each, in a set.

    That is some 80 MB for a million; two different requests are taken for one in one case of 10^13.
    """
    seen: set[int] = set()
    index = 0
    for request in requests:
        if request is not None:
            key = request.fingerprint()
            if key in seen:
                continue
            seen.add(key)
            request.index = index
            index += 1
        yield request
