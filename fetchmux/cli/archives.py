"""The archives of a run, opened: `--har` and `--warc`. Raises UsageError for what cannot be written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fetchmux import __version__
from fetchmux.errors import UsageError
from fetchmux.sinks.archive import ArchiveFile

if TYPE_CHECKING:
    from fetchmux.cli.given import Given
    from fetchmux.sinks.archive import Archive


def open_archives(given: Given) -> list[Archive]:
    """One for each option that was given. A run that resumes does not write over what an earlier one has archived."""
    fresh = given.resume is not None
    archives: list[Archive] = []
    if given.warc is not None:
        try:
            from fetchmux.sinks.warc import Warc
        except ImportError:
            raise UsageError("--warc needs warcio: pip install 'fetchmux[warc]'") from None
        file = ArchiveFile(given.warc, fresh=fresh)
        archives.append(Warc(file, f"fetchmux/{__version__}", time.time, decoded=given.compressed))
    if given.har is not None:
        from fetchmux.sinks.har import Har

        archives.append(Har(ArchiveFile(given.har, Har.TAIL, fresh=fresh), __version__, time.time))
    return archives
