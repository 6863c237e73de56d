"""One JSON object a line: the record that scripts read. Its fields are those of `model.Result`, in that order."""

from __future__ import annotations

from typing import Any, BinaryIO

import msgspec

from fetchmux.model import Result
from fetchmux.sinks.blocks import Blocks
from fetchmux.sinks.charset import ShownBody, show_body


class JsonLines:
    """Writes records; `shown` says what of a kept body they hold.

    With "text" the body is text and `body_encoding` its charset, or base64 when the bytes are not text.
    """

    def __init__(self, stream: BinaryIO, shown: ShownBody = "none") -> None:
        self._blocks = Blocks(stream)
        self._shown = shown
        self._encode = msgspec.json.Encoder().encode

    def write(self, result: Result) -> None:
        self._blocks.add(self._encode(result if result.body is None else self._with_body(result, result.body)) + b"\n")

    def flush(self) -> None:
        self._blocks.flush()

    def _with_body(self, result: Result, body: bytes) -> dict[str, Any]:
        """The record, its body as it is to be shown."""
        record = msgspec.structs.asdict(result)
        # Bytes are encoded as base64 by msgspec.
        record["body"], record["body_encoding"] = show_body(body, result.headers, self._shown)
        return record
