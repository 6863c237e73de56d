"""What a run came to, in one sentence for a person. Knows counts; must not know where the sentence is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fetchmux.cli import wording

if TYPE_CHECKING:
    from fetchmux.session import Tally

# Upgrade Required and HTTP Version Not Supported (RFC 9110, 15.5.22 and 15.6.6).
_WANTS_NEWER = (426, 505)


def summary(tally: Tally, seconds: float) -> str:
    """`20,000 fetched, 3 failed (2 timeout, 1 connect-refused) in 1.90 s, 10,526/s, 24 MiB`."""
    failed = f", {tally.failed:,} failed ({_reasons(tally)})" if tally.failed else ""
    speed = wording.rate(tally.done, seconds)
    return f"{tally.ok:,} fetched{failed} in {wording.seconds(seconds)}, {speed}, {wording.size(tally.bytes)}"


def hint(tally: Tally, http: str) -> str | None:
    """`replies to HTTP/1.0: 3 of status 426; --http 1.1 may help`, where the version is what servers complain of."""
    told = [f"{tally.statuses[status]:,} of status {status}" for status in _WANTS_NEWER if status in tally.statuses]
    return f"replies to HTTP/1.0: {' and '.join(told)}; --http 1.1 may help" if told and http == "1.0" else None


def ended_early(reason: str, tally: Tally, *, whole: bool) -> str:
    """`interrupted: 1,200 done, 64 cancelled; the rest of the input was not read`; `whole`: there was no rest."""
    cancelled = tally.codes.get("cancelled", 0)
    rest = "" if whole else "; the rest of the input was not read"
    return f"{reason}: {tally.done - cancelled:,} done, {cancelled:,} cancelled{rest}"


def _reasons(tally: Tally) -> str:
    """The codes, most frequent first; a failure without one is not what the user expected."""
    counts = sorted(tally.codes.items(), key=lambda item: (-item[1], item[0]))
    by_status = tally.failed - sum(tally.codes.values())
    if by_status:
        counts.append(("not as expected", by_status))
    return ", ".join(f"{count:,} {code}" for code, count in counts)
