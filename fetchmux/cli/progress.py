"""The live line below everything else: how far the run has come, counted anew at most ten times a second.

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
    from fetchmux.spread.spread import Spread

INTERVAL = 0.1
# The rate is that of the last three seconds.
_SAMPLES = 30
_BAR = 20


def _standard_error() -> Console:
    # Imported here, so that a short run need not wait for it.
    from rich.console import Console

    return Console(stderr=True, highlight=False)


class ProgressLine:
    """One line about one run; a run that is over before the first interval never shows it.

    Args:
        total: how many inputs there are, where that is known.
        open_console: gives the terminal, when the line is first drawn.
    """

    def __init__(
        self,
        session: Session | Spread,
        total: int | None,
        clock: Callable[[], float] = time.monotonic,
        open_console: Callable[[], Console] = _standard_error,
    ) -> None:
        self._session = session
        self._total = total
        self._clock = clock
        self._samples = deque([(clock(), 0)], maxlen=_SAMPLES)
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
        then, before = self._samples[0]
        self._samples.append((now, tally.done))
        failed = (f"{tally.failed:,} failed", "bold red" if tally.failed else "")
        facts = (
            failed,
            wording.rate(tally.done - before, now - then),
            wording.size(tally.bytes),
            f"{self._session.in_flight:,} in flight",
        )
        line = Text.assemble(*self._bar(tally.done), (f"{tally.done:,}", "bold"), self._of_total(), " done")
        for fact in facts:
            line.append(" · ", "dim").append(*(fact if isinstance(fact, tuple) else (fact,)))
        return line

    def _of_total(self) -> str:
        return "" if self._total is None else f" of {self._total:,}"

    def _bar(self, done: int) -> list[tuple[str, str]]:
        if not self._total:
            return []
        filled = _BAR * done // self._total
        return [("━" * filled, "green"), ("━" * (_BAR - filled), "bright_black"), ("  ", "")]
