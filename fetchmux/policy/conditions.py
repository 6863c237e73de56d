"""Conditions of our own: a question about a body goes to the place that it came from, and nowhere else. Pure.

RFC 9110, 15.4: a redirect is followed without the validators that were added for the place it leads away from.
"""

from __future__ import annotations

from fetchmux.model import Headers, Known, Url

# What a server may answer to a condition instead of a body: that nothing has changed, and, of those that have
# misread the condition, that it does not hold.
WITHOUT_BODY = frozenset({304, 412})


def withdrawn(headers: Headers, known: Known) -> Headers:
    """The user's fields alone."""
    return tuple(field for field in headers if field not in known.fields)


def at(url: Url, headers: Headers, known: Known) -> Headers:
    """The user's fields, with the question where this is the place for it."""
    alone = withdrawn(headers, known)
    return alone + known.fields if url.text == known.url else alone
