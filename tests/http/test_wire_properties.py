"""What holds for any bytes in any parts: the same outcome, a closed list of failures, work in proportion."""

from __future__ import annotations

import re
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.http.collector import Collector
from fetchmux.http.head import parse_head
from fetchmux.settings import MAX_HEAD
from tests.http.wire import Fault, Reply, by_byte, collect

NAMES = st.from_regex(re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}"), fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20).map(lambda value: value.strip(" \t"))
LINE_ENDS = st.sampled_from([b"\r\n", b"\n"])
FRAMING = ("content-length", "transfer-encoding", "connection")


@st.composite
def replies(draw: st.DrawFn) -> tuple[bytes, Reply]:
    """The bytes of a well-formed reply and what they mean; a length or chunks say where it ends."""
    line = draw(LINE_ENDS)
    version = draw(st.sampled_from(["1.0", "1.1"]))
    status = draw(st.integers(200, 599).filter(lambda status: status not in (204, 304)))
    reason = draw(VALUES)
    fields = draw(st.lists(st.tuples(NAMES.filter(lambda name: name.lower() not in FRAMING), VALUES), max_size=6))
    body = draw(st.binary(max_size=200))
    keep = draw(st.booleans())
    fields.insert(draw(st.integers(0, len(fields))), ("Connection", "keep-alive" if keep else "close"))
    chunked = draw(st.booleans())
    framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))
    fields.insert(draw(st.integers(0, len(fields))), framing)
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    head = f"HTTP/{version} {status} {reason}".encode("latin-1") + line
    head += b"".join(f"{name}: {value}".encode("latin-1") + line for name, value in fields) + line
    wire = interim + head + (draw(chunks_of(body)) if chunked else body)
    persistent = keep and not (chunked and version == "1.0")
    return wire, Reply(status, reason, version, tuple(fields), body, persistent)


@st.composite
def chunks_of(draw: st.DrawFn, body: bytes) -> bytes:
    wire = b""
    while body:
        size = draw(st.integers(1, len(body)))
        extension = draw(st.sampled_from([b"", b";a", b' ; a="b"']))
        wire += b"%x%b\r\n%b\r\n" % (size, extension, body[:size])
        body = body[size:]
    return wire + b"0\r\n" + draw(st.sampled_from([b"", b"A: b\r\n"])) + b"\r\n"


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    places = sorted(draw(st.sets(st.integers(0, len(data)), max_size=12)))
    return [data[start:stop] for start, stop in zip([0, *places], [*places, len(data)], strict=True)]


@settings(deadline=None)
@given(st.data(), replies())
def test_however_a_reply_is_cut_it_means_the_same(data: st.DataObject, reply: tuple[bytes, Reply]):
    wire, expected = reply
    assert collect([wire]) == expected
    assert collect(data.draw(cuts(wire))) == expected


@settings(deadline=None)
@given(st.data(), replies())
def test_a_reply_cut_off_anywhere_is_no_success(data: st.DataObject, reply: tuple[bytes, Reply]):
    wire, _ = reply
    rest = data.draw(st.integers(0, len(wire) - 1))
    assert isinstance(collect(by_byte(wire[:rest])), Fault)


STARTS = [
    b"",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
]
INTERIM = b"HTTP/1.1 100 C\r\n\r\n"
FRAGMENTS = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b";", b"0", b"5", b"a", b"HTTP/1.1 100 C\r\n\r\n"]
)


@settings(deadline=None)
@given(st.data(), st.sampled_from(STARTS), st.one_of(st.binary(), st.lists(FRAGMENTS, max_size=40).map(b"".join)))
def test_any_bytes_end_in_a_reply_or_a_failure_of_the_closed_list(data: st.DataObject, start: bytes, junk: bytes):
    outcome = collect(data.draw(cuts(start + junk)), max_body=100)
    if isinstance(outcome, Fault):
        assert outcome.code in list(Code)
        assert outcome.phase in (Phase.HEAD, Phase.BODY)
    else:
        assert isinstance(outcome, Reply)


