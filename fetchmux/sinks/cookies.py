"""Cookies as HAR tells of them: those of a request by name and value, those of a response with what limits them.

Knows the two fields of RFC 6265; judges nothing, keeps nothing, and reads what browsers read.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

Cookie = dict[str, str | bool]
Fields = list[tuple[str, str]]


def given_cookies(fields: Fields) -> list[Cookie]:
    """What the request's fields sent back."""
    pairs = (pair for value in _values(fields, "cookie") for pair in value.split(";"))
    return [_named(pair) for pair in pairs if pair.strip()]


def set_cookies(fields: Fields) -> list[Cookie]:
    """What the response's fields ask to be kept."""
    return [_set(value) for value in _values(fields, "set-cookie")]


def _set(field: str) -> Cookie:
    pair, *attributes = field.split(";")
    cookie = _named(pair) | {"httpOnly": False, "secure": False}
    for attribute in attributes:
        name, _, value = (part.strip() for part in attribute.partition("="))
        match name.lower():
            case "path" | "domain" as known if value:
                cookie[known] = value
            case "expires" if when := _moment(value):
                cookie["expires"] = when
            case "httponly":
                cookie["httpOnly"] = True
            case "secure":
                cookie["secure"] = True
    return cookie


def _moment(text: str) -> str | None:
    """The time in the spelling of ISO 8601, or None for what is no time."""
    try:
        # Netscape wrote hyphens between day, month and year, and some servers still do.
        return parsedate_to_datetime(text.replace("-", " ")).replace(tzinfo=UTC).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _named(pair: str) -> Cookie:
    name, _, value = pair.partition("=")
    return {"name": name.strip(), "value": value.strip()}


def _values(fields: Fields, wanted: str) -> list[str]:
    return [value for name, value in fields if name.lower() == wanted]
