"""What the collector takes and what it refuses: a table, fed whole, byte by byte, and with bytes after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from fetchmux.settings import MAX_HEAD
from tests.http.wire import Fault, Outcome, Reply, Waiting, by_byte, collect

OK10 = b"HTTP/1.0 200 OK\r\n"
OK11 = b"HTTP/1.1 200 OK\r\n"
KEEP = b"Connection: keep-alive\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
NEXT = b"HTTP/1.1 500 Next\r\nContent-Length: 4\r\n\r\nnext"


@dataclass(frozen=True)
class Case:
    """Bytes of a server, and what they mean."""

    name: str
    data: bytes
    expected: Outcome
    method: str = "GET"
    max_body: int | None = None
    max_head: int = MAX_HEAD


def good(name: str, data: bytes, body: bytes = b"", *, keep: bool = False, **other: object) -> Case:
    """A case that is a whole response, "200 OK" of HTTP/1.0 unless told otherwise; `keep`: its connection lives on."""
    how = {key: other.pop(key) for key in ("method", "max_body", "max_head") if key in other}
    expected = Reply(200, "OK", "1.0", (), body, keep)
    fields = other.pop("fields", None) or _fields(data)
    return Case(name, data, replace(expected, fields=fields, **other), **how)  # type: ignore[arg-type]


def _fields(data: bytes) -> tuple[tuple[str, str], ...]:
    """The fields of a well-behaved head, read in the plainest way."""
    head = data.decode("latin-1").replace("\r\n", "\n").partition("\n\n")[0]
    pairs = (line.partition(":") for line in head.split("\n")[1:])
    return tuple((name, value.strip(" \t")) for name, _, value in pairs)


def bad(name: str, data: bytes, code: str, phase: str, *, at_end: bool = False, **how: int | str) -> Case:
    return Case(name, data, Fault(code, phase, at_end), **how)  # type: ignore[arg-type]


def bad_head(name: str, data: bytes, method: str = "GET") -> Case:
    return bad(name, data, "malformed-head", "head", method=method)


def bad_chunks(name: str, data: bytes) -> Case:
    return bad(name, OK11 + CHUNKED + b"\r\n" + data, "malformed-body", "body")


def good_chunks(name: str, data: bytes, body: bytes) -> Case:
    return good(name, OK11 + CHUNKED + b"\r\n" + data, body, version="1.1", keep=True)


def bad_length(name: str, value: bytes) -> Case:
    return bad_head(f"a length of {name}", OK10 + b"Content-Length: " + value + b"\r\n\r\nhello")


def good_length(name: str, fields: bytes) -> Case:
    return good(f"a length: {name}", OK10 + fields + b"\r\nhello", b"hello")


STATUS_LINES = [
    good("an ordinary reply", OK10 + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    good("HTTP/1.1", OK11 + b"Content-Length: 5\r\n\r\nhello", b"hello", version="1.1", keep=True),
    good("a minor version yet to come", b"HTTP/1.7 200 OK\r\nContent-Length: 0\r\n\r\n", version="1.7", keep=True),
    good("no fields", OK10 + b"\r\nhello", b"hello", open_ended=True),
    good("an empty reason", b"HTTP/1.0 404 \r\nContent-Length: 0\r\n\r\n", status=404, reason=""),
    good("no reason and no blank", b"HTTP/1.0 404\r\nContent-Length: 0\r\n\r\n", status=404, reason=""),
    good("a reason of words", b"HTTP/1.0 404 Not  Found\r\nContent-Length: 0\r\n\r\n", status=404, reason="Not  Found"),
    good("a reason in Latin-1", b"HTTP/1.0 200 Gr\xfc\xdfe\r\nContent-Length: 0\r\n\r\n", reason="Gr\xfc\xdfe"),
    good("a reason in UTF-8", b"HTTP/1.0 200 \xe5\xa5\xbd\r\nContent-Length: 0\r\n\r\n", reason="\xe5\xa5\xbd"),
    good("blanks around the status", b"HTTP/1.0 \t 200 \t OK \t\r\nContent-Length: 0\r\n\r\n"),
    good("a status without a meaning", b"HTTP/1.0 999 Odd\r\nContent-Length: 0\r\n\r\n", status=999, reason="Odd"),
    bad_head("HTTP/0.9", b"<html>hello</html>"),
    bad_head("HTTP/0.9 that begins with an H", b"Hello"),
    bad_head("a lower-case http", b"http/1.0 200 OK\r\n\r\n"),
    bad_head("HTTP/2", b"HTTP/2.0 200 OK\r\n\r\n"),
    bad_head("HTTP/2 without a minor version", b"HTTP/2 200\r\n\r\n"),
    bad_head("a minor version of two digits", b"HTTP/1.10 200 OK\r\n\r\n"),
    bad_head("no minor version", b"HTTP/1 200 OK\r\n\r\n"),
    bad_head("a status of two digits", b"HTTP/1.0 20 OK\r\n\r\n"),
    bad_head("a status of four digits", b"HTTP/1.0 2000 OK\r\n\r\n"),
    bad_head("a status below 100", b"HTTP/1.0 099 OK\r\n\r\n"),
    bad_head("a status of letters", b"HTTP/1.0 OK 200\r\n\r\n"),
    bad_head("a status grown together with its reason", b"HTTP/1.0 200OK\r\n\r\n"),
    bad_head("digits that are not ASCII", "HTTP/1.0 \xb9\xb2\xb3 OK\r\n\r\n".encode("latin-1")),
    bad_head("no status at all", b"HTTP/1.0\r\n\r\n"),
    bad_head("a blank before the status line", b" HTTP/1.0 200 OK\r\n\r\n"),
    bad_head("an empty line before the status line", b"\r\nHTTP/1.0 200 OK\r\n\r\n"),
    bad_head("ICY", b"ICY 200 OK\r\n\r\n"),
    bad_head("a NUL in the status line", b"HTTP/1.0 200 O\0K\r\n\r\n"),
    bad_head("a stray CR in the status line", b"HTTP/1.0 200 O\rK\r\n\r\n"),
    bad_head("two CRs after the status line", b"HTTP/1.0 200 OK\r\r\nA: b\r\n\r\n"),
    bad_head("TLS in answer to plain text", b"\x15\x03\x01\0\x02\x02\x46"),
]

FIELDS = [
    good("fields in order and twice", OK10 + b"B: 1\r\nA: 2\r\nb: 3\r\nA: 2\r\nContent-Length: 0\r\n\r\n"),
    good("empty values", OK10 + b"A:\r\nB: \r\nC:\t \r\nContent-Length: 0\r\n\r\n"),
    good("blanks around a value", OK10 + b"A: \t b c \t \r\nContent-Length:5 \r\n\r\nhello", b"hello"),
    good("colons in a value", OK10 + b"Location: http://h:1/\r\nContent-Length: 0\r\n\r\n"),
    good("a value in Latin-1", OK10 + b"A: \xe4\xff\x80\xa0\r\nContent-Length: 0\r\n\r\n"),
    good("control characters in a value", OK10 + b"A: \x01\x0b\x0c\x1f\x7f\x85x\r\nContent-Length: 0\r\n\r\n"),
    good("odd names", OK10 + b'!#$%&\'*+-.^_`|~9: 1\r\n(x)="[y]"/\x7f: 2\r\nContent-Length: 0\r\n\r\n'),
    good("a name in Latin-1", OK10 + b"\xc4\x85\xa0: 2\r\nContent-Length: 0\r\n\r\n"),
    good("names in any case", OK10 + b"CONTENT-length: 5\r\n\r\nhello", b"hello"),
    good(
        "a blank before the colon",
        OK10 + b"A \t: b\r\nContent-Length : 5\r\n\r\nhello",
        b"hello",
        fields=(("A", "b"), ("Content-Length", "5")),
    ),
    good(
        "a blank inside a name",
        OK10 + b"A b: c\r\nContent-Length: 0\r\n\r\n",
        fields=(("A b", "c"), ("Content-Length", "0")),
    ),
    good(
        "a folded value",
        OK10 + b"A: b  \r\n \t c\r\n\td\r\nContent-Length: 0\r\n\r\n",
        fields=(("A", "b c d"), ("Content-Length", "0")),
    ),
    good(
        "a fold of nothing but blanks",
        OK10 + b"A: b\r\n \r\n  \r\n c\r\nContent-Length: 0\r\n\r\n",
        fields=(("A", "b c"), ("Content-Length", "0")),
    ),
    good(
        "a fold right after the colon and one at the end",
        OK10 + b"A:\r\n b\r\nContent-Length: 5\r\n \r\n\r\nhello",
        b"hello",
        fields=(("A", "b"), ("Content-Length", "5")),
    ),
    good("a folded length", OK10 + b"Content-Length:\r\n 5\r\n\r\nhello", b"hello", fields=(("Content-Length", "5"),)),
    good("bare LFs in the head", b"HTTP/1.0 200 OK\nA: b\nContent-Length: 5\n\nhello", b"hello"),
    good("bare LFs with a fold", b"HTTP/1.0 200 OK\nA: b\n c\n\n", fields=(("A", "b c"),), open_ended=True),
    good("a bare LF in the last line only", OK10 + b"Content-Length: 5\r\n\nhello", b"hello"),
    good("CRLF in the last line only", b"HTTP/1.0 200 OK\nContent-Length: 5\n\r\nhello", b"hello"),
    good(
        "a bare-LF head before a body with CRLF CRLF",
        b"HTTP/1.0 200 OK\nContent-Length: 12\n\nA: b\r\n\r\nC: d",
        b"A: b\r\n\r\nC: d",
    ),
    bad_head("a NUL in a value", OK10 + b"A: b\0\r\n\r\n"),
    bad_head("a NUL in a name", OK10 + b"A\0: b\r\n\r\n"),
    bad_head("a NUL in a folded head", OK10 + b"A: b\r\n c\r\nB: \0\r\n\r\n"),
    bad_head("a stray CR in a value", OK10 + b"A: b\rc\r\n\r\n"),
    bad_head("a stray CR in a name", OK10 + b"A\rB: c\r\n\r\n"),
    bad_head("two CRs at a line's end", OK10 + b"A: b\r\r\nB: c\r\n\r\n"),
    bad_head("a stray CR before a fold", OK10 + b"A: b\r\r\n c\r\n\r\n"),
    bad_head("a CR as a line end", OK10 + b"A: b\rContent-Length: 5\r\n\r\nhello"),
    bad_head("a line without a colon", OK10 + b"A: b\r\nnonsense\r\n\r\n"),
    bad_head("a fold that hides a line without a colon", OK10 + b"nonsense\r\n more\r\n\r\n"),
    bad_head("a field without a name", OK10 + b": b\r\n\r\n"),
    bad_head("a name of blanks", OK10 + b"A: b\r\n\x0b : b\r\n\t: c\r\nX\r\n\r\n"),
    bad_head("a fold before the first field", OK10 + b" A: b\r\n\r\n"),
    bad_head("a fold before the first field, with a tab", OK10 + b"\tA: b\r\nB: c\r\n\r\n"),
]

LENGTHS = [
    good_length("plain", b"Content-Length: 5\r\n"),
    good_length("leading noughts", b"Content-Length: 0000005\r\n"),
    good_length("the same twice in one field", b"Content-Length: 5, 5\r\n"),
    good_length("the same twice in two fields", b"Content-Length: 5\r\ncontent-length: 5\r\n"),
    good_length("equal numbers spelled in two ways", b"Content-Length: 05, 5\r\nContent-Length: 005\r\n"),
    good("a length of nought", OK10 + KEEP + b"Content-Length: 0\r\n\r\n", keep=True),
    bad_head("two lengths", OK10 + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    bad_head("two lengths in one field", OK10 + b"Content-Length: 5, 6\r\n\r\nhello!"),
    bad_head("two lengths of which one is nought", OK10 + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello"),
    bad_head("a good length and a bad one", OK10 + b"Content-Length: 5\r\nContent-Length: x\r\n\r\nhello"),
    bad_length("+5", b"+5"),
    bad_length("-1", b"-1"),
    bad_length("0x5", b"0x5"),
    bad_length("1_0", b"1_0"),
    bad_length("5.0", b"5.0"),
    bad_length("5 5", b"5 5"),
    bad_length("5;", b"5;"),
    bad_length("nothing", b""),
    bad_length("5 and nothing", b"5,"),
    bad_length("a quoted number", b'"5"'),
    bad_length("a superscript", b"\xb2"),
    bad_length("no-break space", b"5\xa0"),
    bad_length("19 digits", b"1" * 19),
    bad_length("5,000 digits", b"9" * 5_000),
    bad_head("a bad length in answer to HEAD", OK10 + b"Content-Length: x\r\n\r\n", method="HEAD"),
    bad_head("a bad length with 304", b"HTTP/1.0 304 Same\r\nContent-Length: -1\r\n\r\n"),
    bad("a body cut short", OK10 + b"Content-Length: 6\r\n\r\nhello", "truncated-body", "body", at_end=True),
    bad("a body that never began", OK10 + b"Content-Length: 6\r\n\r\n", "truncated-body", "body", at_end=True),
    bad(
        "a body of 18 digits cut short",
        OK10 + b"Content-Length: 999999999999999999\r\n\r\nhello",
        "truncated-body",
        "body",
        at_end=True,
    ),
]

NO_BODIES = [
    good("HEAD with a length", OK10 + KEEP + b"Content-Length: 5\r\n\r\n", keep=True, method="HEAD"),
    good("HEAD with chunks announced", OK11 + CHUNKED + b"\r\n", version="1.1", keep=True, method="HEAD"),
    good("HEAD without a length", OK11 + b"A: b\r\n\r\n", version="1.1", keep=True, method="HEAD"),
    good("HEAD with a length above the limit", OK10 + b"Content-Length: 99\r\n\r\n", method="HEAD", max_body=9),
    good("a lower-case head is another method", OK10 + b"Content-Length: 5\r\n\r\nhello", b"hello", method="head"),
    good("204", b"HTTP/1.1 204 None\r\nA: b\r\n\r\n", status=204, reason="None", version="1.1", keep=True),
    good(
        "204 with a length",
        b"HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n",
        status=204,
        reason="None",
        version="1.1",
        keep=True,
    ),
    good(
        "304 with a length",
        b"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n",
        status=304,
        reason="Same",
        version="1.1",
        keep=True,
    ),
    good(
        "304 with chunks announced",
        b"HTTP/1.1 304 Same\r\n" + CHUNKED + b"\r\n",
        status=304,
        reason="Same",
        version="1.1",
        keep=True,
    ),
    good("205 has a body", b"HTTP/1.0 205 R\r\nContent-Length: 2\r\n\r\nab", b"ab", status=205, reason="R"),
]

INTERIM = [
    good(
        "100 is skipped",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK10 + b"Content-Length: 5\r\n\r\nhello",
        b"hello",
        fields=(("Content-Length", "5"),),
    ),
    good(
        "several interim heads with fields are skipped",
        b"HTTP/1.1 100 C\n\nHTTP/1.1 103 Early\r\nLink: x\r\nContent-Length: 9\r\n\r\nHTTP/1.0 199 X\r\n\r\n"
        + OK10
        + b"A: b\r\n\r\nhi",
        b"hi",
        fields=(("A", "b"),),
        open_ended=True,
    ),
    good("101 is skipped", b"HTTP/1.1 101 S\r\n\r\n" + OK10 + b"\r\nx", b"x", open_ended=True),
    bad("an interim head and the end", b"HTTP/1.1 100 C\r\n\r\n", "connection-lost", "head", at_end=True),
    bad_head("an interim head and nonsense", b"HTTP/1.1 100 C\r\n\r\nnonsense"),
    bad_head("a malformed interim head", b"HTTP/1.1 100 C\r\nA\r\n\r\n" + OK10 + b"\r\n"),
    bad("interim heads without end", b"HTTP/1.1 100 C\r\n\r\n" * 20_000, "head-too-large", "head"),
]

LIMITS = [
    good("a head of exactly the limit", OK10 + b"A: b\r\n\r\nx", b"x", open_ended=True, max_head=len(OK10) + 8),
    bad("a head of one byte more", OK10 + b"A: b\r\n\r\nx", "head-too-large", "head", max_head=len(OK10) + 7),
    bad("a head without end, beyond the limit", OK10 + b"A: " + b"b" * 99, "head-too-large", "head", max_head=90),
    bad("a head of more than 300 KiB", OK10 + b"A: " + b"b" * 300 * 1024, "head-too-large", "head"),
    bad("interim heads count", b"HTTP/1.1 100 C\r\n\r\n" + OK10 + b"\r\n", "head-too-large", "head", max_head=30),
    good("5,000 fields", OK10 + b"a: 1\n" * 5_000 + b"\nx", b"x", open_ended=True),
    bad("5,001 fields", OK10 + b"a: 1\n" * 5_001 + b"\nx", "head-too-large", "head"),
    bad("5,001 fields of which one is odd", OK10 + b"a : 1\n" + b"a: 1\n" * 5_000 + b"\nx", "head-too-large", "head"),
    good("a length at the limit", OK10 + b"Content-Length: 5\r\n\r\nhello", b"hello", max_body=5),
    bad("a length above the limit", OK10 + b"Content-Length: 6\r\n\r\n", "body-too-large", "body", max_body=5),
    good("a stream at the limit", OK10 + b"\r\nhello", b"hello", max_body=5, open_ended=True),
    bad("a stream above the limit", OK10 + b"\r\nhello!", "body-too-large", "body", max_body=5),
    good("a limit of nought and no body", OK10 + b"Content-Length: 0\r\n\r\n", max_body=0),
    bad("a limit of nought and a byte", OK10 + b"\r\nx", "body-too-large", "body", max_body=0),
    replace(good_chunks("chunks at the limit", b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"), max_body=5),
    bad(
        "chunks above the limit",
        OK11 + CHUNKED + b"\r\n3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n",
        "body-too-large",
        "body",
        max_body=5,
    ),
]

CHUNKS = [
    good_chunks("no chunks", b"0\r\n\r\n", b""),
    good_chunks("one chunk", b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    good_chunks("several", b"1\r\nh\r\n3\r\nell\r\n1\r\no\r\n0\r\n\r\n", b"hello"),
    good_chunks(
        "sizes in either case and with noughts",
        b"00A\r\n0123456789\r\n0b\r\n0123456789a\r\n000\r\n\r\n",
        b"01234567890123456789a",
    ),
    good_chunks("a size of 15 digits", b"000000000000005\r\nhello\r\n0\r\n\r\n", b"hello"),
    good_chunks("bare LFs", b"5\nhello\n0\n\n", b"hello"),
    good_chunks("line ends as data", b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
    good_chunks("data that looks like the last chunk", b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    good_chunks("extensions", b'5;a=b;c="d e" \r\nhello\r\n0;last\r\n\r\n', b"hello"),
    good_chunks("blanks after a size", b"5 \t\r\nhello\r\n0  ;x\r\n\r\n", b"hello"),
    good_chunks("trailers", b"5\r\nhello\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n", b"hello"),
    good_chunks("an odd trailer", b"5\r\nhello\r\n0\r\nnonsense\n\r\n", b"hello"),
    replace(
        good_chunks("chunks with HTTP/1.0", b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        data=OK10 + KEEP + CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n",
        expected=Reply(
            200, "OK", "1.0", (("Connection", "keep-alive"), ("Transfer-Encoding", "chunked")), b"hello", False
        ),
    ),
    good(
        "chunks beat a length",
        OK11 + b"Content-Length: 3\r\n" + CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n",
        b"hello",
        version="1.1",
        keep=True,
    ),
    good(
        "chunks beat a length of nought and a bad one",
        OK11 + CHUNKED + b"Content-Length: 0, x\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"hello",
        version="1.1",
        keep=True,
    ),
    good(
        "chunked in capitals with blanks and empty items",
        OK11 + b"Transfer-Encoding: , \tCHUNKED ,\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"hello",
        version="1.1",
        keep=True,
    ),
    good(
        "identity and chunked",
        OK11 + b"Transfer-Encoding: identity\r\n" + CHUNKED + b"\r\n1\r\nx\r\n0\r\n\r\n",
        b"x",
        version="1.1",
        keep=True,
    ),
    good(
        "identity alone",
        OK11 + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
        b"hello",
        version="1.1",
        keep=True,
    ),
    bad_chunks("a size of letters", b"zz\r\nhello\r\n0\r\n\r\n"),
    bad_chunks("an empty size", b"\r\nhello\r\n0\r\n\r\n"),
    bad_chunks("an extension without a size", b";a\r\nhello\r\n0\r\n\r\n"),
    bad_chunks("a size of -1", b"-1\r\nhello\r\n0\r\n\r\n"),
    bad_chunks("a size of +5", b"+5\r\nhello\r\n0\r\n\r\n"),
    bad_chunks("a size of 1_0", b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n"),
    bad_chunks("a size of 0x1", b"0x1\r\nh\r\n0\r\n\r\n"),
    bad_chunks("a blank before a size", b" 5\r\nhello\r\n0\r\n\r\n"),
    bad_chunks("two sizes", b"5 5\r\nhello\r\n0\r\n\r\n"),
    bad_chunks("a size of 16 digits", b"f" * 16 + b"\r\nhello"),
    bad_chunks("a size of 5,000 digits", b"1" * 5_000 + b"\r\nhello"),
    bad_chunks("a stray CR in an extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    bad_chunks("a size line without end", b"5;" + b"a" * 17_000),
    bad_chunks("data longer than its size", b"5\r\nhello!\r\n0\r\n\r\n"),
    bad_chunks("data longer than its size by a letter and a bare LF", b"5\r\nhello!\n0\r\n\r\n"),
    bad_chunks("data longer than its size by a CR", b"5\r\nhello\r\r\n0\r\n\r\n"),
    bad_chunks("no line end after data", b"5\r\nhello0\r\n\r\n"),
    bad_chunks("a trailer line without end", b"0\r\n" + b"a" * 17_000),
    bad_chunks("trailers without end", b"0\r\n" + b"A: b\r\n" * 12_000),
    bad_head("gzip as a transfer coding", OK11 + b"Transfer-Encoding: gzip\r\n\r\nx"),
    bad_head("gzip before chunked", OK11 + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    bad_head("chunked before gzip", OK11 + CHUNKED + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"),
    bad_head("chunked with a parameter", OK11 + b"Transfer-Encoding: chunked;a\r\n\r\n0\r\n\r\n"),
    bad_head("a coding with a control character", OK11 + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    *(
        bad(f"chunks that end {where}", OK11 + CHUNKED + b"\r\n" + data, "truncated-body", "body", at_end=True)
        for where, data in [
            ("before the first", b""),
            ("in a size", b"5"),
            ("in data", b"5\r\nhel"),
            ("after data", b"5\r\nhello"),
            ("between two", b"5\r\nhello\r\n"),
            ("in the last size", b"5\r\nhello\r\n0"),
            ("without the final CRLF", b"5\r\nhello\r\n0\r\n"),
            ("in the middle of the final CRLF", b"5\r\nhello\r\n0\r\n\r"),
            ("in a trailer", b"5\r\nhello\r\n0\r\nA: b\r\n"),
        ]
    ),
]

STREAMS = [
    good("a body to the end of the stream", OK10 + b"A: b\r\n\r\nhello", b"hello", open_ended=True),
    good("an empty body to the end of the stream", OK10 + b"A: b\r\n\r\n", b"", open_ended=True),
    good(
        "HTTP/1.1 to the end of the stream",
        OK11 + KEEP + b"\r\nhello",
        b"hello",
        version="1.1",
        open_ended=True,
    ),
    good(
        "identity to the end of the stream",
        OK11 + b"Transfer-Encoding: identity\r\n\r\nhello",
        b"hello",
        version="1.1",
        open_ended=True,
    ),
    bad("no byte at all", b"", "empty-reply", "head", at_end=True),
    bad("an H and the end", b"H", "connection-lost", "head", at_end=True),
    bad("a head without its last line end", OK10 + b"A: b\r\n\r", "connection-lost", "head", at_end=True),
]

PERSISTENCE = [
    good(
        f"{'a' if lives else 'no'} connection lives on after {version} and {connection}",
        f"HTTP/{version} 200 OK\r\n{connection}{'' if not connection else chr(13) + chr(10)}"
        "Content-Length: 1\r\n\r\nx".encode(),
        b"x",
        version=version,
        keep=lives,
    )
    for version, connection, lives in [
        ("1.0", "", False),
        ("1.0", "Connection: keep-alive", True),
        ("1.0", "CONNECTION:Keep-Alive", True),
        ("1.0", "Connection: x, keep-alive \t", True),
        ("1.0", "Connection: x\r\nConnection: keep-alive", True),
        ("1.0", "Connection: close, keep-alive", False),
        ("1.0", "Connection: keep-alive\r\nConnection: close", False),
        ("1.0", "Connection: keep", False),
        ("1.0", "Connection: keep-alives", False),
        ("1.0", "Proxy-Connection: keep-alive", False),
        ("1.0", "Connections: keep-alive", False),
        ("1.0", "Keep-Alive: timeout=5", False),
        ("1.1", "", True),
        ("1.1", "Connection: close", False),
        ("1.1", "connection:CLOSE", False),
        ("1.1", "Connection: a,close,b", False),
        ("1.1", "Connection: keep-alive", True),
        ("1.1", "Connection: closed", True),
    ]
]

CASES = [*STATUS_LINES, *FIELDS, *LENGTHS, *NO_BODIES, *INTERIM, *LIMITS, *CHUNKS, *STREAMS, *PERSISTENCE]

every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def outcome_of(case: Case, parts: object, **how: object) -> Outcome:
    limits = {"method": case.method, "max_body": case.max_body, "max_head": case.max_head}
    return collect(parts, **{**limits, **how})  # type: ignore[arg-type]


def test_the_names_of_the_cases_are_different():
    assert len({case.name for case in CASES}) == len(CASES)


@every_case
def test_a_reply_that_comes_whole(case: Case):
    assert outcome_of(case, [case.data]) == case.expected


@every_case
def test_a_reply_that_comes_byte_by_byte(case: Case):
    data = case.data
    if len(data) > 20_000:
        # The bytes around the place where a limit lies, and large parts before it.
        parts = [data[start : start + 9_973] for start in range(0, len(data), 9_973)]
        assert outcome_of(case, parts) == case.expected
    else:
        assert outcome_of(case, by_byte(data)) == case.expected


@every_case
def test_bytes_after_a_reply_change_nothing_but_that_its_connection_ends(case: Case):
    expected = case.expected
    for trailing in (b"x", b"\r\n", NEXT):
        if isinstance(expected, Fault):
            if not expected.at_end:
                assert outcome_of(case, [case.data + trailing], end=False) == expected
        elif isinstance(expected, Reply) and not expected.open_ended:
            assert outcome_of(case, [case.data + trailing]) == replace(expected, persistent=False)
            # A part that comes later stays where it is: nobody reads on after a whole reply.
            assert outcome_of(case, [*by_byte(case.data), trailing]) == expected


@every_case
def test_nothing_is_decided_before_its_time(case: Case):
    """What the end of the stream decides is open until then; a whole reply is open up to its last byte."""
    expected, data = case.expected, case.data
    if isinstance(expected, Reply) and not expected.open_ended:
        assert isinstance(outcome_of(case, [data[:-1]], end=False), Waiting)
    elif isinstance(expected, Reply) or expected.at_end:  # type: ignore[union-attr]
        assert isinstance(outcome_of(case, [data], end=False), Waiting)


WELL_FORMED = [
    case for case in CASES if isinstance(case.expected, Reply) and not case.expected.open_ended and len(case.data) < 500
]


@pytest.mark.parametrize("case", WELL_FORMED, ids=[case.name for case in WELL_FORMED])
def test_an_end_before_the_promised_end_is_never_a_success(case: Case):
    heads_end = case.data.index(b"HTTP/1", 1) if case.data.count(b"HTTP/1.") > 1 else 0
    for place in range(len(case.data)):
        outcome = outcome_of(case, [case.data[:place]])
        assert isinstance(outcome, Fault), place
        assert outcome.at_end
        assert outcome.code in ("empty-reply", "connection-lost", "truncated-body")
        assert (outcome.code == "empty-reply") == (place == 0)
        assert (outcome.phase == "body") == (outcome.code == "truncated-body")
        if place < heads_end:
            assert outcome.code != "truncated-body"


def test_an_end_in_the_body_is_told_from_an_end_in_the_head():
    data = OK10 + b"Content-Length: 5\r\n\r\nhello"
    codes = [collect([data[:place]]).code for place in range(1, len(data))]  # type: ignore[union-attr]
    body_starts = len(data) - 5
    assert codes == ["connection-lost"] * (body_starts - 1) + ["truncated-body"] * 5


def test_a_stream_may_end_anywhere_in_its_body():
    head = OK10 + b"A: b\r\n\r\n"
    for place in range(6):
        outcome = collect([head + b"hello"[:place]])
        assert isinstance(outcome, Reply)
        assert outcome.body == b"hello"[:place]
