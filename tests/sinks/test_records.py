"""What scripts read: JSON lines, tables and bare bodies, to the last byte."""

from __future__ import annotations

import base64
import csv
import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchmux.errors import Code, Phase
from fetchmux.model import Failure, Hop, Request, Result, Timings
from fetchmux.settings import BodyUse, Options
from fetchmux.sinks import Sink
from fetchmux.sinks.bodies import Bodies
from fetchmux.sinks.charset import declared_charset, decode_body
from fetchmux.sinks.delimited import COLUMNS, Delimited
from fetchmux.sinks.jsonl import JsonLines, ShownBody
from fetchmux.sinks.stores import Digest, Keep, store_opener

ALEX = Result(
    index=0, id=None, input="alex", url="http://h/s?wd=alex", final_url="http://h/s?wd=alex", method="GET", ok=True,
    status=200, reason="OK", http_version="1.0", headers=[("Content-Type", "text/html")], body_size=1024,
    wire_size=1234, body=None, body_encoding=None, sha256=None, saved_to=None,
    redirects=[Hop("http://h/", 302)], attempts=1, remote_address="127.0.0.1:80", reused=False,
    timings=Timings(0.0001, 0.0, 0.0004, 0.0, 0.0001, 0.021, 0.0002, 0.022), error=None, backend="epoll",
)  # fmt: skip

# The record as the contract shows it.
ALEX_LINE = (
    '{"index":0,"id":null,"input":"alex","url":"http://h/s?wd=alex","final_url":"http://h/s?wd=alex","method":"GET",'
    '"ok":true,"status":200,"reason":"OK","http_version":"1.0","headers":[["Content-Type","text/html"]],'
    '"body_size":1024,"wire_size":1234,"body":null,"body_encoding":null,"sha256":null,"saved_to":null,'
    '"redirects":[{"url":"http://h/","status":302}],"attempts":1,"remote_address":"127.0.0.1:80","reused":false,'
    '"timings":{"queued":0.0001,"resolve":0.0,"connect":0.0004,"tls":0.0,"send":0.0001,"wait":0.021,'
    '"receive":0.0002,"total":0.022},"error":null,"backend":"epoll"}\n'
)


def result(**changes: Any) -> Result:
    return msgspec.structs.replace(ALEX, **changes)


def lines(*results: Result, shown: ShownBody = "none") -> bytes:
    stream = io.BytesIO()
    sink = JsonLines(stream, shown)
    for each in results:
        sink.write(each)
    sink.flush()
    return stream.getvalue()


def rows(*results: Result, delimiter: str = ",") -> str:
    stream = io.BytesIO()
    sink = Delimited(stream, delimiter)
    for each in results:
        sink.write(each)
    sink.flush()
    return stream.getvalue().decode()


# JSON lines


@pytest.mark.parametrize("shown", ["none", "text", "base64", "hash"])
def test_a_record_is_this_line(shown: ShownBody):
    assert lines(ALEX, shown=shown).decode() == ALEX_LINE


def test_a_record_with_a_body_has_the_same_fields_in_the_same_order():
    record = json.loads(lines(result(body=b"x"), shown="text"))
    assert list(record) == list(json.loads(ALEX_LINE))


def test_a_failure_has_code_phase_and_message():
    failed = result(ok=False, status=None, error=Failure(Code.TIMEOUT, Phase.HEAD, "too slow"))
    assert json.loads(lines(failed))["error"] == {"code": "timeout", "phase": "head", "message": "too slow"}


def test_each_result_is_one_line():
    data = lines(result(input="a\nb\r\u2028c", body=b"a\nb\r\nc"), ALEX, shown="text")
    assert data.count(b"\n") == 2
    assert data.endswith(b"\n")
    assert json.loads(data.splitlines()[0])["body"] == "a\nb\r\nc"


@pytest.mark.parametrize(
    ("shown", "body", "encoding"),
    [("none", None, None), ("hash", None, None), ("text", "gr\xfcn", "utf-8"), ("base64", "Z3LDvG4=", "base64")],
)
def test_of_a_body_is_shown_what_was_asked_for(shown: ShownBody, body: str | None, encoding: str | None):
    record = json.loads(lines(result(body="gr\xfcn".encode()), shown=shown))
    assert (record["body"], record["body_encoding"]) == (body, encoding)


@pytest.mark.parametrize(("shown", "encoding"), [("text", "utf-8"), ("base64", "base64")])
def test_an_empty_body_is_an_empty_string(shown: ShownBody, encoding: str):
    record = json.loads(lines(result(body=b""), shown=shown))
    assert (record["body"], record["body_encoding"]) == ("", encoding)


