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


def open_archives(given: Given, *, goes_on: bool) -> list[Archive]:
    """One for each option that was given. A run that goes on with an earlier one goes on with its archives, too."""
    archives: list[Archive] = []
    if given.warc is not None:
        archives.append(_warc(given.warc, decoded=given.compressed, goes_on=goes_on))
    if given.har is not None:
        try:
            archives.append(_har(given.har, goes_on=goes_on))
        except BaseException:
            for archive in archives:
                archive.abandon()
            raise
    return archives


def _warc(path: str, *, decoded: bool, goes_on: bool) -> Archive:
    try:
        from fetchmux.sinks.warc import Warc
    except ImportError:
        raise UsageError("--warc needs warcio: pip install 'fetchmux[warc]'") from None
    from fetchmux.sinks.whole import whole_warc

    file = ArchiveFile(path, whole=whole_warc if goes_on else None)
    return Warc(file, f"fetchmux/{__version__}", time.time, decoded=decoded)


def _har(path: str, *, goes_on: bool) -> Archive:
    from fetchmux.sinks.har import Har
    from fetchmux.sinks.whole import whole_har

    return Har(ArchiveFile(path, Har.TAIL, whole_har if goes_on else None), __version__, time.time)
