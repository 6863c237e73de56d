"""What a run came to, in sentences for a person and in JSON for a script. Knows counts; must not know where they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fetchmux.cli import wording

if TYPE_CHECKING:
    from fetchmux.session import Tally
    from fetchmux.sinks.statistics import Host, Statistics

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
MOST_HOSTS = 5

# Upgrade Required and HTTP Version Not Supported (RFC 9110, 15.5.22 and 15.6.6).
_WANTS_NEWER = (426, 505)


def summary(tally: Tally, seconds: float, before: int = 0) -> str:
    """`20,000 fetched, 3 failed (2 timeout, 1 connect-refused) in 1.90 s, 10,526/s, 24 MiB; 300 were done before`."""
    failed = f", {tally.failed:,} failed ({_reasons(tally)})" if tally.failed else ""
    speed = wording.rate(tally.done, seconds)
    done = f"; {before:,} were done before" if before else ""
    return f"{tally.ok:,} fetched{failed} in {wording.seconds(seconds)}, {speed}, {wording.size(tally.bytes)}{done}"


def details(tally: Tally, statistics: Statistics) -> list[str]:
    """`status 200: 480, 404: 20; p50 21 ms, p95 40 ms, p99 51 ms`, and lines of slow and of failing hosts."""
    lines = []
    told = [", ".join(f"{status}: {count:,}" for status, count in sorted(tally.statuses.items()))]
    times = [(name, statistics.quantile(share)) for name, share in QUANTILES.items()]
    told.append(", ".join(f"{name} {wording.seconds(time)}" for name, time in times if time is not None))
    if tally.statuses:
        lines.append(f"status {'; '.join(told)}")
    if slowest := statistics.slowest(MOST_HOSTS):
        lines.append("slowest: " + ", ".join(f"{host.host} {wording.seconds(host.mean)}" for host in slowest))
    if failing := statistics.failing(MOST_HOSTS):
        lines.append("failing: " + ", ".join(f"{host.host} {host.failed:,} of {host.done:,}" for host in failing))
    return lines


def summary_json(tally: Tally, statistics: Statistics, seconds: float, *, ended: str, status: int) -> bytes:
    """All of it for a script, in a line; `ended` is complete, or why not. Times in seconds, sizes in bytes."""
    import msgspec

    def hosts(chosen: list[Host]) -> list[dict[str, Any]]:
        return [{"host": host.host, "done": host.done, "failed": host.failed, "mean": host.mean} for host in chosen]

    whole = {
        "ended": ended, "exit_status": status, "done": tally.done, "ok": tally.ok, "failed": tally.failed,
        "bytes": tally.bytes, "seconds": seconds, "rate": tally.done / seconds if seconds else 0.0,
        "statuses": {str(key): tally.statuses[key] for key in sorted(tally.statuses)}, "codes": tally.codes,
        "times": {name: statistics.quantile(share) for name, share in QUANTILES.items()},
        "slowest": hosts(statistics.slowest(MOST_HOSTS)), "failing": hosts(statistics.failing(MOST_HOSTS)),
    }  # fmt: skip
    return msgspec.json.encode(whole) + b"\n"


def hint(tally: Tally, http: str) -> str | None:
    """`replies to HTTP/1.0: 3 of status 426; --http 1.1 may help`, where the version is what servers complain of."""
    told = [f"{tally.statuses[status]:,} of status {status}" for status in _WANTS_NEWER if status in tally.statuses]
    return f"replies to HTTP/1.0: {' and '.join(told)}; --http 1.1 may help" if told and http == "1.0" else None


def ended_early(reason: str, tally: Tally, *, whole: bool, kept: bool = False) -> str:
    """`interrupted: 1,200 done, 64 cancelled; the rest of the input was not read`.

    `whole`: there was no rest; `kept`: a journal tells what is done.
    """
    cancelled = tally.codes.get("cancelled", 0)
    rest = "" if whole else "; the rest of the input was not read"
    advice = "; --resume goes on" if kept else ""
    return f"{reason}: {tally.done - cancelled:,} done, {cancelled:,} cancelled{rest}{advice}"


def _reasons(tally: Tally) -> str:
    """The codes, most frequent first; a failure without one is not what the user expected."""
    counts = sorted(tally.codes.items(), key=lambda item: (-item[1], item[0]))
    by_status = tally.failed - sum(tally.codes.values())
    if by_status:
        counts.append(("not as expected", by_status))
    return ", ".join(f"{count:,} {code}" for code, count in counts)
