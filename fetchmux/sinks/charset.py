"""Bytes of a body as text, where they are text."""

from __future__ import annotations

import codecs
import re

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';]+)""", re.IGNORECASE)

# Names that Python's codecs know and that are no charsets of text; for a hostile body some take time without end.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


def decode_body(body: bytes, headers: list[tuple[str, str]]) -> tuple[str, str] | None:
    """The text and the charset that gave it: the declared one, else UTF-8. None when the bytes are not text in it."""
    charset = declared_charset(headers) or "utf-8"
    try:
        if codecs.lookup(charset).name in _NO_CHARSETS:
            return None
        text = body.decode(charset)
    except (LookupError, ValueError):
        return None
    # A lone surrogate (utf-7 and the like can make one) is no text that JSON could carry.
    return None if "\0" in text or (not text.isascii() and _has_surrogate(text)) else (text, charset)


def declared_charset(headers: list[tuple[str, str]]) -> str | None:
    """The charset parameter of Content-Type, in lower case."""
    for name, value in headers:
        if name.lower() == "content-type":
            match = _CHARSET.search(value)
            return match[1].lower() if match else None
    return None


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
