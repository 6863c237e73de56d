"""Lines of the user's own making: any field of the record, plainly."""

from __future__ import annotations

import io

import msgspec
import pytest

from fetchmux.errors import Code, Phase, UsageError
from fetchmux.model import Failure, Hop, Result, Timings
from fetchmux.sinks.written import Pattern, Written


def result(**changes: object) -> Result:
    values = {
        "index": 7, "id": None, "input": "h", "url": "http://h/", "final_url": "http://h/", "method": "GET", "ok": True,
        "status": 200, "reason": "OK", "http_version": "1.0", "headers": [("Content-Type", "text/html"), ("X", "a")],
        "body_size": 3, "wire_size": 99, "body": None, "body_encoding": None, "sha256": None, "saved_to": None,
        "redirects": [], "attempts": 1, "remote_address": "127.0.0.1:80", "reused": False,
        "timings": Timings(total=0.25), "error": None, "backend": "epoll",
    }  # fmt: skip
    return msgspec.convert({**values, **changes}, Result, from_attributes=True)


LINES = {
    "fields by name": ("{index} {status}", {}, "7 200"),
    "nothing for null": ("[{id}][{error.code}]", {}, "[][]"),
    "fields inside others": ("{error.phase}", {"error": Failure(Code.TIMEOUT, Phase.HEAD, "slow")}, "head"),
    "seconds to the millionth": ("{timings.total}", {}, "0.250000"),
    "truth as JSON has it": ("{ok} {reused}", {}, "true false"),
    "lists as JSON": ("{redirects}", {"redirects": [Hop("http://h/a", 301)]}, '[{"url":"http://h/a","status":301}]'),
    "a header by its name in any case": ("{headers.content-type}", {}, "text/html"),
    "a header that comes twice": ("{headers.X}", {"headers": [("X", "a"), ("x", "b")]}, "a, b"),
    "a header that is not there": ("{headers.Age}|", {}, "|"),
    "escapes": (r"a\tb\n\\n\0\q", {}, "a\tb\n\\n\0\\q"),
    "braces": ("{{{status}}}", {}, "{200}"),
    "braces in a value stay": ("{input}", {"input": "{status}"}, "{status}"),
    "no field at all": ("x\n", {}, "x\n"),
}


@pytest.mark.parametrize(("text", "changes", "line"), LINES.values(), ids=LINES)
def test_a_pattern_writes(text: str, changes: dict[str, object], line: str):
    assert Pattern(text).fill(result(**changes)) == line


@pytest.mark.parametrize("field", Result.__struct_fields__)
def test_every_field_of_the_record_can_be_written(field: str):
    assert isinstance(Pattern(f"{{{field}}}").fill(result()), str)


@pytest.mark.parametrize("text", ["{}", "{0}", "{state}", "{status.code}", "{status", "}", "{status:x}", "{status!r}"])
def test_what_names_no_field_is_refused(text: str):
    with pytest.raises(UsageError):
        Pattern(text)


@pytest.mark.parametrize(
    ("shown", "body", "line"),
    [("text", b"caf\xc3\xa9", "café utf-8"), ("text", b"\0\1", "AAE= base64"), ("base64", b"a", "YQ== base64")],
)
def test_a_body_is_written_as_records_show_it(shown: str, body: bytes, line: str):
    stream = io.BytesIO()
    sink = Written(stream, Pattern("{body} {body_encoding}"), shown)  # type: ignore[arg-type]
    sink.write(result(body=body))
    sink.flush()
    assert stream.getvalue().decode() == line
