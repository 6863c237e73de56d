"""Bare bodies, one after another: for a reader that wants what was fetched and no record of it."""

from __future__ import annotations

from typing import BinaryIO

from fetchmux.model import Result
from fetchmux.sinks.blocks import Blocks


class Bodies:
    """Writes each whole body in one piece; a failed fetch writes nothing."""

    def __init__(self, stream: BinaryIO) -> None:
        self._blocks = Blocks(stream)

    def write(self, result: Result) -> None:
        if result.body:
            self._blocks.add(result.body)

    def flush(self) -> None:
        self._blocks.flush()
