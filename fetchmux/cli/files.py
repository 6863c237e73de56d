"""The files that a run writes: opened together, and closed, or left as they were where nothing was fetched.

Knows which options name them and in which order they are opened. What is written to them it must not know.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fetchmux.cli.outlets import Outlet, open_file
from fetchmux.cli.results import Results
from fetchmux.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from tempfile import TemporaryDirectory

    from fetchmux.cli.given import Given
    from fetchmux.cli.resumption import Resumption
    from fetchmux.sinks.archive import Archive


class Files:
    """All of one run, open. Raises UsageError, and leaves them as they were, when one of them cannot be.

    Args:
        lifted: a context in which the progress line is out of the way.

    Attributes:
        resumption: the journal, where there is one.
        archives: what --har and --warc ask for.
        summary: written when the run is over.
        results: the records.
        spool: a directory for large bodies on their way there, or None; it lasts until `close`.
    """

    def __init__(self, given: Given, lifted: Callable[[], AbstractContextManager[None]]) -> None:
        self.archives: list[Archive] = []
        self.summary: Outlet | None = None
        self._spool: TemporaryDirectory[str] | None = None
        with contextlib.ExitStack() as undo:
            self.resumption = _resumption(given)
            if self.resumption is not None:
                undo.callback(self.resumption.abandon)
            if given.har is not None or given.warc is not None:
                from fetchmux.cli.archives import open_archives

                goes_on = self.resumption is not None and self.resumption.begun
                self.archives = open_archives(given, goes_on=goes_on)
            for archive in self.archives:
                undo.callback(archive.abandon)
            if given.summary is not None:
                self.summary = Outlet(open_file(given.summary))
                undo.callback(self.summary.abandon)
            appends = self.resumption is not None and self.resumption.appends
            self.results = Results(given, lifted, append=appends)
            undo.callback(self.results.abandon)
            if self.results.format == "body":
                self._spool = _spool()
                undo.callback(self._spool.cleanup)
            self._undo = undo.pop_all()

    @property
    def spool(self) -> str | None:
        return None if self._spool is None else self._spool.name

    def close(self) -> None:
        """Close all but the summary. Raises OSError."""
        if self._spool is not None:
            self._spool.cleanup()
        for archive in self.archives:
            archive.close()
        self.results.close()
        if self.resumption is not None:
            self.resumption.close()

    def abandon(self) -> None:
        """Close all, and leave them as they were."""
        self._undo.close()


def _resumption(given: Given) -> Resumption | None:
    if given.journal is None:
        return None
    from fetchmux.cli.resumption import Resumption

    return Resumption(given)


def _spool() -> TemporaryDirectory[str]:
    """Loaded for those who want bodies alone. Raises UsageError."""
    import tempfile

    try:
        return tempfile.TemporaryDirectory(prefix="fetchmux-")
    except OSError as error:
        raise UsageError(f"there is no place for bodies on their way (TMPDIR): {error.strerror}") from None
