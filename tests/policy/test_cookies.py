"""Cookies that a hop sets for the later hops of the same input."""

from __future__ import annotations

import pytest

from fetchmux.http.request import RequestBuilder
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Headers
from fetchmux.policy.cookies import Cookies, with_cookies


def jar(*set_cookies: str, url: str = "http://h.test/a/b") -> Cookies:
    cookies = Cookies()
    cookies.take([("Set-Cookie", value) for value in set_cookies], url)
    return cookies


def test_nothing_set_nothing_given():
    assert Cookies().give("http://h.test/") is None
    assert jar().give("http://h.test/") is None


def test_a_cookie_is_given_back_to_its_host():
    assert jar("a=1; Path=/", "b=2; Path=/").give("http://h.test/x") == "a=1; b=2"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "h.test"])
@pytest.mark.parametrize("port", ["", ":8080"])
def test_every_kind_of_host_may_set_one_and_ports_do_not_matter(host: str, port: str):
    assert jar("a=1", url=f"http://{host}{port}/").give(f"http://{host}:9/") == "a=1"


@pytest.mark.parametrize(
    ("cookie", "url", "given"),
    [
        ("a=1", "http://g.test/a/", None),
        ("a=1", "http://sub.h.test/a/", None),
        ("a=1; Domain=h.test", "http://sub.h.test/a/", "a=1"),
        ("a=1; Domain=g.test", "http://g.test/a/", None),
        ("a=1; Domain=test", "http://g.test/a/", None),
        ("a=1", "http://h.test/a/c", "a=1"),
        ("a=1", "http://h.test/other", None),
        ("a=1; Path=/", "http://h.test/other", "a=1"),
        ("a=1; Secure; Path=/", "http://h.test/", None),
        ("a=1; Secure; Path=/", "https://h.test/", "a=1"),
        ("a=1; HttpOnly; Path=/", "http://h.test/", "a=1"),
        ("a=1; Max-Age=0; Path=/", "http://h.test/", None),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/", "http://h.test/", None),
        ("junk", "http://h.test/a/", "junk"),
        ("", "http://h.test/a/", None),
        ("; ; =", "http://h.test/a/", None),
    ],
)
def test_a_cookie_goes_where_it_may(cookie: str, url: str, given: str | None):
    assert jar(cookie).give(url) == given


def test_a_later_hop_replaces_and_removes():
    cookies = jar("a=1; Path=/", "b=2; Path=/")
    cookies.take([("set-cookie", "a=3; Path=/"), ("SET-COOKIE", "b=; Max-Age=0; Path=/")], "http://h.test/")
    assert cookies.give("http://h.test/") == "a=3"


@pytest.mark.parametrize("value", ["é", "天气", "plain"])
def test_the_bytes_of_a_cookie_come_back_as_they_were(value: str):
    """A head is read as Latin-1 and sent as UTF-8; a server's UTF-8 must survive both."""
    given = jar(f"a={value.encode().decode('latin-1')}; Path=/").give("http://h.test/")
    assert given == f"a={value}"
    wire = RequestBuilder("x", keep_alive=True).build(UrlReader().read("http://h.test/"), headers=(("Cookie", given),))
    assert f"Cookie: a={value}\r\n".encode() in wire


def test_what_a_cookie_cannot_say_in_utf_8_is_no_accident():
    assert jar("a=\xe9; Path=/").give("http://h.test/") == "a=\xe9"


@pytest.mark.parametrize(
    ("headers", "value", "after"),
    [
        ((("A", "b"),), None, (("A", "b"),)),
        ((("A", "b"),), "c=1", (("A", "b"), ("Cookie", "c=1"))),
        ((("cookie", "own=1"), ("A", "b")), "c=1", (("A", "b"), ("Cookie", "own=1; c=1"))),
        ((("Cookie", None),), "c=1", (("Cookie", "c=1"),)),
        ((("Cookie", "own=1"),), None, (("Cookie", "own=1"),)),
    ],
)
def test_set_cookies_stand_beside_those_of_the_user(headers: Headers, value: str | None, after: Headers):
    assert with_cookies(headers, value) == after
