"""From --journal and --resume to a run that keeps a journal, and perhaps goes on with an earlier one.

Knows what must be the same from one run to the next, and which file has the records of both. Imported only by a run
that keeps a journal.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from fetchmux.errors import UsageError
from fetchmux.journal.book import Book, Terms
from fetchmux.journal.keeping import Keeping
from fetchmux.journal.mending import mend
from fetchmux.journal.past import WANTED, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fetchmux.cli.given import Given
    from fetchmux.model import Request
    from fetchmux.sinks import Sink


class Resumption:
    """The journal of one run, open. Raises UsageError when it cannot be kept, or when it belongs to another run.

    Attributes:
        begun: there is an earlier run to go on with.
        appends: results are appended to those that are there.
    """

    def __init__(self, given: Given) -> None:
        assert given.journal is not None
        self._given = given
        self._name = given.journal
        path = given.output_file
        self._path = path if path is None or _is_file(path) else None
        self._book = Book(self._name)
        self.begun = self._book.terms is not None
        self._terms = _terms(given, self._path)
        self._wanted = WANTED[given.resume or "all"]
        self._lost = 0
        try:
            self.appends = self._goes_on()
        except BaseException:
            self._book.abandon()
            raise

    def keep(
        self, requests: Iterator[Request | None], sink: Sink, secure: Callable[[], None], notice: Callable[[str], None]
    ) -> Keeping:
        """The journal between a list and its results. Raises OSError."""
        if self._book.terms is None:
            self._book.begin(self._terms)
        if self._lost and State.LOST in self._wanted:
            notice(f"what the journal tells of and {self._path} does not have is fetched again: {self._lost:,} records")
        return Keeping(requests, sink, self._book, self._wanted, secure)

    @property
    def done(self) -> int:
        """So many inputs are left out."""
        return sum(self._book.past.count(state) for state in State if state not in self._wanted)

    def close(self) -> None:
        """Let go of the journal."""
        self._book.close()

    def abandon(self) -> None:
        """Let go of it, and leave it as it was."""
        self._book.abandon()

    def _goes_on(self) -> bool:
        """Whether there is a run to go on with; then its output is mended."""
        terms = self._book.terms
        if terms is None:
            return False
        if self._given.resume is None:
            raise UsageError(f"the journal {self._name!r} is of an earlier run: --resume goes on with it")
        for option, value in self._terms.items():
            if option not in terms or terms[option] != value:
                raise UsageError(
                    f"the journal {self._name!r} was made {_told(option, terms.get(option))}: keep to that"
                )
        return self._path is not None and self._mended(self._path)

    def _mended(self, path: str) -> bool:
        """Whether the file has anything to go on with."""
        form = self._given.format_for(False)
        assert form in ("jsonl", "csv", "tsv")
        try:
            kept, self._lost = mend(path, form, self._book.past, replace=State.FAILED in self._wanted)
        except OSError as error:
            raise UsageError(f"cannot go on with {path!r}: {error.strerror}") from None
        return kept > 0


def _told(option: str, value: str | int | None) -> str:
    if not value:
        return f"without --{option}"
    return f"with --{option}" if value is True else f"with --{option} {value}"


def _terms(given: Given, path: str | None) -> Terms:
    """What must not change. Method, URL, fields and body of each request are checked when it is read."""
    statuses = ",".join(f"{first}-{last}" for first, last in given.expect_status or ())
    common = {
        "fail": given.fail,
        "expect-status": statuses or None,
        "expect-sha256": given.expect_sha256,
        "no-follow": not given.follow,
        "output": None if path is None else os.path.realpath(path),
    }
    return common if path is None else {**common, "format": given.format_for(False), "body": given.body}


def _is_file(path: str) -> bool:
    """Whether results can be taken back there: from a pipe or a device nothing can."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True
