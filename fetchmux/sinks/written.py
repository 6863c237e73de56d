r"""Lines of the user's own making: fields of the record by name, as in `{status} {timings.total}\n`.

Knows the record's fields by dotted path, and how a value is written plainly. Must not know where lines go.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from fetchmux.errors import UsageError
from fetchmux.model import Failure, Result, Timings
from fetchmux.sinks.blocks import Blocks
from fetchmux.sinks.charset import ShownBody, show_body

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\"}
_INSIDE = {"timings": Timings.__struct_fields__, "error": Failure.__struct_fields__}
_BODY = frozenset({"body", "body_encoding"})

Getter = Callable[[Result], Any]


class Pattern:
    r"""What is written of each result. Raises UsageError for what names no field.

    A field stands in braces: `{status}`, `{timings.total}`, `{error.code}`, `{headers.content-type}`; `{{` is a brace,
    and \n, \t, \r, \0 and \\ are what they are in C. Nothing is written for null.

    Attributes:
        shows_body: it has a place for the body.
    """

    def __init__(self, text: str) -> None:
        try:
            parsed = list(string.Formatter().parse(_ESCAPE.sub(_unescape, text)))
        except ValueError as error:
            raise UsageError(f"braces: {error}; a brace itself is written {{{{ or }}}}") from None
        self._pieces: list[tuple[str, Getter | None]] = []
        self.shows_body = False
        for literal, field, form, conversion in parsed:
            if form or conversion:
                raise UsageError(f"{field!r} is followed by a format, which fields do not have")
            self._pieces.append((literal, None if field is None else _getter(field)))
            self.shows_body |= field in _BODY

    def fill(self, result: Result) -> str:
        """The text for one result."""
        return "".join(
            literal if getter is None else literal + _plain(getter(result)) for literal, getter in self._pieces
        )


class Written:
    """A sink that writes a pattern for each result; a body as `shown` says, as in JSON records."""

    def __init__(self, stream: BinaryIO, pattern: Pattern, shown: ShownBody = "none") -> None:
        self._blocks = Blocks(stream)
        self._pattern = pattern
        self._shown = shown

    def write(self, result: Result) -> None:
        if self._pattern.shows_body:
            result = _with_text(result, self._shown)
        self._blocks.add(self._pattern.fill(result).encode("utf-8", "replace"))

    def flush(self) -> None:
        self._blocks.flush()


def _with_text(result: Result, shown: ShownBody) -> Result:
    body, encoding = (None, None) if result.body is None else show_body(result.body, result.headers, shown)
    if isinstance(body, bytes):
        # As msgspec writes it, which is as other tools read it.
        body = msgspec.to_builtins(body)
    # Text where the record has bytes: from here on the result is only read, and only by `fill`.
    return msgspec.structs.replace(result, body=body, body_encoding=encoding)


def _getter(path: str) -> Getter:
    name, dot, inner = path.partition(".")
    if name == "headers" and dot and inner:
        wanted = inner.lower()
        return lambda result: ", ".join(value for name, value in result.headers if name.lower() == wanted)
    if name not in Result.__struct_fields__ or (dot and inner not in _INSIDE.get(name, ())):
        raise UsageError(f"the record has no field {path!r}; its fields: {', '.join(Result.__struct_fields__)}")
    if not dot:
        return lambda result: getattr(result, name)
    return lambda result: None if (outer := getattr(result, name)) is None else getattr(outer, inner)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(value) if isinstance(value, int) else msgspec.json.encode(value).decode()


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[0])
