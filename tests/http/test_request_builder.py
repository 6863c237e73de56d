"""The bytes of a request, to the last one."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.http import request as request_module
from fetchmux.http.request import RequestBuilder, check_fields
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Headers


def build(
    url: str, method: str = "GET", headers: Headers = (), body: bytes = b"", *, keep_alive: bool = False
) -> bytes:
    return RequestBuilder("fetchmux/0", keep_alive=keep_alive).build(UrlReader().read(url), method, headers, body)


def fields(data: bytes) -> dict[str, str]:
    """The fields of a request; a name that comes twice fails."""
    lines = data.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]
    found = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    assert len(found) == len(lines)
    return found


def test_a_get_is_these_bytes():
    assert build("http://example.com/a/b?c=d#e") == (
        b"GET /a/b?c=d HTTP/1.0\r\nHost: example.com\r\nUser-Agent: fetchmux/0\r\nAccept: */*\r\n"
        b"Connection: close\r\n\r\n"
    )


def test_keep_alive_is_asked_for():
    assert fields(build("http://h/", keep_alive=True))["Connection"] == "keep-alive"


def test_a_head_differs_in_its_method_only():
    assert build("http://h/x", "HEAD") == build("http://h/x").replace(b"GET", b"HEAD")


def test_a_post_is_these_bytes():
    assert build("http://h/", "POST", (), b"a=\xff\0") == (
        b"POST / HTTP/1.0\r\nHost: h\r\nUser-Agent: fetchmux/0\r\nAccept: */*\r\nConnection: close\r\n"
        b"Content-Length: 4\r\n\r\na=\xff\0"
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_method_that_means_a_body_says_when_it_has_none(method: str):
    assert fields(build("http://h/", method))["Content-Length"] == "0"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "get", "X-OWN!"])
def test_other_methods_speak_of_a_body_only_with_one(method: str):
    assert "Content-Length" not in fields(build("http://h/", method))
    assert fields(build("http://h/", method, (), b"12345"))["Content-Length"] == "5"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://h/", "h"),
        ("http://h:80/", "h"),
        ("http://h:8080/", "h:8080"),
        ("http://h:443/", "h:443"),
        ("https://h:443/", "h"),
        ("https://h:80/", "h:80"),
        ("http://[::1]/", "[::1]"),
        ("http://[0:0::1]:81/", "[::1]:81"),
        ("http://127.1:8080/", "127.0.0.1:8080"),
        ("http://bücher.example/", "xn--bcher-kva.example"),
        ("http://user:secret@H:81/", "h:81"),
    ],
)
def test_host_names_a_port_only_when_it_is_not_the_schemes(url: str, host: str):
    assert fields(build(url))["Host"] == host


@pytest.mark.parametrize("name", ["user-agent", "USER-AGENT", "User-Agent"])
def test_a_users_field_replaces_ours_in_any_case(name: str):
    found = fields(build("http://h/", headers=((name, "me"),)))
    assert {key.lower(): value for key, value in found.items()} == {
        "host": "h",
        "user-agent": "me",
        "accept": "*/*",
        "connection": "close",
    }


@pytest.mark.parametrize("name", ["Host", "User-Agent", "Accept", "Connection", "Content-Length", "Authorization"])
def test_none_takes_out_our_field_in_any_case(name: str):
    url, body = "http://u:p@h/", b"x"
    all_names = [key.lower() for key in fields(build(url, "POST", (), body))]
    left = [key.lower() for key in fields(build(url, "POST", ((name.upper(), None),), body))]
    assert name.lower() in all_names
    assert left == [key for key in all_names if key != name.lower()]


def test_users_fields_follow_ours_in_their_order_and_twice_if_given_twice():
    data = build("http://h/", headers=(("B", "1"), ("A", ""), ("b", "2"), ("host", "other")))
    assert data.endswith(b"Connection: close\r\nB: 1\r\nA: \r\nb: 2\r\nhost: other\r\n\r\n")
    assert b"Host: h" not in data


def test_credentials_of_the_url_become_authorization_and_are_not_in_the_target():
    data = build("http://us%20er:p%40ss@h/x")
    assert fields(data)["Authorization"] == "Basic dXMgZXI6cEBzcw=="
    assert data.startswith(b"GET /x HTTP/1.0\r\n")


def test_a_users_authorization_replaces_the_urls():
    assert fields(build("http://u:p@h/", headers=(("authorization", "Bearer x"),)))["authorization"] == "Bearer x"


def test_the_credentials_of_one_url_are_not_sent_with_another_of_its_origin():
    builder, urls = RequestBuilder("x", keep_alive=True), UrlReader()
    pages = [urls.read(text) for text in ("http://a:b@h/", "http://h/", "http://c:d@h/")]
    assert len({id(url.origin) for url in pages}) == 1
    sent = [fields(builder.build(url)).get("Authorization") for url in [*pages, *pages]]
    assert sent == ["Basic YTpi", None, "Basic Yzpk"] * 2


def test_a_kept_head_is_the_same_as_a_fresh_one():
    builder, urls = RequestBuilder("fetchmux/0", keep_alive=False), UrlReader()
    for _ in range(2):
        for url in ("http://h/1", "http://h/2", "http://g/", "https://h/"):
            for method, headers, body in [
                ("GET", (), b""),
                ("POST", (), b"x"),
                ("POST", (), b"yz"),
                ("POST", (("A", "b"),), b"yz"),
                ("PUT", (("A", None),), b"yz"),
            ]:
                assert builder.build(urls.read(url), method, headers, body) == build(url, method, headers, body)


def test_no_more_heads_are_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(request_module, "_MOST_ORIGINS", 10)
    builder, urls = RequestBuilder("x", keep_alive=True), UrlReader()
    for number in range(100):
        data = builder.build(urls.read(f"http://h{number}/"))
        assert fields(data)["Host"] == f"h{number}"
        assert 1 <= len(builder._kept) <= 10


def test_values_are_sent_as_utf_8():
    assert "A: 日本\r\n".encode() in build("http://h/", headers=(("A", "日本"),))


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("", ()),
        ("GE T", ()),
        ("GET\r\nX: y", ()),
        ("GÉT", ()),
        ("GET:", ()),
        ("GET\n", ()),
        ("GET", (("", "v"),)),
        ("GET", (("A b", "v"),)),
        ("GET", (("A:", "v"),)),
        ("GET", (("A\r\nB", "v"),)),
        ("GET", (("A\n", "v"),)),
        ("GET", (("Ä", "v"),)),
        ("GET", (("A\0", None),)),
        ("GET", (("A", "v\r\nB: c"),)),
        ("GET", (("A", "v\n"),)),
        ("GET", (("A", "\rv"),)),
        ("GET", (("A", "v\0"),)),
        ("GET", (("A", "bytes that are no UTF-8: \udcff"),)),
        ("GET", (("Host", "h\r\nA: b"),)),
    ],
    ids=ascii,
)
def test_what_could_write_lines_of_its_own_is_refused(method: str, headers: Headers):
    with pytest.raises(FetchError) as caught:
        build("http://h/", method, headers)
    assert (caught.value.code, caught.value.phase) == (Code.BAD_REQUEST, Phase.INPUT)
    with pytest.raises(FetchError):
        check_fields(method, headers)


@settings(deadline=None)
@given(st.text(), st.text(min_size=1), st.one_of(st.none(), st.text()), st.binary())
def test_whatever_is_refused_is_a_bad_request(method: str, name: str, value: str | None, body: bytes):
    with contextlib.suppress(FetchError):
        build("http://h/", method, ((name, value),), body)


TOKENS = st.from_regex(re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,9}"), fullmatch=True)
METHODS = st.one_of(TOKENS, st.sampled_from(["GET", "POST", "PUT"]))


@settings(deadline=None)
@given(METHODS, TOKENS, st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")), st.binary())
def test_a_request_has_exactly_the_lines_that_were_asked_for(method: str, name: str, value: str, body: bytes):
    head, _, sent_body = build("http://h/", method, ((name, value),), body).partition(b"\r\n\r\n")
    assert sent_body == body
    line, *lines = head.decode().split("\r\n")
    assert line == f"{method} / HTTP/1.0"
    ours = {"host", "user-agent", "accept", "connection"}
    if body or method in ("POST", "PUT", "PATCH"):
        ours.add("content-length")
    assert lines.pop() == f"{name}: {value}"
    assert {line.partition(":")[0].lower() for line in lines} == ours - {name.lower()}
