"""Times and hosts of an endless list in constant memory."""

from __future__ import annotations

import msgspec
import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.frontier import outcome
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Failure, Request, Result, Timings
from fetchmux.sinks import statistics
from fetchmux.sinks.statistics import Statistics


class Nowhere:
    def write(self, result: Result) -> None: ...

    def flush(self) -> None: ...


@pytest.fixture
def seen() -> Statistics:
    return Statistics(Nowhere())


def result(**changes: object) -> Result:
    request = Request(0, "h", UrlReader().read("http://h/"))
    made = outcome.of_request(request, FetchError(Code.TIMEOUT, "", Phase.HEAD), "none")
    whole = {"ok": True, "status": 200, "error": None, "attempts": 1, **changes}
    return msgspec.structs.replace(made, **whole)


def reply(host: str = "h", seconds: float = 1.0, queued: float = 0.0, **changes: object) -> Result:
    timings = Timings(queued=queued, total=queued + seconds)
    return result(final_url=f"http://{host}/x", timings=timings, **changes)


def failure(host: str, code: Code = Code.TIMEOUT) -> Result:
    return reply(host, ok=False, status=None, error=Failure(code, Phase.HEAD, ""))


def test_quantiles_are_true_to_a_twentieth(seen: Statistics):
    for number in range(1, 1001):
        seen.write(reply(seconds=number / 1000, queued=5.0))
    for share in (0.01, 0.5, 0.95, 0.99, 1.0):
        assert seen.quantile(share) == pytest.approx(share, rel=0.05)


def test_what_brought_no_response_has_no_time(seen: Statistics):
    seen.write(failure("h"))
    assert seen.quantile(0.5) is None


def test_times_of_all_lengths_take_little_room(seen: Statistics):
    for exponent in range(-400, 400):
        seen.write(reply(seconds=1.03**exponent))
    assert len(seen._buckets) < 600


def test_hosts_are_slow_on_average_and_fail_by_number(seen: Statistics):
    for seconds in (1.0, 3.0):
        seen.write(reply("slow", seconds))
    seen.write(reply("quick:8080", 0.1))
    for _ in range(3):
        seen.write(failure("dead"))
    assert [(host.host, host.mean) for host in seen.slowest(2)] == [("slow", 2.0), ("dead", 1.0)]
    assert [(host.host, host.failed, host.done) for host in seen.failing(5)] == [("dead", 3, 3)]


def test_a_single_host_is_not_called_slow(seen: Statistics):
    seen.write(reply())
    assert seen.slowest(5) == []


def test_what_was_cancelled_or_never_sent_blames_no_host(seen: Statistics):
    seen.write(failure("h", Code.CANCELLED))
    seen.write(result(final_url=None, url=None, ok=False, status=None, attempts=0))
    assert seen.failing(5) == []


def test_of_many_hosts_the_slow_and_the_failing_are_remembered(seen: Statistics, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(statistics, "MOST_HOSTS", 16)
    seen.write(reply("slow", 9.0))
    for _ in range(2):
        seen.write(failure("dead"))
    for number in range(1000):
        seen.write(reply(f"h{number}", 0.1))
        assert len(seen._hosts) <= 16
    assert seen.slowest(1)[0].host == "slow"
    assert [host.host for host in seen.failing(5)] == ["dead"]
