"""Results as rows for a person, as they come, and at the end the failures by kind with an example of each.

Knows columns, colours and the width of a terminal. Keeps nothing of a result but one example for each kind of failure,
so a million rows take no memory. Whatever came from a server or an input is written out harmlessly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from fetchmux.cli import wording
from fetchmux.sinks.blocks import Blocks

if TYPE_CHECKING:
    from rich.console import Console

    from fetchmux.model import Result

# The first column holds a status and a size, or the code of a failure, of which the longest has 18 letters.
_FIRST = 18
_TIME = 10
_COLOURS = {1: "cyan", 2: "green", 3: "cyan", 4: "yellow", 5: "red"}
# With less room beside the columns a text has the next line to itself, a little indented.
_LEAST_TEXT = 20
_INDENT = "  "


class Table:
    """A sink for people.

    Args:
        stream: where the rows go.
        console: the terminal that they go to, for its colours and its width; None writes plain and whole rows.
    """

    def __init__(self, stream: BinaryIO, console: Console | None) -> None:
        self._blocks = Blocks(stream)
        self._console = console
        self._painted: dict[tuple[str, str], str] = {}
        self._width: int | None = None
        self._failures: dict[str, tuple[int, str, str]] = {}
        self._begun = False

    def write(self, result: Result) -> None:
        if not self._begun:
            self._begun = True
            heading = f"{'status':<6}{'size':>{_FIRST - 6}}{'time':>{_TIME}}"
            self._add(self._paint(self._beside(heading, _FIRST + _TIME, "url"), "dim"))
        url = wording.printable(result.final_url or result.url or result.input)
        time = f"{wording.seconds(result.timings.total) if result.timings.total else '-':>{_TIME}}"
        self._add(self._beside(f"{self._first(result)}{time}", _FIRST + _TIME, url))
        if not result.ok:
            self._remember(result, url)

    def flush(self) -> None:
        self._blocks.flush()
        # A person may have made the window wider since.
        self._width = None

    def finish(self) -> None:
        """The run is over: write the failures by kind, most frequent first."""
        if self._failures:
            self._add(f"\n{self._paint('failed'.rjust(7) + '  for example', 'dim')}")
        for kind, (count, url, why) in sorted(self._failures.items(), key=lambda item: -item[1][0]):
            label = self._paint(kind, "red") + " " * (_FIRST - len(kind))
            self._add(self._beside(f"{count:>7,}  {label}", _FIRST + 9, url, why))
        self.flush()

    def _first(self, result: Result) -> str:
        """Status and size, or the code; padded here, because colours have no width."""
        if result.error is not None:
            code = result.error.code
            return self._paint(code, "red") + " " * (_FIRST - len(code))
        status = str(result.status)
        size = wording.size(result.body_size).rjust(_FIRST - len(status))
        colour = _COLOURS.get((result.status or 0) // 100, "")
        return self._paint(status, colour if result.ok or colour != _COLOURS[2] else "red") + size

    def _remember(self, result: Result, url: str) -> None:
        kind, why = wording.shortfall(result)
        count, example, trouble = self._failures.get(kind, (0, url, wording.printable(why)))
        self._failures[kind] = (count + 1, example, trouble)

    def _add(self, row: str) -> None:
        self._blocks.add(f"{row}\n".encode("utf-8", "replace"))

    def _beside(self, columns: str, used: int, url: str, why: str = "") -> str:
        """A row: `columns`, which take up `used`, and beside or below them what fits of a URL and its trouble."""
        if self._console is None:
            return f"{columns}  {url}{': ' if why else ''}{why}"
        if self._width is None:
            self._width = self._console.width
        room, between = self._width - used - 2, "  "
        if room < _LEAST_TEXT:
            room, between = max(_LEAST_TEXT, self._width - len(_INDENT)), f"\n{_INDENT}"
            columns = columns.rstrip()
        if why:
            # Rather than the end of a long URL, which may be looked up elsewhere, its trouble is shown.
            url = f"{self._cut(url, max(_LEAST_TEXT, room - len(why) - 2))}: {why}"
        return f"{columns}{between}{self._cut(url, room)}"

    def _cut(self, text: str, room: int) -> str:
        """What fits there; wide characters take two columns."""
        if text.isascii():
            return text if len(text) <= room else text[: room - 1] + "…"
        from rich.cells import cell_len, set_cell_size

        return text if cell_len(text) <= room else set_cell_size(text, room - 1) + "…"

    def _paint(self, text: str, style: str) -> str:
        """`text` in colour, where the terminal has any. Few texts are painted, so each is rendered once."""
        if self._console is None or not style:
            return text
        if (text, style) not in self._painted:
            with self._console.capture() as capture:
                self._console.print(text, style=style, end="", markup=False, highlight=False, soft_wrap=True)
            self._painted[text, style] = capture.get()
        return self._painted[text, style]
