"""What a run is doing at this moment, for whoever sends it SIGUSR1.

Composed and written within the signal's handler, so that a strategy that blocks in a call answers, too. Must not take
locks or wait.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from typing import TYPE_CHECKING

from fetchmux.cli import wording

if TYPE_CHECKING:
    from fetchmux.session import Session, Slot
    from fetchmux.spread.spread import Spread

MOST_SLOTS = 100
_ERASE = "\r\x1b[2K"
_STDERR = 2


def snapshot(session: Session | Spread) -> str:
    """Counts, then for each slot what it waits for, how long, and for which URL; the longest wait comes first."""
    tally, slots = session.tally, sorted(session.slots(), key=lambda slot: -(slot.seconds or 0.0))
    phases = ", ".join(f"{count:,} {phase}" for phase, count in Counter(slot.phase for slot in slots).most_common())
    lines = [
        f"fetchmux: {tally.done:,} done, {tally.failed:,} failed, {wording.size(tally.bytes)}, "
        f"{len(slots):,} in flight{': ' if phases else ''}{phases}"
    ]
    lines += [_line(slot) for slot in slots[:MOST_SLOTS]]
    if len(slots) > MOST_SLOTS:
        lines.append(f"  and {len(slots) - MOST_SLOTS:,} more")
    return "\n".join(lines) + "\n"


def write_snapshot(session: Session | Spread) -> None:
    """Write it to standard error, over the progress line, which will be drawn below it."""
    erase = _ERASE if os.isatty(_STDERR) else ""
    with contextlib.suppress(OSError):
        os.write(_STDERR, (erase + snapshot(session)).encode("utf-8", "replace"))


def _line(slot: Slot) -> str:
    waited = "" if slot.seconds is None else wording.seconds(slot.seconds)
    return f"  {slot.phase:<10}{waited:>9}  {wording.printable(slot.url)}"
