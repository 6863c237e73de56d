"""One run of `get` from its first check to its exit status.

Knows which parts a run has and what the user is told at its end. Imported only after the strategy has prepared the
process. Exit statuses: 0 all fetched, 1 some failed, 130 and 143 interrupted; 2 is what UsageError becomes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fetchmux.cli.between import Between
from fetchmux.cli.console import Console
from fetchmux.cli.files import Files
from fetchmux.cli.recipe import recipe
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
    from fetchmux.cli.signals import Interruption
    from fetchmux.settings import Options
    from fetchmux.spread.spread import Spread


class Run:
    """One run. Raises UsageError before anything is fetched; then every file is what it was before."""

    def __init__(self, given: Given) -> None:
        self._given = given
        common = recipe(given)
        # A key may hold any of those signs.
        globs = not given.globoff and common.template is None
        self._source = Source(given.targets, given.inputs, globs=globs)
        if given.expect_sha256 is not None and self._source.total != 1:
            raise UsageError('--expect-sha256 is of one URL; JSON lines have "sha256" for each')
        refuse_double_use(given, self._source)
        self._console = console = Console(quiet=given.quiet)
        self._progress = given.progress or ("bar" if console.watched else "off")
        self._told = console.watched or given.verbose or self._progress == "plain"
        self._refused = False
        self._files = files = Files(given, console.lifted)
        requests = read_requests(self._source, common)
        self._between = Between(given, requests, files.results, lambda: self._session.stop())
        try:
            self._session = self._join(self._between)
        except BaseException:
            self._between.abandon()
            files.abandon()
            raise

    def _join(self, between: Between) -> Session | Spread:
        """Put between the list and the results what was asked for, and who fetches. Raises UsageError."""
        given, console, files = self._given, self._console, self._files
        between.observe(console, told=self._told)
        between.limit()
        between.archive(files.archives)
        between.choose(files.resumption, console.notice)
        between.order()
        between.revalidate(console.notice)
        options = given.options(files.results.format, files.spool)
        return _runner(between, options, given, console.notice)

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
        if self._files.summary is not None and statistics is not None and not self._refused:
            ended = "interrupted" if interruption.status is not None else self._cut_short() or "complete"
            with self._files.summary as file:
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
        if self._progress == "bar" and not self._files.results.ragged:
            from fetchmux.cli.progress import ProgressLine

            self._console.line = ProgressLine(session, self._to_do(), statistics)
        elif self._progress == "plain":
            from fetchmux.cli.progress import ProgressReport

            self._console.line = ProgressReport(session, self._to_do(), statistics, self._console.say)

    def _to_do(self) -> int | None:
        """How many inputs this run fetches, where that is known beforehand."""
        done = 0 if self._files.resumption is None else self._files.resumption.done
        return None if self._source.total is None else self._source.total - done

    def _fetch(self) -> OSError | UsageError | None:
        """Run the session; what the input or the output could not do is returned, or that they do not fit."""
        try:
            try:
                self._session.run()
                self._files.results.finish()
            except UsageError:
                self._refused = not self._session.tally.done
                raise
            finally:
                self._close()
        except (OSError, UsageError) as failure:
            return failure
        return None

    def _close(self) -> None:
        """Close all but the summary, which is still to be written. Raises OSError."""
        if self._refused:
            self._between.abandon()
            self._files.abandon()
            return
        self._between.close()
        if self._between.keeping is not None:
            self._between.keeping.sync()
        self._files.close()

    def _cut_short(self) -> str | None:
        """Why the run has ended before its list."""
        if self._session.overdue:
            return "the deadline has passed"
        return self._between.cut_short

    def _ended_early(self, reason: str) -> str:
        kept = self._given.journal is not None
        return ended_early(reason, self._session.tally, whole=self._source.ended, kept=kept)

    def _conclude(self, failure: OSError | UsageError | None, seconds: float) -> int:
        """The last words of a run that nobody interrupted, and its exit status."""
        tally = self._session.tally
        if isinstance(failure, UsageError):
            if self._refused:
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


def _runner(between: Between, options: Options, given: Given, notice: Callable[[str], None]) -> Session | Spread:
    """Who fetches: this process, or several others."""
    network, requests, sink = given.network(), between.requests, between.sink
    if given.processes == 1:
        return Session(requests, options, sink, backend=given.backend, network=network, notice=notice)
    from fetchmux.spread.spread import Spread

    return Spread(
        requests, options, sink, processes=given.processes, backend=given.backend, network=network, notice=notice
    )
