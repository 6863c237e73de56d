"""Bare bodies, one after another: for a reader that wants what was fetched and no record of it."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from fetchmux.model import Result
from fetchmux.sinks.blocks import Blocks
from fetchmux.sinks.spooling import pour


class Bodies:
    """Writes each whole body in one piece; a failed fetch writes nothing."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._blocks = Blocks(stream)

    def write(self, result: Result) -> None:
        if result.body:
            self._blocks.add(result.body)
        elif isinstance(result.spooled, str):
            self._blocks.flush()
            pour(result.spooled, self._stream)
            result.spooled = msgspec.UNSET

    def flush(self) -> None:
        self._blocks.flush()
