"""Speeds as bars of characters: filled as far as the speed is certain, a line from there as far as it may reach."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

from fetchmux.cli.glyphs import Glyphs, filled
from fetchmux.compare.row import Row

# Fewer cells than these show nothing, more are a waste.
LEAST, MOST = 10, 40
# An interval that reaches further than so many times the greatest speed is cut: the bars are to be seen, too.
_REACH = 1.3


def bars(rows: Sequence[Row], width: int, glyphs: Glyphs) -> list[Text]:
    """A bar for each row on a common scale from nought."""
    fastest = max(row.speed for row in rows)
    most = min(
        fastest * _REACH,
        max(row.speed if math.isinf(row.speed_interval.high) else row.speed_interval.high for row in rows),
    )
    return [_bar(row, width / max(most, fastest), width, glyphs) for row in rows]


def _bar(row: Row, cells: float, width: int, glyphs: Glyphs) -> Text:
    """`cells`: a speed of one is so long."""
    style = "green" if row.rank == 1 else "blue"
    low, high = (bound * cells for bound in row.speed_interval)
    # Where the whiskers would be no longer than a cell, the bar tells all that there is to see.
    if math.isinf(high) or int(min(high, width)) - math.ceil(low) < 1:
        return Text(filled(row.speed * cells, glyphs.eighths), style)
    certain = filled(low, glyphs.eighths)
    reach = min(int(high), width) - len(certain)
    end = glyphs.end if high <= width + 1 else glyphs.beyond
    return Text.assemble((certain, style), (glyphs.rule * (reach - 1) + end, "dim"))
