"""How numbers and foreign text are shown to a person. Knows nothing of terminals and of what the numbers count."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fetchmux.model import Result

_KIBI = 1024


def printable(text: str) -> str:
    """`text` with every character that could steer a terminal written out, as Python writes it in a literal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def shortfall(result: Result) -> tuple[str, str]:
    """Of what kind a failure is, and what there is to say of it."""
    if result.error is not None:
        return result.error.code, result.error.message
    if result.status is not None and result.status >= 400:
        return f"status {result.status}", ""
    return "not as expected", f"status {result.status}" + (f", sha256 {result.sha256}" if result.sha256 else "")


def size(count: int) -> str:
    """A number of bytes in three or four digits: 512 B, 1.0 KiB, 24 MiB."""
    if count < _KIBI:
        return f"{count} B"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        amount /= _KIBI
        # What would be rounded up to 1,024 belongs to the next unit.
        if amount < _KIBI - 0.5 or unit == "TiB":
            break
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"


def seconds(duration: float) -> str:
    """A duration in two or three digits: 0.4 ms, 21 ms, 1.24 s, 61 s."""
    if duration < 0.9995:
        thousandths = duration * 1000
        return f"{thousandths:.1f} ms" if thousandths < 9.95 else f"{thousandths:.0f} ms"
    if duration < 9.995:
        return f"{duration:.2f} s"
    return f"{duration:.1f} s" if duration < 99.95 else f"{duration:,.0f} s"


def span(duration: float) -> str:
    """How long something may yet take, roughly: 43 s, 12 min, 3.4 h."""
    if duration < 99.5:
        return f"{duration:.0f} s"
    return f"{duration / 60:.0f} min" if duration < 99.5 * 60 else f"{duration / 3600:,.1f} h"


def moment(duration: float) -> str:
    """A duration as on a clock that is read closely: 0, 30 µs, and from a tenth of a millisecond on as `seconds`."""
    if not 0 < duration < 0.0000995:
        return seconds(duration) if duration else "0"
    return f"{duration * 1e6:.0f} µs" if duration >= 0.00000095 else f"{duration * 1e6:.1f} µs"


def factor(value: float) -> str:
    """How many times, in three digits."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"


def rate(count: int, duration: float) -> str:
    """So many a second."""
    each = count / duration if duration > 0 else 0.0
    return f"{each:.1f}/s" if each < 99.95 else f"{each:,.0f}/s"


def counted(count: int, thing: str) -> str:
    """So many things, whose plural has an s."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
