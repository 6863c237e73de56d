"""The files that a comparison is kept in: which there are, and when each is written anew.

Knows when, and how a failure is told. What a file holds, and how it is replaced in one step, others know.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fetchmux.errors import UsageError

if TYPE_CHECKING:
    from fetchmux.compare.export import Document


class Exports:
    """The files asked for, by the format's name.

    JSON and CSV are written after each trial; what tells of summaries, after each cell. All are there before the first
    trial, so that a place that cannot be written costs no measurement.
    """

    def __init__(self, document: Document, paths: dict[str, Path | None]) -> None:
        self._document = document
        self._paths = {name: path for name, path in paths.items() if path is not None}
        if len({path.resolve() for path in self._paths.values()}) < len(self._paths):
            raise UsageError("two exports name the same file")

    def samples(self) -> None:
        """Keep what is raw. Raises UsageError."""
        self._write("json", "csv")

    def all(self) -> None:
        """Keep everything. Raises UsageError."""
        self._write(*_FORMATS)

    def _write(self, *names: str) -> None:
        from fetchmux.compare import export

        for name in names:
            path = self._paths.get(name)
            if path is not None:
                try:
                    export.replace(path, _FORMATS[name](self._document))
                except OSError as error:
                    raise UsageError(f"cannot write {str(path)!r}: {error.strerror}") from None


def _json(document: Document) -> bytes:
    from fetchmux.compare import export

    return export.encode(document)


def _csv(document: Document) -> bytes:
    from fetchmux.compare.samples import table

    return table(document).encode()


def _markdown(document: Document) -> bytes:
    from fetchmux.cli.markdown import markdown
    from fetchmux.compare.summary import summarise

    return markdown(document, [summarise(cell, document.reference) for cell in document.cells]).encode()


def _html(document: Document) -> bytes:
    from fetchmux.cli.page import page
    from fetchmux.compare.summary import summarise

    return page(document, [summarise(cell, document.reference) for cell in document.cells]).encode()


_FORMATS: dict[str, Callable[[Document], bytes]] = {"json": _json, "csv": _csv, "markdown": _markdown, "html": _html}
