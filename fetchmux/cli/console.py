"""What a person sees on standard error: sentences, and below them the progress line.

Knows who speaks and that both share one terminal. Must not know what is fetched. Used by one thread at a time.
"""

from __future__ import annotations

import contextlib
import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from fetchmux.cli.wording import printable, shortfall

if TYPE_CHECKING:
    from fetchmux.cli.progress import ProgressLine, ProgressReport
    from fetchmux.model import Result
    from fetchmux.sinks import Sink


class Console:
    """Standard error.

    Attributes:
        watched: a person watches and did not ask for quiet.
        line: the progress line, once there is one.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.watched = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self.line: ProgressLine | ProgressReport | None = None
        self._quiet = quiet

    def say(self, sentence: str) -> None:
        """Tell something that must be known, and who says it."""
        self.tell(f"fetchmux: {sentence}")

    def tell(self, sentence: str) -> None:
        """Write a line."""
        # When standard error itself has gone there is nobody left to be told so.
        with self.lifted(), contextlib.suppress(OSError):
            click.echo(printable(sentence), err=True)

    def notice(self, sentence: str) -> None:
        """Tell something that a script may want to be spared."""
        if not self._quiet:
            self.say(sentence)

    def lifted(self) -> AbstractContextManager[None]:
        """While this lasts the progress line is out of the way."""
        return contextlib.nullcontext() if self.line is None else self.line.lifted()

    def draw(self) -> None:
        """Draw the progress line anew, if that is due."""
        if self.line is not None:
            self.line.draw()

    def close(self) -> None:
        """Take the progress line away for good."""
        if self.line is not None:
            self.line.erase()
            self.line = None


class Watched:
    """A sink that keeps the console up to date.

    Args:
        failures: tell each failure as it happens.
    """

    def __init__(self, sink: Sink, console: Console, *, failures: bool) -> None:
        self._sink = sink
        self._console = console
        self._failures = failures

    def write(self, result: Result) -> None:
        self._sink.write(result)
        if self._failures and not result.ok:
            self._console.say(": ".join(filter(None, (result.url or result.input, *shortfall(result)))))

    def flush(self) -> None:
        self._sink.flush()
        self._console.draw()
