"""How far the run has come: a live line below everything else, counted anew at most ten times a second, or lines.

Knows the run's counters and how to draw and erase one line with Rich. It has no thread of its own: the run asks it to
draw whenever results go out, so nothing else ever writes to the terminal at the same time.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fetchmux.cli import wording

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from fetchmux.session import Session
    from fetchmux.sinks.statistics import Statistics
    from fetchmux.spread.spread import Spread

INTERVAL = 0.1
REPORT_INTERVAL = 5.0
# The rate is that of the last three seconds.
_SAMPLES = 30
_BAR = 20


def _standard_error() -> Console:
    # Imported here, so that a short run need not wait for it.
    from rich.console import Console

    return Console(stderr=True, highlight=False)


class Pulse:
    """How a run is going, in a few words each: failures first."""

    def __init__(
        self, session: Session | Spread, total: int | None, statistics: Statistics | None, now: float, samples: int
    ) -> None:
        self._session = session
        self._total = total
        self._statistics = statistics
        self._samples = deque([(now, 0)], maxlen=samples)

    def facts(self, now: float) -> list[str]:
        """What there is to tell now; the rate is that since the oldest sample, of which each call takes one."""
        tally = self._session.tally
        then, before = self._samples[0]
        self._samples.append((now, tally.done))
        passed, count = now - then, tally.done - before
        facts = [
            f"{tally.failed:,} failed",
            wording.rate(count, passed),
            wording.size(tally.bytes),
            f"{self._session.in_flight:,} in flight",
        ]
        if self._total is not None and count:
            facts.append(f"ETA {wording.span(max(0, self._total - tally.done) * passed / count)}")
        if self._statistics is not None and (slowest := self._statistics.slowest(1)):
            facts.append(f"slowest {wording.printable(slowest[0].host)} {wording.seconds(slowest[0].mean)}")
        return facts


class ProgressLine:
    """One line about one run; a run that is over before the first interval never shows it.

    Args:
        total: how many inputs there are, where that is known.
        statistics: knows the slowest host.
        open_console: gives the terminal, when the line is first drawn.
    """

    def __init__(
        self,
        session: Session | Spread,
        total: int | None,
        statistics: Statistics | None = None,
        clock: Callable[[], float] = time.monotonic,
        open_console: Callable[[], Console] = _standard_error,
    ) -> None:
        self._session = session
        self._total = total
        self._clock = clock
        self._pulse = Pulse(session, total, statistics, clock(), _SAMPLES)
        self._due = clock() + INTERVAL
        self._open_console = open_console
        self._console: Console | None = None
        self._text: Text | None = None

    def draw(self) -> None:
        """Count and draw, unless that was done a moment ago."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + INTERVAL
        if self._console is None:
            self._console = self._open_console()
        if self._console.is_interactive:
            self._text = self._compose(now)
            self._put()

    def erase(self) -> None:
        """Leave no trace."""
        if self._text is not None:
            self._clear_and_print(None)
            self._text = None

    @contextlib.contextmanager
    def lifted(self) -> Iterator[None]:
        """Make room for other lines, and stand below them afterwards."""
        text = self._text
        self.erase()
        try:
            yield
        finally:
            if text is not None:
                self._text = text
                self._put()

    def _put(self) -> None:
        self._clear_and_print(self._text)

    def _clear_and_print(self, text: Text | None) -> None:
        from rich.control import Control
        from rich.segment import ControlType

        console = self._console
        assert console is not None
        # In one write, so that nobody sees the line between two states; a terminal that has gone is no failure.
        with contextlib.suppress(OSError), console:
            console.control(Control((ControlType.CARRIAGE_RETURN,), (ControlType.ERASE_IN_LINE, 2)))
            if text is not None:
                # The last column stays free: some terminals wrap as soon as it is taken.
                console.print(text, end="", no_wrap=True, overflow="ellipsis", width=max(1, console.width - 1))

    def _compose(self, now: float) -> Text:
        from rich.text import Text

        tally = self._session.tally
        failed, *facts = self._pulse.facts(now)
        of_total = "" if self._total is None else f" of {self._total:,}"
        line = Text.assemble(*self._bar(tally.done), (f"{tally.done:,}", "bold"), of_total, " done")
        line.append(" · ", "dim").append(failed, "bold red" if tally.failed else "")
        for fact in facts:
            line.append(" · ", "dim").append(fact)
        return line

    def _bar(self, done: int) -> list[tuple[str, str]]:
        if not self._total:
            return []
        filled = min(_BAR, _BAR * done // self._total)
        return [("━" * filled, "green"), ("━" * (_BAR - filled), "bright_black"), ("  ", "")]


class ProgressReport:
    """Now and then a line about one run, which stays: for logs, and for those who hear what is written."""

    def __init__(
        self,
        session: Session | Spread,
        total: int | None,
        statistics: Statistics | None,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._total = total
        self._pulse = Pulse(session, total, statistics, clock(), samples=1)
        self._tell = tell
        self._clock = clock
        self._due = clock() + REPORT_INTERVAL

    def draw(self) -> None:
        """Tell, unless that was done some seconds ago."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + REPORT_INTERVAL
        of_total = "" if self._total is None else f" of {self._total:,}"
        self._tell(", ".join((f"{self._session.tally.done:,}{of_total} done", *self._pulse.facts(now))))

    def erase(self) -> None:
        """What was told stays."""

    def lifted(self) -> contextlib.AbstractContextManager[None]:
        """It is in nobody's way."""
        return contextlib.nullcontext()
