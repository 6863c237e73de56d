"""--har: whatever becomes of an input, the file is one that browsers open, and tells them what has become of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fetchmux.origin.launch import Origin
from fetchmux.sinks.cookies import set_cookies
from fetchmux.testing import ANSWERS, FAULTS
from tests.cli import shell
from tests.real.servers import Answering, Visit
from tests.sinks.har_schema import entries

BINARY = bytes.fromhex("89504e470d0a1a0a00ff")


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
    assert origin.complaints == ""


def only(path: Path, *arguments: str, **more: Any) -> dict[str, Any]:
    """The entry of a run for one input."""
    shell.run("get", *arguments, "--har", str(path), **more)
    (entry,) = entries(path)
    return entry


def test_every_end_of_an_input_is_valid(tmp_path: Path):
    odd = ["no URL", "http://", "http://[::1/", "ftp://h/#x", "http://me:geheim@[::1]:1/ü?ü=ü#ü", "http://h.invalid/"]
    with Origin("bad") as origin:
        inputs = [*odd, *(origin.url(f"/{name}") for name in (*FAULTS, *ANSWERS))]
        lines = "\n".join(json.dumps({"url": name}) for name in inputs)
        limits = ("--timeout", "0.5s", "--retries", "0", "--max-body", "6M", "--compressed")
        shell.run("get", "-", "--har", str(tmp_path / "run.har"), *limits, stdin=lines.encode())
    found = entries(tmp_path / "run.har")
    assert len(found) == len(inputs)
    codes = {entry["_error"]["code"] for entry in found if "_error" in entry}
    assert codes >= {"bad-url", "timeout", "empty-reply", "malformed-head", "truncated-body", "body-too-large"}


def test_what_is_no_url_is_told_by_one(tmp_path: Path):
    entry = only(tmp_path / "run.har", "no ü#")
    assert (entry["request"]["url"], entry["comment"]) == ("about:invalid?no%20%C3%BC%23", "no ü#")


def test_what_is_no_text_is_base64(origin: Origin, tmp_path: Path):
    (tmp_path / "body").write_bytes(BINARY)
    arguments = (origin.url("/echo"), "-H", "Content-Type: image/png", "--body", "hash")
    entry = only(tmp_path / "run.har", *arguments, "--data-binary", f"@{tmp_path / 'body'}")
    content = entry["response"]["content"]
    assert (content["encoding"], content["mimeType"], content["size"]) == ("base64", "image/png", len(BINARY))
    assert base64.b64decode(content["text"], validate=True) == BINARY


def test_what_is_text_in_a_declared_charset_is_text(origin: Origin, tmp_path: Path):
    (tmp_path / "body").write_bytes("grün".encode("latin-1"))
    arguments = (origin.url("/echo"), "-H", "Content-Type: text/plain; charset=latin1")
    entry = only(tmp_path / "run.har", *arguments, "--data-binary", f"@{tmp_path / 'body'}")
    assert entry["response"]["content"]["text"] == "grün"
    assert "encoding" not in entry["response"]["content"]


def test_where_an_answer_came_from_is_address_and_port(tmp_path: Path):
    with Answering(greet, host="::1") as server:
        entry = only(tmp_path / "run.har", f"http://[::1]:{server.port}/")
    assert (entry["serverIPAddress"], entry["connection"]) == ("::1", str(server.port))


def greet(visit: Visit) -> None:
    while visit.read():
        visit.say("200 OK", "hello", "Set-Cookie: a=b=c; Path=/x; HttpOnly", "Set-Cookie: d=", keep=True)


def test_times_that_do_not_apply_are_told_so(tmp_path: Path):
    """A second request on the same connection looks nothing up and connects to nothing."""
    with Answering(greet) as server:
        url = f"http://127.0.0.1:{server.port}/"
        shell.run("get", url, url, "-c", "1", "--har", str(tmp_path / "run.har"))
    first, second = (entry["timings"] for entry in entries(tmp_path / "run.har"))
    assert first["connect"] > 0
    assert first["ssl"] == second["ssl"] == second["connect"] == second["dns"] == -1


def test_cookies_of_both_sides_are_told(tmp_path: Path):
    with Answering(greet) as server:
        entry = only(tmp_path / "run.har", f"http://127.0.0.1:{server.port}/", "-H", "Cookie: e=f; g=h=i;")
    assert entry["request"]["cookies"] == [{"name": "e", "value": "f"}, {"name": "g", "value": "h=i"}]
    assert entry["response"]["cookies"] == [
        {"name": "a", "value": "b=c", "httpOnly": True, "secure": False, "path": "/x"},
        {"name": "d", "value": "", "httpOnly": False, "secure": False},
    ]


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("a=b; Expires=Wed, 21 Oct 2037 07:28:00 GMT", {"expires": "2037-10-21T07:28:00+00:00"}),
        ("a=b;expires=Wed, 21-Oct-37 07:28:00 GMT", {"expires": "2037-10-21T07:28:00+00:00"}),
        ("a=b; Expires=0; Expires=-1; Expires=Fri, 99 Foo 20201 GMT", {}),
        (" a = b ; SECURE; domain=.example.org; path", {"secure": True, "domain": ".example.org"}),
    ],
)
def test_what_limits_a_cookie_is_told_as_far_as_it_makes_sense(field: str, told: dict[str, Any]):
    (cookie,) = set_cookies([("Set-Cookie", field)])
    assert cookie == {"name": "a", "value": "b", "httpOnly": False, "secure": False} | told


def test_a_form_is_told_as_it_was_sent(origin: Origin, tmp_path: Path):
    entry = only(tmp_path / "run.har", origin.url("/echo"), "-d", "a=1&b=ü")
    data = entry["request"]["postData"]
    assert (data["mimeType"], data["text"]) == ("application/x-www-form-urlencoded", "a=1&b=ü")
    assert entry["request"]["bodySize"] == len("a=1&b=ü".encode())
