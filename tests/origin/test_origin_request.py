"""How the origin reads what arrives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchmux.origin.intake import Intake
from fetchmux.origin.request import MAX_BODY, MAX_HEAD, Refused, parse


def whole(data: bytes) -> Intake:
    parts = iter([data])
    return Intake(lambda size: next(parts, b""))


def by_byte(data: bytes) -> Intake:
    parts = iter([data[place : place + 1] for place in range(len(data))])
    return Intake(lambda size: next(parts, b""))


FEEDS = pytest.mark.parametrize("feed", [whole, by_byte])
Feed = Callable[[bytes], Intake]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /", 400),
        (b"GET  / HTTP/1.1\r\nHost: a", 400),
        (b"GET / HTTP/1.1 \r\nHost: a", 400),
        (b"GET nowhere HTTP/1.0", 400),
        (b"CONNECT a:80 HTTP/1.0", 400),
        (b"G(T / HTTP/1.0", 400),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/1.1", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b", 400),
        (b"GET / HTTP/1.0\r\nno colon", 400),
        (b"GET / HTTP/1.0\r\nspace : a", 400),
        (b"GET / HTTP/1.0\r\nfold: a\r\n b", 400),
        (b"GET / HTTP/1.0\r\nnul: \x00", 400),
        (b"GET / HTTP/1.0\r\nstray: a\rb", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 2", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: five", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: +5", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: 16777217", 413),
        (b"POST / HTTP/1.0\r\nContent-Length: " + b"9" * 6000, 413),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked", 501),
    ],
)
def test_a_head_that_is_wrong_or_ambiguous_is_refused(head: bytes, status: int) -> None:
    with pytest.raises(Refused) as caught:
        parse(head + b"\r\n\r\n")
    assert caught.value.status == status
    assert caught.value.sentence.endswith(".")


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: b"GET / HTTP/1.0\r\n" + tail))
def test_any_bytes_are_a_request_or_refused(head: bytes) -> None:
    try:
        outcome = parse(head).target[0]
    except Refused as refused:
        outcome = str(refused.status)
    assert outcome in ("/", "*", "400", "413", "501", "505")


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        ("1.0", "", False),
        ("1.0", "close", False),
        ("1.0", "Keep-Alive", True),
        ("1.1", "", True),
        ("1.1", "close", False),
        ("1.1", "TE, Close", False),
        ("1.1", "keep-alive", True),
    ],
)
def test_who_keeps_the_connection(version: str, connection: str, keeps: bool) -> None:
    field = f"Connection: {connection}\r\n" if connection else ""
    assert parse(f"GET / HTTP/{version}\r\nHost: a\r\n{field}\r\n".encode()).keeps is keeps


@pytest.mark.parametrize("target", ["http://a/x?y", "HTTP://a:80/x?y", "/x?y"])
def test_a_target_is_read_with_or_without_its_authority(target: str) -> None:
    assert parse(f"GET {target} HTTP/1.0\r\n\r\n".encode()).target == "/x?y"


@pytest.mark.parametrize(("target", "local"), [("http://a", "/"), ("http://a?y", "/?y")])
def test_an_absolute_target_without_a_path_means_the_root(target: str, local: str) -> None:
    assert parse(f"GET {target} HTTP/1.0\r\n\r\n".encode()).target == local


@FEEDS
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_heads_are_cut_at_their_empty_lines(feed: Feed, end: bytes) -> None:
    first, second = b"GET /1 HTTP/1.0" + end * 2, b"GET /2 HTTP/1.0" + end + b"A: b" + end * 2
    intake = feed(b"\r\n" + first + second)
    assert [intake.head(), intake.head(), intake.head()] == [first, second, b""]


@FEEDS
def test_a_body_ends_where_its_length_says_and_the_next_head_begins_there(feed: Feed) -> None:
    head = b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n"
    intake = feed(head + b"\n\nabc" + head)
    assert intake.body(parse(intake.head())) == b"\n\nabc"
    assert intake.head() == head


@FEEDS
def test_a_chunked_body_is_decoded_to_its_end_with_extensions_and_trailer(feed: Feed) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    intake = feed(head + b"3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\n" + head)
    assert intake.body(parse(intake.head())) == b"abc0123456789"
    assert intake.head() == head


@FEEDS
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"zz\r\n", 400),
        (b"-1\r\n", 400),
        (b"\r\n", 400),
        (b"3\r\nabcd\r\n0\r\n\r\n", 400),
        (b"3\r\nab", 400),
        (b"3\r\nabc\r\n", 400),
        (b"3\r\nabc\r\n0\r\n", 400),
        (b"1" * 5000, 400),
        (b"%x\r\n" % (MAX_BODY + 1), 413),
        (b"ffffffffffffff\r\n", 413),
        (b"0\r\n" + b"X: y\r\n" * 12000 + b"\r\n", 431),
    ],
)
def test_a_chunked_body_that_is_damaged_or_too_big_is_refused(feed: Feed, body: bytes, status: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    intake = feed(head + body)
    request = parse(intake.head())
    with pytest.raises(Refused) as caught:
        intake.body(request)
    assert caught.value.status == status


@pytest.mark.parametrize("data", [b"a" * (MAX_HEAD + 1), b"GET / HTTP/1.0\r\nA: " + b"a" * MAX_HEAD + b"\r\n\r\n"])
def test_a_head_beyond_its_limit_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        whole(data).head()
    assert caught.value.status == 431


def test_a_head_at_its_limit_is_read() -> None:
    data = b"GET / HTTP/1.0\r\nA: ".ljust(MAX_HEAD - 4, b"a") + b"\r\n\r\n"
    assert whole(data).head() == data


def test_a_head_that_ends_in_the_middle_is_refused() -> None:
    with pytest.raises(Refused, match="middle"):
        whole(b"GET / HT").head()
