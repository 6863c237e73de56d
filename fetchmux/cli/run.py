"""One run of `get` from its first check to its exit status.

Knows which parts a run has and what the user is told at its end. Imported only after the strategy has prepared the
process. Exit statuses: 0 all fetched, 1 some failed, 130 and 143 interrupted; 2 is what UsageError becomes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fetchmux.cli.console import Console, Watched
from fetchmux.cli.outlets import Outlet, open_file
from fetchmux.cli.recipe import recipe
from fetchmux.cli.results import Results
from fetchmux.cli.snapshot import write_snapshot
from fetchmux.cli.sources import Source
from fetchmux.cli.summary import details, ended_early, hint, summary, summary_json
from fetchmux.errors import UsageError
from fetchmux.inputs.requests import read_requests
from fetchmux.session import Session
from fetchmux.sinks.limit import FailureLimit, FullDisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fetchmux.cli.given import Given
    from fetchmux.cli.signals import Interruption
    from fetchmux.model import Request
    from fetchmux.settings import Options
    from fetchmux.sinks import Sink
    from fetchmux.sinks.archive import Archive
    from fetchmux.sinks.journal import Journal, Past
    from fetchmux.sinks.statistics import Statistics
    from fetchmux.spread.spread import Spread

# With --ordered so many results, as a multiple of the window, may wait for an older one; at least so many.
_WAITING = 8
_LEAST_WAITING = 1_024


class Run:
    """One run. Raises UsageError before anything is fetched.

    The output is opened last, so that a mistake in the rest of the command empties no file.
    """

    def __init__(self, given: Given) -> None:
        self._given = given
        common = recipe(given)
        # A key may hold any of those signs.
        globs = not given.globoff and common.template is None
        self._limit: FailureLimit | None = None
        self._disk: FullDisk | None = None
        self._journal: Journal | None = None
        self._source = Source(given.targets, given.inputs, globs=globs)
        if given.expect_sha256 is not None and self._source.total != 1:
            raise UsageError('--expect-sha256 is of one URL; JSON lines have "sha256" for each')
        path = None if given.output == "-" else given.output
        if path is not None and self._source.includes(path):
            raise UsageError(f"{path!r} is both input and output")
        self._console = console = Console(quiet=given.quiet)
        past = None if given.journal is None else _past(given.journal, given)
        self._archives = _archives(given, self._source)
        self._summary = None if given.summary is None else Outlet(open_file(given.summary), given.summary)
        self._results = Results(given, path, console.lifted, keep=past.output if past is not None and path else 0)
        self._progress = given.progress or ("bar" if console.watched else "off")
        self._told = console.watched or given.verbose or self._progress == "plain"
        self._statistics: Statistics | None = None
        sink = self._observed(self._results.sink)
        requests = read_requests(self._source, common)
        options = given.options(self._results.format)
        if given.max_failures is not None:
            sink = self._limit = FailureLimit(sink, given.max_failures, lambda: self._session.stop())
        if given.on_save_error == "stop":
            sink = self._disk = FullDisk(sink, lambda: self._session.stop())
        if self._archives:
            from fetchmux.sinks.archive import Archived

            sink = Archived(sink, self._archives)
        if given.unique:
            from fetchmux.inputs.choice import unique

            requests = unique(requests)
        if past is not None:
            from fetchmux.sinks.journal import Journal

            self._journal = Journal(past, given.resume or "all", requests, sink, self._results)
            requests, sink = self._journal.requests(), self._journal
        if given.ordered:
            from fetchmux.sinks.ordered import Ordered

            ordered = Ordered(requests, sink, max(_LEAST_WAITING, _WAITING * given.concurrency))
            requests, sink = ordered.requests(), ordered
        self._session = _runner(requests, options, sink, given, console.notice)

    def _observed(self, sink: Sink) -> Sink:
        """A sink before the results' own, where somebody wants to know more than they tell."""
        if self._told or self._summary is not None:
            from fetchmux.sinks.statistics import Statistics

            sink = self._statistics = Statistics(sink)
        return Watched(sink, self._console, failures=self._given.verbose) if self._told else sink

    def work(self, interruption: Interruption) -> int:
        """Fetch, tell what there is to tell, and return the exit status. Raises OSError: the summary's file."""
        self._introduce()
        started = time.monotonic()
        interruption.stop, interruption.cancel = self._session.stop, self._session.cancel
        interruption.expire, interruption.grace = self._session.expire, self._given.grace
        interruption.tell = lambda: write_snapshot(self._session)
        if self._given.deadline is not None:
            interruption.ring_in(self._given.deadline)
        failure = self._fetch()
        seconds = time.monotonic() - started
        self._console.close()
        if (suggestion := hint(self._session.tally, self._given.http)) is not None:
            self._console.notice(suggestion)
        status = interruption.status
        if status is None:
            status = self._conclude(failure, seconds)
        else:
            self._console.notice(ended_early("interrupted", self._session.tally, whole=self._source.ended))
        if self._summary is not None and self._statistics is not None:
            ended = "interrupted" if interruption.status is not None else self._cut_short() or "complete"
            with self._summary as file:
                file.write(summary_json(self._session.tally, self._statistics, seconds, ended=ended, status=status))
        return status

    def _introduce(self) -> None:
        if self._given.verbose:
            import platform

            python = f"{platform.python_implementation()} {platform.python_version()}"
            several = f", {self._given.processes:,} processes" if self._given.processes > 1 else ""
            self._console.say(f"backend {self._given.backend}, window {self._given.concurrency:,}{several}, {python}")
            if self._given.defaults:
                self._console.say(f"defaults: {', '.join(self._given.defaults)}")
        if self._progress == "bar" and not self._results.ragged:
            from fetchmux.cli.progress import ProgressLine

            self._console.line = ProgressLine(self._session, self._source.total, self._statistics)
        elif self._progress == "plain":
            from fetchmux.cli.progress import ProgressReport

            self._console.line = ProgressReport(self._session, self._source.total, self._statistics, self._console.say)

    def _fetch(self) -> OSError | None:
        """Run the session; what the input or the output could not do is returned."""
        try:
            try:
                self._session.run()
                self._results.finish()
            finally:
                if self._journal is not None:
                    self._journal.close()
                for archive in self._archives:
                    archive.close()
                self._results.close()
        except OSError as failure:
            return failure
        return None

    def _cut_short(self) -> str | None:
        """Why the run has ended before its list."""
        if self._session.overdue:
            return "the deadline has passed"
        if self._disk is not None and self._disk.reached:
            return "a body could not be saved"
        return "too many failures" if self._limit is not None and self._limit.reached else None

    def _conclude(self, failure: OSError | None, seconds: float) -> int:
        """The last words of a run that nobody interrupted, and its exit status."""
        tally = self._session.tally
        status = 1 if tally.failed else 0
        if (reason := self._cut_short()) is not None:
            self._console.say(ended_early(reason, tally, whole=self._source.ended))
            return 1
        if isinstance(failure, BrokenPipeError):
            # The reader has what it wanted, as in `fetchmux get … | head -1`: that is no failure.
            return status
        if failure is not None:
            self._console.say(f"{failure.filename}: {failure.strerror}")
            return 1
        if self._told and self._statistics is not None:
            for line in (summary(tally, seconds), *details(tally, self._statistics)):
                self._console.tell(line)
        return status


def _archives(given: Given, source: Source) -> list[Archive]:
    """The archives, opened. Raises UsageError."""
    for path in filter(None, (given.har, given.warc)):
        if source.includes(path) or path in (given.output, given.journal) or given.har == given.warc:
            raise UsageError(f"{path!r} has another use in this run")
    if given.har is None and given.warc is None:
        return []
    from fetchmux.cli.archives import open_archives

    return open_archives(given)


def _past(path: str, given: Given) -> Past:
    """What the journal tells. Raises UsageError: whoever does not resume must not mix two runs."""
    from fetchmux.sinks.journal import Past

    past = Past(path)
    if given.resume is None and not past.empty:
        raise UsageError(f"the journal {path!r} is of an earlier run: --resume goes on with that")
    return past


def _runner(
    requests: Iterator[Request | None], options: Options, sink: Sink, given: Given, notice: Callable[[str], None]
) -> Session | Spread:
    """Who fetches: this process, or several others."""
    network = given.network()
    if given.processes == 1:
        return Session(requests, options, sink, backend=given.backend, network=network, notice=notice)
    from fetchmux.spread.spread import Spread

    return Spread(
        requests, options, sink, processes=given.processes, backend=given.backend, network=network, notice=notice
    )