@settings(deadline=None)
@given(st.data(), st.sampled_from(STARTS), st.lists(FRAGMENTS, max_size=40).map(b"".join))
def test_any_bytes_mean_the_same_whole_and_in_parts(data: st.DataObject, start: bytes, junk: bytes):
    """Where a reply is whole before its last part, what follows it tells only whether its connection may live."""
    wire = start + junk
    whole, parts = collect([wire]), collect(data.draw(cuts(wire)))
    if isinstance(whole, Reply) and isinstance(parts, Reply):
        assert (whole.status, whole.fields, whole.body) == (parts.status, parts.fields, parts.body)
    elif isinstance(whole, Fault) and isinstance(parts, Fault):
        assert (whole.code, whole.phase) == (parts.code, parts.phase)
    else:
        raise AssertionError((whole, parts))


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 200" + b" " * 250_000 + b"\rX\r\n",
        b"HTTP/1.1 " + b" " * 250_000 + b"X\r\n",
        b"HTTP/1.1 200 OK\r\nA:" + b" \t" * 125_000 + b"\rX\r\n",
        b"HTTP/1.1 200 OK\r\nA:" + b" " * 250_000 + b"\0\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a" * 250_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nB: b" + b" " * 250_000 + b"\rX\r\n",
        b"HTTP/1.1 200 OK\r\nA: b" + b" " * 250_000 + b"X\r\n c\rd\r\n",
        b"HTTP/1.1 200 OK\r\nA: b" + b"\r\n " * 80_000 + b"\rX\r\n",
    ],
    ids=["reason", "status", "value", "NUL", "name", "beside a fold", "before a fold", "folds"],
)
def test_a_head_of_blanks_is_refused_in_linear_time(line: bytes):
    """A search that tries all ways to share out the blanks would take hours here, not milliseconds."""
    with pytest.raises(FetchError, match=r"."):
        parse_head(line)


class Counted(bytes):
    """Bytes that count how many of them are looked at or copied."""

    work = 0

    def __getitem__(self, key: object) -> bytes:  # type: ignore[override]
        part = super().__getitem__(key)  # type: ignore[call-overload]
        Counted.work += len(part)
        return Counted(part)

    def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        place = super().find(sub, start, end)
        Counted.work += (place if place >= 0 else len(self) if end is None else min(end, len(self))) - start
        return place

    def __add__(self, other: bytes) -> bytes:  # type: ignore[override]
        Counted.work += len(self) + len(other)
        return Counted(bytes(self) + other)


def _work(wire: bytes, size: int, monkeypatch: pytest.MonkeyPatch) -> int:
    collector = Collector("GET", None, MAX_HEAD, None)
    collector.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    monkeypatch.setattr(Counted, "work", 0)
    for start in range(0, len(wire), size):
        collector.feed(Counted(wire[start : start + size]))
    assert collector.complete
    return Counted.work


@pytest.mark.parametrize("size", [1, 100, 60_000], ids=["bytes", "packets", "whole"])
def test_chunks_of_one_byte_by_the_ten_thousand_take_linear_work(size: int, monkeypatch: pytest.MonkeyPatch):
    wire = b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n"
    assert _work(wire, size, monkeypatch) < 5 * len(wire)


def test_a_body_is_handed_on_without_being_gathered():
    """A stream of any length holds no more memory than its last part."""
    collector = Collector("GET", None, MAX_HEAD, None)
    collector.feed(b"HTTP/1.0 200 OK\r\n\r\n")
    for _ in range(100):
        collector.feed(b"x" * 1_000)
        assert collector._buffer == b""
    assert (collector.body_size, collector.wire_size) == (100_000, 100_019)


def test_sizes_count_what_arrived_and_what_it_held():
    collector = Collector("GET", None, MAX_HEAD, None)
    wire = b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\n\r\n"
    collector.feed(wire)
    assert (collector.body_size, collector.wire_size) == (5, len(wire))


@pytest.mark.parametrize("framing", ["length", "stream"])
def test_bytes_beyond_the_limit_never_reach_the_store(framing: str):
    written: list[bytes] = []

    class Spy:
        write = written.append

    collector = Collector("GET", Spy(), MAX_HEAD, 5)  # type: ignore[arg-type]
    field = b"Content-Length: 8\r\n" if framing == "length" else b""
    parts = [b"HTTP/1.0 200 OK\r\n" + field + b"\r\n", b"abcde", b"f"]
    with pytest.raises(FetchError) as caught:
        deque(map(collector.feed, parts))
    assert caught.value.code is Code.BODY_TOO_LARGE
    # A length that is too large is refused before the first byte.
    assert b"".join(written) == (b"" if framing == "length" else b"abcde")
