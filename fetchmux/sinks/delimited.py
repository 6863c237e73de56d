"""CSV and TSV: one row a result, one column a plain field, for spreadsheets and cut."""

from __future__ import annotations

import csv
import io
from typing import BinaryIO

from fetchmux.model import Result
from fetchmux.sinks.blocks import Blocks

COLUMNS = (
    "index", "id", "input", "url", "final_url", "method", "ok", "status", "reason", "http_version", "body_size",
    "wire_size", "sha256", "saved_to", "attempts", "remote_address", "reused", "total", "error", "phase", "message",
    "backend",
)  # fmt: skip
# The writer quotes fields that hold a character of its line end: a lone CR would end the row for many readers.
_LINE_END = "\r\n"


class Delimited:
    """Writes a heading, unless there is one already, and rows; truth is true and false, nothing an empty field.

    The heading comes with the first row, or at the end: until then the list may turn out to be none.
    """

    def __init__(self, stream: BinaryIO, delimiter: str, *, heading: bool = True) -> None:
        self._blocks = Blocks(stream)
        self._row = io.StringIO()
        self._writer = csv.writer(self._row, delimiter=delimiter, lineterminator=_LINE_END)
        self._headed = not heading

    def write(self, result: Result) -> None:
        self._head()
        self._add([_plain(result, column) for column in COLUMNS])

    def flush(self) -> None:
        self._blocks.flush()

    def finish(self) -> None:
        """Nothing more will come. Raises OSError."""
        self._head()
        self.flush()

    def _head(self) -> None:
        if not self._headed:
            self._headed = True
            self._add(COLUMNS)

    def _add(self, row: list[str] | tuple[str, ...]) -> None:
        self._writer.writerow(row)
        self._blocks.add(self._row.getvalue().removesuffix(_LINE_END).encode() + b"\n")
        self._row.seek(0)
        self._row.truncate()


def _plain(result: Result, column: str) -> str:
    error = result.error
    value: object
    if column == "total":
        return f"{result.timings.total:.6f}"
    if column in ("error", "phase", "message"):
        value = None if error is None else getattr(error, "code" if column == "error" else column)
    else:
        value = getattr(result, column)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
