"""A text of the user's own for each result: fields of the record, by their path, among other words.

Knows the record's fields, so that a wrong one is told before anything is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from fetchmux.errors import UsageError
from fetchmux.model import UNRECORDED, Failure, Result, Timings
from fetchmux.sinks.blocks import Blocks
from fetchmux.sinks.jsonl import ShownBody, shown_body

_PART = re.compile(r"\\(?P<escape>[nrt0\\])|(?P<brace>\{\{|\}\})|\{(?P<path>[^{}]*)\}|(?P<stray>[{}])")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\"}
# What is inside of a field, where there is something.
_INSIDE = {"timings": Timings, "error": Failure}

Piece = Callable[[Result], str]


class WriteOut:
    r"""Writes each result by a template such as `{status} {url} {timings.total}\n`; `\n` and `\t` are escapes.

    What is null is written as nothing, truth as true and false, times with microseconds, lists as JSON.
    """

    def __init__(self, stream: BinaryIO, template: str, shown: ShownBody = "none") -> None:
        self._blocks = Blocks(stream)
        self._pieces = read(template, shown)

    def write(self, result: Result) -> None:
        text = "".join([piece if isinstance(piece, str) else piece(result) for piece in self._pieces])
        self._blocks.add(text.encode("utf-8", "surrogateescape"))

    def flush(self) -> None:
        self._blocks.flush()


def read(template: str, shown: ShownBody = "none") -> list[str | Piece]:
    """The words of a template and the fields between them, in order. Raises UsageError."""
    pieces: list[str | Piece] = []
    end = 0
    for part in _PART.finditer(template):
        pieces.append(template[end : part.start()])
        end = part.end()
        if part["stray"]:
            raise UsageError(f"a single {part['stray']} in {template!r}: written twice it stands for itself")
        if part["path"] is not None:
            pieces.append(_field(part["path"], shown))
        else:
            pieces.append(_ESCAPES[part["escape"]] if part["escape"] else part["brace"][0])
    return [piece for piece in [*pieces, template[end:]] if piece]


def _field(path: str, shown: ShownBody) -> Piece:
    name, _, inside = path.partition(".")
    if path in ("body", "body_encoding"):
        which = int(path != "body")
        return lambda result: _text(shown_body(result, shown)[which])
    if name == "headers" and inside:
        wanted = inside.lower()
        return lambda result: ", ".join(value for name, value in result.headers if name.lower() == wanted)
    known = Result.__struct_fields__ if not inside else ()
    if inside and name in _INSIDE:
        known = _INSIDE[name].__struct_fields__
    if (inside or name) not in known or path in UNRECORDED:
        raise UsageError(f"no field of a result is {{{path}}}: there are {', '.join(fields())}")
    if not inside:
        return lambda result: _text(getattr(result, name))
    return lambda result: _text(getattr(getattr(result, name), inside, None))


def fields() -> list[str]:
    """All that may stand between braces."""
    below = [f"{name}.{inside}" for name, struct in _INSIDE.items() for inside in struct.__struct_fields__]
    return [*(name for name in Result.__struct_fields__ if name not in UNRECORDED), *below, "headers.NAME"]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    encoded = msgspec.json.encode(value).decode()
    # Bytes become base64, which needs no quotes here.
    return encoded.strip('"') if isinstance(value, bytes) else encoded
