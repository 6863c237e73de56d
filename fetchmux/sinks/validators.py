"""What a server says of a body so that it can be asked about (RFC 9110, 8.8), and whether a 304 is about that body.

Knows which of it can be relied on, and that a file may not be what it was. In doubt a body is fetched: that costs a
request, and a stale body costs more.
"""

from __future__ import annotations

import os
import re
import stat

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.model import Headers, Known, Result

# A bare `*` would match whatever there is.
_TAG = re.compile(r'(?:W/)?"[!#-~]*"')
_DATE = re.compile(r"[A-Za-z0-9 ,:+-]{1,64}")

Fields = list[tuple[str, str]]


def validators(fields: Fields) -> tuple[str | None, str | None]:
    """The entity tag and the date of a reply's body, as far as they tell it from what may come after it.

    What has changed in the second in which it was served may change once more in it (RFC 9110, 8.8.2.2).
    """
    tag, date = _only(fields, "etag"), _only(fields, "last-modified")
    if date is not None and date == _only(fields, "date"):
        date = None
    return _fitting(_TAG, tag), _fitting(_DATE, date)


def question(tag: str | None, date: str | None) -> Headers:
    """The fields that ask whether it has changed; none where nothing usable is known of it."""
    pairs = (("If-None-Match", _fitting(_TAG, tag)), ("If-Modified-Since", _fitting(_DATE, date)))
    return tuple((name, value) for name, value in pairs if value is not None)


def as_it_was(known: Known) -> bool:
    """Whether the file is what was saved, by its size and its time."""
    try:
        found = os.stat(known.path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and (found.st_size, found.st_mtime_ns) == (known.size, known.time)


def confirmed(known: Known, fields: Fields) -> bool:
    """Whether a 304 with these fields means that the file is what would come.

    One that names another validator than it was asked about is about something else: some servers look at the date
    alone, in which two changes of one second are the same.
    """
    asked = dict(known.fields)
    tag, date = asked.get("If-None-Match"), asked.get("If-Modified-Since")
    told = _only(fields, "etag")
    if tag is not None and told is not None:
        agrees = told.removeprefix("W/") == tag.removeprefix("W/")
    else:
        agrees = date is None or _only(fields, "last-modified") in (None, date)
    return agrees and as_it_was(known)


def tell_of_unchanged(result: Result, known: Known) -> None:
    """Where the body of a 304 is. Raises FetchError when it came as the run ended, and is not there any more."""
    if result.status != 304 or result.final_url != known.url:
        return
    if not confirmed(known, result.headers):
        raise FetchError(Code.CANCELLED, "the run ended before this was asked for again", Phase.SAVE)
    result.saved_to = known.path


def _only(fields: Fields, name: str) -> str | None:
    """The one value of a field; None also where there are several that differ."""
    values = {value for told, value in fields if told.lower() == name}
    return values.pop() if len(values) == 1 else None


def _fitting(pattern: re.Pattern[str], value: str | None) -> str | None:
    return value if value is not None and pattern.fullmatch(value) else None
