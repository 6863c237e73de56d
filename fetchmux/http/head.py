"""The head of a response: from the bytes before the empty line to a status and fields.

Knows the grammar and what real servers get wrong that a client may forgive. Must not know how a body is framed.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.settings import MAX_FIELDS

# An empty line, whichever line ends the server writes (RFC 9112, 2.2: a bare LF may be taken for a line end).
END_OF_HEAD = re.compile(rb"\n\r?\n")

# Repetitions that could trade characters with one another are possessive (*+): a server that sends 300 KiB of blanks
# and then something odd must not make the search try every way to share them out.
_USUAL_LENGTH = 80
_STATUS_LINE = re.compile(r"HTTP/1\.(\d)[ \t]+([1-9]\d\d)(?:[ \t]([^\r\n]*+))?\r?\n")
# Lines as nearly all servers write them. It looks at no more than the two characters that end a name and a value,
# which is twice as fast as naming all that neither may hold: `_is_plain` has looked for that in the head as a whole.
_PLAIN_LINE = re.compile(r"^([^:]++): *+([^\r]*+)\r\n", re.MULTILINE)
_FOLD = re.compile(r"(?<![ \t])[ \t]*+(?:\r?\n[ \t]++)+")


class Head(NamedTuple):
    """A parsed head.

    Attributes:
        status: three digits.
        reason: the rest of the status line, may be empty.
        version: "1.0", "1.1": what the server claims.
        fields: names as they were sent and values without white space around them, in order, decoded as Latin-1
            so that no byte is lost.
    """

    status: int
    reason: str
    version: str
    fields: list[tuple[str, str]]


def parse_head(data: bytes) -> Head:
    """Read a head, `data` being all of it up to and including the line end before the empty line.

    Raises FetchError, `malformed-head` or `head-too-large` (more than 5,000 fields).
    """
    text = data.decode("latin-1")
    offset, lines = text.find("\n") + 1, text.count("\n") - 1
    read = _known_status_line if offset <= _USUAL_LENGTH else _read_status_line
    status, reason, version = read(text[:offset])
    fields = _PLAIN_LINE.findall(text, offset) if _is_plain(text, lines) else []
    if len(fields) != lines:
        fields = _read_with_care(text[offset:])
    if lines >= MAX_FIELDS and len(fields) > MAX_FIELDS:
        raise FetchError(Code.HEAD_TOO_LARGE, f"the head has more than {MAX_FIELDS:,} fields", Phase.HEAD)
    if "\0" in text:
        raise malformed("the head holds a NUL byte")
    return Head(status, reason, version, fields)


def _read_status_line(line: str) -> tuple[int, str, str]:
    """Status, reason and version. Raises FetchError."""
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise malformed("the reply does not start with an HTTP/1.x status line")
    minor, status, reason = match.groups("")
    return int(status), reason.strip(" \t"), f"1.{minor}"


# A server has a handful of status lines and sends them again and again. A long one is not worth keeping.
_known_status_line = functools.lru_cache(256)(_read_status_line)


def malformed(message: str) -> FetchError:
    """The failure of a head that cannot be trusted."""
    return FetchError(Code.MALFORMED_HEAD, message, Phase.HEAD)


def _is_plain(text: str, lines: int) -> bool:
    """Whether every line ends in CR LF and no blank stands where it would have to be cut off, or folds a line."""
    return (
        text.count("\r") == lines + 1
        and "\t" not in text
        and " \r" not in text
        and "\n " not in text
        and " :" not in text
    )


def _read_with_care(text: str) -> list[tuple[str, str]]:
    """Field lines of which at least one is odd: unfold what is folded, and name what cannot be forgiven."""
    if text[:1] in (" ", "\t"):
        raise malformed("a continuation line stands before the first field")
    # obs-fold counts as one space (RFC 9112, 5.2).
    lines = _FOLD.sub(" ", text).split("\n")[:-1]
    return [_read_line(line.removesuffix("\r")) for line in lines]


def _read_line(line: str) -> tuple[str, str]:
    if "\r" in line:
        raise malformed("a CR without LF stands in the head")
    name, colon, value = line.partition(":")
    name = name.rstrip(" \t")
    if not colon or not name:
        raise malformed("a field line has no colon" if not colon else "a field has no name")
    return name, value.strip(" \t")
