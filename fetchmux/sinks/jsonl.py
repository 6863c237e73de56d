"""One JSON object a line: the record that scripts read. Its fields are those of `model.Result`, in that order."""

from __future__ import annotations

from typing import BinaryIO, Literal

import msgspec

from fetchmux.model import Result
from fetchmux.sinks.blocks import Blocks
from fetchmux.sinks.charset import decode_body

ShownBody = Literal["none", "text", "base64", "hash"]


class JsonLines:
    """Writes records; `shown` says what of a kept body they hold.

    With "text" the body is text and `body_encoding` its charset, or base64 when the bytes are not text.
    """

    def __init__(self, stream: BinaryIO, shown: ShownBody = "none") -> None:
        self._blocks = Blocks(stream)
        self._shown = shown
        self._encode = msgspec.json.Encoder().encode

    def write(self, result: Result) -> None:
        self._blocks.add(self._encode(result if result.body is None else self._with_body(result)) + b"\n")

    def flush(self) -> None:
        self._blocks.flush()

    def _with_body(self, result: Result) -> Result:
        """The record, its body as it is to be shown: for the encoder, which takes text there, too."""
        body, encoding = shown_body(result, self._shown)
        return msgspec.structs.replace(result, body=body, body_encoding=encoding)


def shown_body(result: Result, shown: ShownBody) -> tuple[str | bytes | None, str | None]:
    """A kept body as a record shows it, and its encoding; bytes are for base64, which msgspec makes of them."""
    body = result.body
    if body is None or shown not in ("text", "base64"):
        return None, None
    text = decode_body(body, result.headers) if shown == "text" else None
    return text or (body, "base64")
