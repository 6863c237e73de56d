"""What stands between a list and a strategy, and between a strategy and the output: as the user asked for.

Knows which of these a run needs and in which order they come. A request passes them downwards, its result upwards.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fetchmux.cli.console import Console, Watched
from fetchmux.sinks.limit import FailureLimit, FullDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fetchmux.cli.given import Given
    from fetchmux.cli.results import Results
    from fetchmux.cli.resumption import Resumption
    from fetchmux.journal.keeping import Keeping
    from fetchmux.model import Request
    from fetchmux.sinks import Sink
    from fetchmux.sinks.archive import Archive
    from fetchmux.sinks.etags import Etags
    from fetchmux.sinks.statistics import Statistics

    Requests = Iterator[Request | None]


class Between:
    """The list and the sink that a session gets.

    Args:
        stop: ends the run in good order.

    Attributes:
        requests: what is left of the list, in which order.
        sink: takes the results.
        statistics: what they amount to, where somebody wants to know.
        keeping: the journal, where there is one.
    """

    def __init__(self, given: Given, requests: Requests, results: Results, stop: Callable[[], None]) -> None:
        self.requests = requests
        self.sink: Sink = results.sink
        self.statistics: Statistics | None = None
        self.keeping: Keeping | None = None
        self._given = given
        self._results = results
        self._limit: FailureLimit | None = None
        self._disk: FullDisk | None = None
        self._etags: Etags | None = None
        self._archives: list[Archive] = []
        self._stop = stop

    def observe(self, console: Console, *, told: bool) -> None:
        """Count what somebody wants to know beside the results; `told`: on the console."""
        if told or self._given.summary is not None:
            from fetchmux.sinks.statistics import Statistics

            self.sink = self.statistics = Statistics(self.sink)
        # Bare bodies tell nothing of those that are missing.
        failures = self._given.verbose or (self._results.format == "body" and not self._given.quiet)
        if told or failures:
            self.sink = Watched(self.sink, console, failures=failures)

    def limit(self) -> None:
        """End the run when too much fails."""
        if self._given.max_failures is not None:
            self.sink = self._limit = FailureLimit(self.sink, self._given.max_failures, self._stop)
        if self._given.on_save_error == "stop":
            self.sink = self._disk = FullDisk(self.sink, self._stop)

    def archive(self, archives: list[Archive]) -> None:
        """Show results to archives."""
        self._archives = archives
        if archives:
            from fetchmux.sinks.archive import Archived

            self.sink = Archived(self.sink, archives)

    def choose(self, resumption: Resumption | None, notice: Callable[[str], None]) -> None:
        """Leave out what is there twice, and what an earlier run has done."""
        if self._given.unique:
            from fetchmux.inputs.choice import unique

            self.requests = unique(self.requests)
        if resumption is not None:
            keeping = self.keeping = resumption.keep(self.requests, self.sink, self._secure, notice)
            self.requests, self.sink = keeping.requests(), keeping

    def order(self) -> None:
        """Put results into the order of the list."""
        if self._given.ordered:
            from fetchmux.sinks.ordered import Ordered, room

            ordered = Ordered(self.requests, self.sink, room(self._given.concurrency))
            self.requests, self.sink = ordered.requests(), ordered

    def revalidate(self, notice: Callable[[str], None]) -> None:
        """Ask of what was saved whether it has changed. What a journal compares is the list as it was given."""
        if self._given.etag and self._given.save_dir is not None:
            from fetchmux.sinks.etags import Etags
            from fetchmux.sinks.revalidation import Revalidation

            directory = os.path.abspath(self._given.save_dir)
            self._etags = Etags(directory, decoded=self._given.compressed, notice=notice)
            revalidation = Revalidation(self._etags, self.requests, self.sink)
            self.requests, self.sink = revalidation.requests(), revalidation

    def _secure(self) -> None:
        for archive in self._archives:
            archive.secure()
        self._results.secure()

    def close(self) -> None:
        """Let go of what was opened here."""
        if self._etags is not None:
            self._etags.close()

    def abandon(self) -> None:
        """Let go of it where nothing was fetched, and leave it as it was."""
        if self._etags is not None:
            self._etags.abandon()

    @property
    def cut_short(self) -> str | None:
        """Why something here has ended the run before its list."""
        if self._disk is not None and self._disk.reached:
            return "a body could not be saved"
        return "too many failures" if self._limit is not None and self._limit.reached else None

    @property
    def left_out(self) -> int:
        """So many inputs an earlier run has done."""
        return 0 if self.keeping is None else self.keeping.left_out