def test_writing_a_record_leaves_the_result_as_it_was():
    kept = result(body=b"x")
    lines(kept, shown="text")
    assert (kept.body, kept.body_encoding) == (b"x", None)


CHARSETS = [
    ("text/html", "grün".encode(), ("grün", "utf-8")),
    ("text/html; charset=utf-8", "grün".encode(), ("grün", "utf-8")),
    ("text/html; charset=UTF-8", "grün".encode(), ("grün", "utf-8")),
    ('text/html;charset="utf-8"; a=b', "grün".encode(), ("grün", "utf-8")),
    ("text/html; CharSet = 'latin-1'", "grün".encode("latin-1"), ("grün", "latin-1")),
    ("text/html; charset=GBK", "百度".encode("gbk"), ("百度", "gbk")),
    ("text/html; charset=gb2312", "百度".encode("gb2312"), ("百度", "gb2312")),
    ("text/html; charset=big5", "百度".encode("big5"), ("百度", "big5")),
    ("text/html; charset=shift_jis", "日本".encode("shift_jis"), ("日本", "shift_jis")),
    ("text/html; charset=utf-16", "grün".encode("utf-16"), ("grün", "utf-16")),
    ("text/html; charset=utf-16le", "grün".encode("utf-16le"), ("grün", "utf-16le")),
    ("text/html; charset=windows-1252", b"\x80", ("€", "windows-1252")),
    # Not what was declared, or nothing that is text.
    ("text/html; charset=utf-8", "grün".encode("latin-1"), None),
    ("text/html; charset=ascii", "grün".encode(), None),
    ("text/html; charset=utf-16", b"abc", None),
    ("text/html; charset=no-such-thing", b"abc", None),
    ("text/html; charset=gr\xfcn", b"abc", None),
    ("text/html; charset=../../etc/passwd", b"abc", None),
    ("text/html; charset=" + "a" * 10_000, b"abc", None),
    ("image/png", b"\x89PNG\r\n\x1a\n", None),
    ("text/html", b"a\0b", None),
    ("text/html; charset=utf-7", b"+2AA-", None),
    # What Python can decode and no browser would.
    ("text/html; charset=hex", b"6162", None),
    ("text/html; charset=rot13", b"abc", None),
    ("text/html; charset=zlib", b"abc", None),
    ("text/html; charset=idna", b"abc", None),
    ("text/html; charset=undefined", b"abc", None),
    ("text/html; charset=unicode_escape", b"\\d", None),
    ("text/html; charset=raw-unicode-escape", b"\\u0041", None),
    # This one would take hours.
    ("text/html; charset=Punycode", b"ab" * 5_000_000, None),
]


@pytest.mark.parametrize(("declared", "body", "expected"), CHARSETS, ids=[case[0][:40] for case in CHARSETS])
def test_a_body_is_text_in_the_declared_charset_or_it_is_none(
    declared: str, body: bytes, expected: tuple[str, str] | None
):
    assert decode_body(body, [("content-TYPE", declared)]) == expected
    record = json.loads(lines(result(body=body[:9_000], headers=[("Content-Type", declared)]), shown="text"))
    if expected is None:
        assert (record["body"], record["body_encoding"]) == (base64.b64encode(body[:9_000]).decode(), "base64")
    else:
        assert (record["body"], record["body_encoding"]) == expected


def test_the_charset_is_that_of_the_first_content_type():
    headers = [("Charset", "x; charset=a"), ("Content-Type", "text/html"), ("Content-Type", "text/html; charset=b")]
    assert declared_charset(headers) is None
    assert declared_charset([]) is None


