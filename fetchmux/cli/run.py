"""One run of `get` from its first check to its exit status.

Knows which parts a run has and what the user is told at its end. Imported only after the strategy has prepared the
process. Exit statuses: 0 all fetched, 1 some failed, 130 and 143 interrupted; 2 is what UsageError becomes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fetchmux.cli.between import Between
from fetchmux.cli.console import Console
from fetchmux.cli.outlets import Outlet, open_file
from fetchmux.cli.recipe import recipe
from fetchmux.cli.results import Results
from fetchmux.cli.snapshot import write_snapshot
from fetchmux.cli.sources import Source
from fetchmux.cli.summary import details, ended_early, hint, summary, summary_json
from fetchmux.cli.uses import refuse_double_use
from fetchmux.errors import UsageError
from fetchmux.inputs.requests import read_requests
from fetchmux.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from fetchmux.cli.given import Given
    from fetchmux.cli.resumption import Resumption
    from fetchmux.cli.signals import Interruption
    from fetchmux.settings import Options
    from fetchmux.sinks.archive import Archive
    from fetchmux.spread.spread import Spread


class Run:
    """One run. Raises UsageError before anything is fetched.

    The output is opened last, so that a mistake in the rest of the command empties no file.
    """

    def __init__(self, given: Given) -> None:
        self._given = given
        common = recipe(given)
        # A key may hold any of those signs.
        globs = not given.globoff and common.template is None
        self._source = Source(given.targets, given.inputs, globs=globs)
        if given.expect_sha256 is not None and self._source.total != 1:
            raise UsageError('--expect-sha256 is of one URL; JSON lines have "sha256" for each')
        path = None if given.output == "-" else given.output
        refuse_double_use(given, self._source)
        self._console = console = Console(quiet=given.quiet)
        self._resumption = _resumption(given, path)
        goes_on = self._resumption is not None and self._resumption.begun
        self._archives = _archives(given, goes_on=goes_on)
        self._summary = None if given.summary is None else Outlet(open_file(given.summary), given.summary)
        appends = self._resumption is not None and self._resumption.appends
        self._results = Results(given, path, console.lifted, append=appends)
        self._progress = given.progress or ("bar" if console.watched else "off")
        self._told = console.watched or given.verbose or self._progress == "plain"
        self._between = between = Between(
            given, read_requests(self._source, common), self._results, lambda: self._session.stop()
        )
        between.observe(console, told=self._told)
        between.limit()
        between.archive(self._archives)
        between.choose(self._resumption, console.notice)
        between.order()
        between.revalidate(console.notice)
        options = given.options(self._results.format, self._results.spool)
        self._session = _runner(between, options, given, console.notice)

    def work(self, interruption: Interruption) -> int:
        """Fetch, tell what there is to tell, and return the exit status. Raises OSError: the summary's file."""
        self._introduce()
        tally, statistics, started = self._session.tally, self._between.statistics, time.monotonic()
        interruption.stop, interruption.cancel = self._session.stop, self._session.cancel
        interruption.expire, interruption.grace = self._session.expire, self._given.grace
        interruption.tell = lambda: write_snapshot(self._session)
        if self._given.deadline is not None:
            interruption.ring_in(self._given.deadline)
        failure = self._fetch()
        seconds = time.monotonic() - started
        self._console.close()
        if (suggestion := hint(tally, self._given.http)) is not None:
            self._console.notice(suggestion)
        status = interruption.status
        if status is None:
            status = self._conclude(failure, seconds)
        else:
            self._console.notice(self._ended_early("interrupted"))
            if failure is not None and not isinstance(failure, BrokenPipeError):
                self._console.say(_told(failure))
        if self._summary is not None and statistics is not None:
            ended = "interrupted" if interruption.status is not None else self._cut_short() or "complete"
            with self._summary as file:
                file.write(summary_json(tally, statistics, seconds, ended=ended, status=status))
        return status

    def _introduce(self) -> None:
        session, statistics = self._session, self._between.statistics
        if self._given.verbose:
            import platform

            python = f"{platform.python_implementation()} {platform.python_version()}"
            several = f", {self._given.processes:,} processes" if self._given.processes > 1 else ""
            self._console.say(f"backend {self._given.backend}, window {self._given.concurrency:,}{several}, {python}")
            if self._given.defaults:
                self._console.say(f"defaults: {', '.join(self._given.defaults)}")
        if self._progress == "bar" and not self._results.ragged:
            from fetchmux.cli.progress import ProgressLine

            self._console.line = ProgressLine(session, self._to_do(), statistics)
        elif self._progress == "plain":
            from fetchmux.cli.progress import ProgressReport

            self._console.line = ProgressReport(session, self._to_do(), statistics, self._console.say)

    def _to_do(self) -> int | None:
        """How many inputs this run fetches, where that is known beforehand."""
        done = 0 if self._resumption is None else self._resumption.done
        return None if self._source.total is None else self._source.total - done

    def _fetch(self) -> OSError | UsageError | None:
        """Run the session; what the input or the output could not do is returned, or that they do not fit."""
        try:
            try:
                # From here on the archives are valid, and what was in them is gone: nothing can be refused any more.
                for archive in self._archives:
                    archive.flush()
                self._session.run()
                self._results.finish()
            finally:
                self._between.close()
                if self._between.keeping is not None:
                    self._between.keeping.sync()
                for archive in self._archives:
                    archive.close()
                self._results.close()
                if self._resumption is not None:
                    self._resumption.close()
        except (OSError, UsageError) as failure:
            return failure
        return None

    def _cut_short(self) -> str | None:
        """Why the run has ended before its list."""
        if self._session.overdue:
            return "the deadline has passed"
        return self._between.cut_short

    def _ended_early(self, reason: str) -> str:
        return ended_early(reason, self._session.tally, whole=self._source.ended, kept=self._resumption is not None)

    def _conclude(self, failure: OSError | UsageError | None, seconds: float) -> int:
        """The last words of a run that nobody interrupted, and its exit status."""
        tally = self._session.tally
        if isinstance(failure, UsageError):
            if not tally.done:
                raise failure
            self._console.say(_told(failure))
            return 1
        status = 1 if tally.failed else 0
        if (reason := self._cut_short()) is not None:
            self._console.say(self._ended_early(reason))
            return 1
        if isinstance(failure, BrokenPipeError):
            # The reader has what it wanted, as in `fetchmux get … | head -1`: that is no failure.
            return status
        if failure is not None:
            self._console.say(_told(failure))
            return 1
        if self._told and self._between.statistics is not None:
            for line in (summary(tally, seconds, self._between.left_out), *details(tally, self._between.statistics)):
                self._console.tell(line)
        return status


def _told(failure: OSError | UsageError) -> str:
    return f"{failure.filename}: {failure.strerror}" if isinstance(failure, OSError) else str(failure)


def _resumption(given: Given, path: str | None) -> Resumption | None:
    if given.journal is None:
        return None
    from fetchmux.cli.resumption import Resumption

    return Resumption(given, path)


def _archives(given: Given, *, goes_on: bool) -> list[Archive]:
    """The archives, opened. Raises UsageError."""
    if given.har is None and given.warc is None:
        return []
    from fetchmux.cli.archives import open_archives

    return open_archives(given, goes_on=goes_on)


def _runner(between: Between, options: Options, given: Given, notice: Callable[[str], None]) -> Session | Spread:
    """Who fetches: this process, or several others."""
    network, requests, sink = given.network(), between.requests, between.sink
    if given.processes == 1:
        return Session(requests, options, sink, backend=given.backend, network=network, notice=notice)
    from fetchmux.spread.spread import Spread

    return Spread(
        requests, options, sink, processes=given.processes, backend=given.backend, network=network, notice=notice
    )
