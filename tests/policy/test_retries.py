"""Retries: which failure may pass by itself, and how long to wait for that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchmux.errors import Code, FetchError
from fetchmux.policy.retries import FIRST_PAUSE, LONGEST_PAUSE, pause, retry_after, worth_it

DATE = r"(Sun, )?\d{1,12}[ -](Nov|Jan)[ -]\d{1,8} \d{1,3}:\d{1,3}(:\d{1,3})?( GMT| [+-]\d{1,9}|)"
NOW = 784_111_777.0
PASSING = {
    Code.CONNECT_REFUSED, Code.CONNECT_FAILED, Code.TIMEOUT, Code.CONNECTION_LOST, Code.EMPTY_REPLY,
    Code.TRUNCATED_BODY,
}  # fmt: skip


def failed(code: Code) -> FetchError:
    return FetchError(code, "")


@pytest.mark.parametrize("code", list(Code))
def test_failures_of_the_connection_may_pass_and_others_do_not(code: Code):
    assert worth_it("GET", failed(code), None, every_method=False) == (code in PASSING)
    # What had been answered before the failure changes nothing.
    assert worth_it("GET", failed(code), 503, every_method=True) == (code in PASSING)


@pytest.mark.parametrize("code", [Code.RESOLVE_FAILED, Code.PROXY_FAILED])
def test_a_failure_that_is_said_to_pass_is_retried_whatever_its_code(code: Code):
    assert worth_it("GET", FetchError(code, "", passing=True), None, every_method=False)
    assert not worth_it("POST", FetchError(code, "", passing=True), None, every_method=False)


@pytest.mark.parametrize("status", range(200, 600))
def test_few_statuses_may_pass(status: int):
    assert worth_it("GET", None, status, every_method=False) == (status in {408, 429, 500, 502, 503, 504})


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
def test_what_may_be_repeated_is_retried(method: str):
    assert worth_it(method, failed(Code.TIMEOUT), None, every_method=False)


@pytest.mark.parametrize("method", ["POST", "PATCH", "CONNECT", "get", "LOCK"])
def test_what_may_not_be_repeated_is_retried_only_when_asked(method: str):
    for error, status in ((failed(Code.TIMEOUT), None), (None, 503)):
        assert not worth_it(method, error, status, every_method=False)
        assert worth_it(method, error, status, every_method=True)


@pytest.mark.parametrize(("attempt", "bound"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (5_000, 30.0)])
def test_the_bound_of_a_pause_doubles_up_to_the_longest(attempt: int, bound: float):
    assert pause(attempt, lambda: 1.0) == bound
    assert pause(attempt, lambda: 0.25) == bound / 4
    assert pause(attempt, lambda: 0.0) == 0.0


@given(attempt=st.integers(1, 10**6), chance=st.floats(0, 1))
def test_no_pause_is_longer_than_the_longest(attempt: int, chance: float):
    assert 0 <= pause(attempt, lambda: chance) <= LONGEST_PAUSE
    assert FIRST_PAUSE < LONGEST_PAUSE


@pytest.mark.parametrize(
    ("value", "seconds"), [("0", 0), ("7", 7), (" 120 ", 120), ("007", 7), ("999999999", 999999999)]
)
def test_seconds_are_read(value: str, seconds: float):
    assert retry_after(value, NOW) == seconds


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Tokyo"])
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize(
    "value",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
    ids=["IMF-fixdate", "RFC 850", "asctime"],
)
def test_each_form_of_a_date_is_read_and_means_gmt_wherever_this_runs(value: str):
    assert retry_after(value, NOW - 5) == 5
    assert retry_after(value, NOW + 5) == 0


@given(st.integers(0, 4_000_000_000))
def test_a_date_is_the_time_until_then(moment: int):
    assert retry_after(formatdate(moment, usegmt=True), 0.0) == moment


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "1e3", "0x10", "1234567890", "99 Nov 1994 99:99:99 GMT"])
def test_what_says_nothing_is_no_request(value: str):
    assert retry_after(value, NOW) is None


@given(
    st.one_of(
        st.text(max_size=40),
        st.from_regex(DATE, fullmatch=True),
    )
)
def test_junk_is_never_an_accident(value: str):
    asked = retry_after(value, 0.0)
    assert asked is None or asked >= 0
