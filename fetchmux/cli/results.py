"""From options to the sink of a run: which format, written where.

Knows formats by name and whether a person reads them. Must not know how a result came about.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fetchmux.cli.outlets import Outlet, SharedTerminal, open_file
from fetchmux.sinks.delimited import Delimited
from fetchmux.sinks.jsonl import JsonLines

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from fetchmux.cli.given import Given
    from fetchmux.cli.table import Table
    from fetchmux.sinks import Sink


class Results:
    """The open output of one run. Raises UsageError when it cannot be opened.

    Args:
        append: the file has a heading and records already, and goes on.
        lifted: a context in which the progress line is out of the way.

    Attributes:
        format: how results are written.
        sink: takes them.
        secure: waits until what was written is on the disk.
        ragged: a terminal shows what may break off in a line: nothing may be drawn below.
    """

    def __init__(
        self,
        given: Given,
        lifted: Callable[[], AbstractContextManager[None]],
        *,
        append: bool = False,
    ) -> None:
        path = given.output_file
        target = open_file(path, append=append)
        terminal = os.isatty(target.fd)
        self.format = given.format_for(terminal and path is None)
        self.ragged = terminal and (self.format == "body" or given.write_out is not None)
        if terminal:
            # A table has colours of its own and has made the rest harmless.
            self._outlet: Outlet = SharedTerminal(target, lifted, foreign=self.format != "table")
        else:
            self._outlet = Outlet(target)
        # What has something to write at the end, too.
        self._whole: Table | Delimited | None = None
        if self.format == "table":
            self._whole = _table(self._outlet, terminal)
        elif given.write_out is None and self.format in ("csv", "tsv"):
            self._whole = Delimited(self._outlet, "," if self.format == "csv" else "\t", heading=not append)
        self.sink: Sink = self._whole or self._plain_sink(given)
        self.secure = self._outlet.secure

    def finish(self) -> None:
        """Write what comes after the last result. Raises OSError."""
        if self._whole is not None:
            self._whole.finish()
        elif isinstance(self._outlet, SharedTerminal) and self._outlet.ragged:
            self._outlet.write(b"\n")

    def close(self) -> None:
        """Close the file. Raises OSError: some file systems tell only now that they are full."""
        self._outlet.begin()
        self._outlet.close()

    def abandon(self) -> None:
        """Close it, and leave it as it was before."""
        self._outlet.abandon()

    def _plain_sink(self, given: Given) -> Sink:
        if given.write_out is not None:
            from fetchmux.sinks.template import WriteOut

            return WriteOut(self._outlet, given.write_out, given.body)
        if self.format == "body":
            from fetchmux.sinks.bodies import Bodies

            return Bodies(self._outlet)
        return JsonLines(self._outlet, given.body)


def _table(outlet: Outlet, terminal: bool) -> Table:
    """A table, with Rich's colours only where somebody sees them: elsewhere Rich is not even imported."""
    from fetchmux.cli.table import Table

    if not terminal:
        return Table(outlet, None)
    from rich.console import Console

    return Table(outlet, Console(force_terminal=True))
