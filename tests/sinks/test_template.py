"""--write-out: the fields of the record in a text of the user's own, and nothing else is taken for one."""

from __future__ import annotations

import io

import pytest

from fetchmux.errors import Code, FetchError, Phase, UsageError
from fetchmux.frontier import outcome
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Hop, Request, Result
from fetchmux.sinks import template
from tests.cli import shell


def result() -> Result:
    asked = Request(3, "h", UrlReader().read("http://h/é"))
    made = outcome.of_request(asked, FetchError(Code.TIMEOUT, "too late", Phase.BODY), "none")
    made.headers = [("Set-Cookie", "a"), ("set-cookie", "b")]
    made.redirects = [Hop("http://g/", 301)]
    made.timings.total = 0.25
    return made


def written(text: str, made: Result) -> bytes:
    stream = io.BytesIO()
    sink = template.WriteOut(stream, text)
    sink.write(made)
    sink.flush()
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"{index}\t{url}\n", b"3\thttp://h/%C3%A9\n"),
        ("{{{ok}}} {reused}", b"{false} false"),
        ("{status}|{error.code}|{error.phase}|{error.message}", b"|timeout|body|too late"),
        ("{timings.total}", b"0.250000"),
        ("{headers.set-cookie}{headers.none}", b"a, b"),
        ("{redirects}", b'[{"url":"http://g/","status":301}]'),
        (r"\\n \x 100 % é", "\\n \\x 100 % é".encode()),
    ],
)
def test_fields_stand_where_they_are_named(text: str, expected: bytes):
    assert written(text, result()) == expected


def test_what_is_missing_is_written_as_nothing():
    made = result()
    made.error = None
    assert written("<{error.code}{error}{id}{body}{sha256}>", made) == b"<>"


def test_every_field_of_the_record_has_a_place():
    for field in template.fields():
        written(f"{{{field}}}", result())


@pytest.mark.parametrize("text", ["{nope}", "{timings.nope}", "{status.x}", "{}", "{", "a}", "{sent}", "{url!r}"])
def test_a_wrong_field_is_told_before_anything_is_fetched(text: str):
    with pytest.raises(UsageError):
        template.read(text)
    told = shell.run("get", "http://127.0.0.1:1/", "--write-out", text)
    assert (told.returncode, told.stdout) == (2, b"")


def test_the_command_writes_it_for_each_input():
    told = shell.run("get", "no URL", "neither this", "-w", r"{index} {error.code}\n")
    assert told.stdout == b"0 bad-url\n1 bad-url\n"


def test_a_template_is_a_format_of_its_own():
    told = shell.run("get", "http://127.0.0.1:1/", "-w", "{url}", "--format", "csv")
    assert told.returncode == 2