@settings(deadline=None)
@given(st.binary(), st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0")))
def test_any_body_can_be_shown(body: bytes, charset: str):
    shown = result(body=body, headers=[("Content-Type", f"text/html; charset={charset}")])
    record = json.loads(lines(shown, shown="text"))
    if record["body_encoding"] == "base64":
        assert base64.b64decode(record["body"]) == body


# Tables


def test_a_table_has_this_heading_and_these_rows():
    failed = result(
        index=1, id="x", ok=False, status=None, reused=True, error=Failure(Code.TIMEOUT, Phase.HEAD, "slow, too slow")
    )
    assert rows(ALEX, failed) == (
        "index,id,input,url,final_url,method,ok,status,reason,http_version,body_size,wire_size,sha256,saved_to,"
        "attempts,remote_address,reused,total,error,phase,message,backend\n"
        "0,,alex,http://h/s?wd=alex,http://h/s?wd=alex,GET,true,200,OK,1.0,1024,1234,,,1,127.0.0.1:80,false,"
        "0.022000,,,,epoll\n"
        "1,x,alex,http://h/s?wd=alex,http://h/s?wd=alex,GET,false,,OK,1.0,1024,1234,,,1,127.0.0.1:80,true,"
        '0.022000,timeout,head,"slow, too slow",epoll\n'
    )


def test_a_table_of_nothing_is_its_heading():
    assert rows() == ",".join(COLUMNS) + "\n"


ODD = ['a"b', "a,b", "a\tb", "a\nb", "a\rb", "a\r\nb", " a ", "", "日本", "=1+1", "'", '"', "\u2028"]


@pytest.mark.parametrize("delimiter", [",", "\t"], ids=["csv", "tsv"])
@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_what_was_written_to_a_table_is_read_from_it(text: str, delimiter: str):
    data = rows(result(input=text, reason=text), ALEX, delimiter=delimiter)
    heading, row, last = csv.reader(io.StringIO(data, newline=""), delimiter=delimiter)
    assert tuple(heading) == COLUMNS
    assert (row[2], row[8], len(row)) == (text, text, len(COLUMNS))
    assert last[2] == "alex"


def test_a_table_with_tabs_leaves_commas_alone():
    assert "\ta,b\t" in rows(result(input="a,b"), delimiter="\t")


# Bare bodies


def test_bodies_follow_one_another_unchanged_and_failures_write_nothing():
    stream = io.BytesIO()
    sink = Bodies(stream)
    for body in (b"a\0\xff", b"", None, b"\nb"):
        sink.write(result(body=body))
    sink.flush()
    assert stream.getvalue() == b"a\0\xff\nb"


# Blocks


class Stream(io.BytesIO):
    """Notes each write; the given one fails."""

    def __init__(self, fails_at: int = 0) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.flushed = 0
        self._fails_at = fails_at

    def writelines(self, lines: Any) -> None:
        self.write(b"".join(lines))

    def write(self, data: Any) -> int:
        self.writes.append(bytes(data))
        if len(self.writes) == self._fails_at:
            raise BrokenPipeError
        return super().write(data)

    def flush(self) -> None:
        self.flushed += 1


def test_many_small_records_are_one_write():
    stream = Stream()
    sink = JsonLines(stream)
    for _ in range(50):
        sink.write(ALEX)
    assert stream.writes == []
    sink.flush()
    assert stream.writes == [ALEX_LINE.encode() * 50]
    assert stream.flushed == 1


def test_a_flush_of_nothing_writes_nothing():
    stream = Stream()
    sink = JsonLines(stream)
    sink.write(ALEX)
    sink.flush()
    sink.flush()
    assert len(stream.writes) == 1


def test_a_block_that_is_full_goes_out_at_once_in_whole_records_and_none_is_lost():
    stream = Stream()
    sink = JsonLines(stream)
    for _ in range(1_000):
        sink.write(ALEX)
    assert len(stream.writes) > 1
    assert all(block.endswith(b"}\n") for block in stream.writes)
    assert {64 <= len(block) // 1024 <= 65 for block in stream.writes} == {True}
    sink.flush()
    assert stream.getvalue() == ALEX_LINE.encode() * 1_000


def test_a_body_larger_than_a_block_is_written_in_one_piece():
    stream = Stream()
    sink = Bodies(stream)
    sink.write(result(body=b"x" * 1_000_000))
    assert stream.writes == [b"x" * 1_000_000]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "body"])
def test_a_stream_that_cannot_be_written_to_raises_and_gets_nothing_twice(kind: str):
    stream = Stream(fails_at=1)
    sinks: dict[str, Sink] = {"jsonl": JsonLines(stream), "csv": Delimited(stream, ","), "body": Bodies(stream)}
    sink = sinks[kind]
    sink.write(result(body=b"x"))
    with pytest.raises(BrokenPipeError):
        sink.flush()
    sink.flush()
    assert len(stream.writes) == 1


# Stores


def test_a_kept_body_is_what_was_written():
    for parts in ([], [b"a"], [b"a", b"", b"b\0"]):
        store = Keep()
        assert store is not None
        for part in parts:
            store.write(part)
        kept = result()
        store.finish(kept)
        assert kept.body == b"".join(parts)
        assert kept.sha256 is None


def test_a_digest_is_that_of_the_whole_body_and_no_byte_is_kept():
    store = Digest()
    assert store is not None
    for part in (b"a", b"bc"):
        store.write(part)
    digested = result()
    store.finish(digested)
    assert digested.body is None
    assert digested.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_no_two_attempts_share_a_store():
    uses: tuple[BodyUse, ...] = ("keep", "digest")
    for use in uses:
        opener, request = store_opener(Options(body=use)), Request(0, "", None)
        first, second = opener(request), opener(request)
        assert first is not second


def test_a_body_that_is_discarded_has_no_store():
    assert store_opener(Options(body="discard"))(Request(0, "", None)) is None
