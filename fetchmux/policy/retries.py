"""Retries: which failure may pass by itself, and how long to wait for that. Pure; chance and time are given."""

from __future__ import annotations

import re
from collections.abc import Callable

from fetchmux.errors import Code, FetchError

STATUSES = frozenset({408, 429, 500, 502, 503, 504})
# With Retry-After these speak for the whole host (RFC 6585, 4; RFC 9110, 15.6.4).
PAUSING = frozenset({429, 503})
CODES = frozenset(
    {Code.CONNECT_REFUSED, Code.CONNECT_FAILED, Code.TIMEOUT, Code.CONNECTION_LOST, Code.EMPTY_REPLY,
     Code.TRUNCATED_BODY}
)  # fmt: skip
# Repeating one of these has the effect of doing it once (RFC 9110, 9.2.2).
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})

FIRST_PAUSE = 0.5
# The least time after which it makes sense to ask for a name again.
NAME_PAUSE = 1.0
LONGEST_PAUSE = 30.0
# A server that asks for more, of a user who has not said how long retries may take, has given its answer: nobody would
# know why the run stands still.
LONGEST_ASKED = 600.0
_SECONDS = re.compile(r"\d{1,9}")


def worth_it(method: str, error: FetchError | None, status: int | None, *, every_method: bool) -> bool:
    """Whether another attempt may do better: after a failure of the connection, or a status that says so."""
    if not every_method and method not in IDEMPOTENT:
        return False
    return status in STATUSES if error is None else error.code in CODES or error.passing


def pause(attempt: int, chance: Callable[[], float]) -> float:
    """Seconds to wait after the `attempt`th failure, from 1: exponential back-off with full jitter.

    Full jitter (anything between nought and the bound) spreads those who failed together.
    """
    return chance() * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt - 1, 16))


def retry_after(value: str, wall_clock: float) -> float | None:
    """Seconds that a Retry-After field asks for, as a number or as a date (RFC 9110, 10.2.3); None if it says nothing.

    `wall_clock` is in seconds since the epoch.
    """
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(value)
        # The form of asctime names no zone and means GMT (RFC 9110, 5.6.7).
        date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - wall_clock)
    except (ValueError, OverflowError):
        return None
