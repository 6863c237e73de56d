"""What the collector makes of a coded body: sizes, limits, ends; and how a request offers codings."""

from __future__ import annotations

import tracemalloc

import pytest

from fetchmux.errors import FetchError
from fetchmux.http.collector import Collector
from fetchmux.http.request import RequestBuilder
from fetchmux.inputs.urls import UrlReader
from fetchmux.settings import MAX_HEAD
from tests.http.coding import ALL, CODERS, UNDECODABLE, encode
from tests.http.wire import Pieces, by_byte

TEXT = b"what the server meant to say, " * 40
MEBI = 1024 * 1024
GZIPPED = CODERS["gzip"](TEXT)


def reply(body: bytes, coding: str = "gzip", framing: str = "length", status: bytes = b"200 OK") -> bytes:
    field = b"Content-Encoding: %b\r\n" % coding.split()[0].encode() if coding else b""
    if framing == "length":
        field += b"Content-Length: %d\r\n" % len(body)
    elif framing == "chunked":
        field += b"Transfer-Encoding: chunked\r\n"
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part) + b"0\r\n\r\n"
    return b"HTTP/1.1 " + status + b"\r\n" + field + b"\r\n" + body


def collect(
    wire: bytes, *, decode: bool = True, method: str = "GET", max_body: int | None = None, end: bool = True
) -> bytes | str:
    """The body or the code of the failure, the same whole and byte by byte."""
    outcomes = {_collect([wire], decode, method, max_body, end), _collect(by_byte(wire), decode, method, max_body, end)}
    assert len(outcomes) == 1
    return outcomes.pop()


def _collect(parts, decode: bool, method: str, max_body: int | None, end: bool) -> bytes | str:
    store = Pieces()
    collector = Collector(method, store, MAX_HEAD, max_body, decode)
    try:
        for part in parts:
            collector.feed(part)
        if end and not collector.complete:
            collector.feed(b"")
    except FetchError as error:
        assert not collector.complete
        assert not collector.persistent
        assert max_body is None or sum(map(len, store.written)) <= max_body
        return error.code
    body = b"".join(store.written)
    assert collector.complete
    assert collector.body_size == len(body)
    assert collector.wire_size > 0
    return body


FRAMINGS = ["length", "chunked", "stream"]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("name", ALL)
def test_a_coded_body_is_decoded_in_every_framing(name: str, framing: str):
    assert collect(reply(encode([name], TEXT), name, framing)) == TEXT


@pytest.mark.parametrize("framing", FRAMINGS)
def test_nothing_is_decoded_unless_asked(framing: str):
    assert collect(reply(GZIPPED, framing=framing), decode=False) == GZIPPED


@pytest.mark.parametrize("framing", FRAMINGS)
def test_nothing_is_decoded_that_is_not_coded(framing: str):
    assert collect(reply(GZIPPED, "", framing)) == GZIPPED
    assert collect(reply(GZIPPED, "identity", framing)) == GZIPPED


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_framing_that_ends_within_the_coding_ends_no_body(framing: str):
    assert collect(reply(GZIPPED[:-1], framing=framing)) == UNDECODABLE


def test_a_body_that_its_framing_shows_to_be_cut_is_truncated():
    assert collect(reply(GZIPPED)[:-1]) == "truncated-body"
    assert collect(reply(GZIPPED, framing="chunked")[:-9]) == "truncated-body"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_damaged_or_unknown_coding_is_undecodable(framing: str):
    damaged = GZIPPED[:-8] + bytes(4) + GZIPPED[-4:]
    assert collect(reply(damaged, framing=framing)) == UNDECODABLE
    assert collect(reply(TEXT, "compress", framing)) == UNDECODABLE


@pytest.mark.parametrize("coding", ["gzip", "compress"])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_empty_body_is_empty_under_any_coding(framing: str, coding: str):
    assert collect(reply(b"", coding, framing)) == b""


@pytest.mark.parametrize("coding", ["gzip", "compress"])
def test_a_reply_without_a_body_has_nothing_to_decode(coding: str):
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: 90\r\n\r\n" % coding.encode()
    assert collect(head, method="HEAD", end=False) == b""
    for status in (b"204 No Content", b"304 Not Modified"):
        assert collect(head.replace(b"200 OK", status), end=False) == b""


def test_sizes_tell_what_came_and_what_it_meant():
    collector, wire = Collector("GET", None, MAX_HEAD, None, True), reply(GZIPPED)
    collector.feed(wire + b"more")
    assert (collector.body_size, collector.wire_size) == (len(TEXT), len(wire))


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("name", ALL)
def test_the_limit_of_a_body_holds_for_what_is_decoded(name: str, framing: str):
    wire = reply(encode([name], TEXT), name, framing)
    assert collect(wire, max_body=len(TEXT)) == TEXT
    assert collect(wire, max_body=len(TEXT) - 1) == "body-too-large"


def test_a_length_beyond_the_limit_is_no_fault_of_a_coded_body():
    """Five bytes become more than twenty as gzip."""
    wire = reply(CODERS["gzip"](b"abcde"))
    assert collect(wire, max_body=5) == b"abcde"
    assert collect(wire, max_body=5, decode=False) == "body-too-large"
    assert collect(reply(b"abcdef", ""), max_body=5) == "body-too-large"


@pytest.mark.parametrize("name", ALL)
def test_a_bomb_is_too_large_before_it_fills_memory(name: str):
    """Fed whole; the record would say how much had been decoded by then."""
    wire = reply(encode([name], bytes(256 * MEBI)), name)
    collector = Collector("GET", None, MAX_HEAD, 4 * MEBI, True)
    tracemalloc.start()
    try:
        with pytest.raises(FetchError) as caught:
            collector.feed(wire)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "body-too-large"
    assert collector.body_size < 5 * MEBI
    assert peak < 2 * MEBI


def test_a_coding_of_nothing_that_is_larger_than_the_limit_is_too_large():
    """What lies between the codings: blocks of deflate that hold no byte."""
    between = b"\0\0\0\xff\xff" * 1_000_000 + b"\x03\0"
    wire = reply(encode(["gzip"], between), "deflate,gzip")
    collector = Collector("GET", None, MAX_HEAD, MEBI, True)
    with pytest.raises(FetchError) as caught:
        collector.feed(wire)
    assert (caught.value.code, collector.body_size) == ("body-too-large", 0)


def test_a_connection_lives_on_after_a_decoded_body():
    collector = Collector("GET", None, MAX_HEAD, None, True)
    collector.feed(reply(GZIPPED))
    assert collector.persistent


def request(accept_encoding: str | None, *headers: tuple[str, str | None]) -> bytes:
    builder = RequestBuilder("fetchmux/0", keep_alive=False, accept_encoding=accept_encoding)
    return builder.build(UrlReader().read("http://h/"), headers=headers)


def test_codings_are_offered_between_accept_and_connection():
    assert request("gzip, br") == (
        b"GET / HTTP/1.0\r\nHost: h\r\nUser-Agent: fetchmux/0\r\nAccept: */*\r\nAccept-Encoding: gzip, br\r\n"
        b"Connection: close\r\n\r\n"
    )


def test_no_coding_is_offered_unless_asked():
    assert b"Accept-Encoding" not in request(None)


def test_the_users_offer_replaces_ours():
    assert request("gzip", ("accept-encoding", "br")).count(b"ncoding") == 1
    assert b"ncoding" not in request("gzip", ("Accept-Encoding", None))
