"""Redirects: where a reply sends its request, and what of the request goes along."""

from __future__ import annotations

import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.http.head import Head
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Headers
from fetchmux.policy.redirects import Next, follow

BASE = "http://h/a/b?q=1"
BODY = b"body"
OF_THE_BODY: Headers = (
    ("Content-Type", "text/plain"), ("content-length", "4"), ("Content-Encoding", "x"), ("Content-Language", "en"),
)  # fmt: skip
OF_THE_ORIGIN: Headers = (
    ("Authorization", "Basic x"),
    ("COOKIE", "a=b"),
    ("Host", "other"),
    ("Proxy-Authorization", "y"),
)
OTHERS: Headers = (("Accept", "text/html"), ("X-Token", "t"), ("User-Agent", None))


def redirect(
    location: str | None,
    *,
    status: int = 302,
    method: str = "GET",
    headers: Headers = (),
    base: str = BASE,
    body: bytes = b"",
) -> Next | None:
    urls = UrlReader()
    fields = [] if location is None else [("X", "y"), ("LOCATION", location)]
    return follow(Head(status, "", "1.0", fields), urls.read(base), method, headers, body, UrlReader())


def led(location: str, **more: object) -> Next:
    there = redirect(location, **more)  # type: ignore[arg-type]
    assert there is not None
    return there


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 306, 309, 400, 404, 503])
def test_no_other_status_leads_anywhere(status: int):
    assert redirect("/x", status=status) is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_without_a_location_a_redirect_leads_nowhere(status: int):
    assert redirect(None, status=status) is None


METHODS = {
    301: {"GET": "GET", "HEAD": "HEAD", "POST": "GET", "PUT": "PUT", "DELETE": "DELETE"},
    302: {"GET": "GET", "HEAD": "HEAD", "POST": "GET", "PUT": "PUT", "DELETE": "DELETE"},
    303: {"GET": "GET", "HEAD": "HEAD", "POST": "GET", "PUT": "GET", "DELETE": "GET"},
    307: {"GET": "GET", "HEAD": "HEAD", "POST": "POST", "PUT": "PUT", "DELETE": "DELETE"},
    308: {"GET": "GET", "HEAD": "HEAD", "POST": "POST", "PUT": "PUT", "DELETE": "DELETE"},
}


@pytest.mark.parametrize(
    ("status", "method", "after"),
    [(status, method, after) for status, row in METHODS.items() for method, after in row.items()],
)
def test_the_method_changes_as_rfc_9110_has_it_and_the_body_goes_with_it(status: int, method: str, after: str):
    there = led("/x", status=status, method=method, headers=OF_THE_BODY + OTHERS, body=BODY)
    dropped = (after == "GET" and method != "GET") or (status, method) == (303, "GET")
    assert there.method == after
    assert there.body == (b"" if dropped else BODY)
    assert there.headers == (OTHERS if dropped else OF_THE_BODY + OTHERS)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "http://h/x"),
        ("x", "http://h/a/x"),
        ("../x", "http://h/x"),
        ("./", "http://h/a/"),
        ("?n=2", "http://h/a/b?n=2"),
        ("", "http://h/a/b?q=1"),
        ("#top", "http://h/a/b?q=1"),
        ("/x?y#top", "http://h/x?y"),
        ("//g/x", "http://g/x"),
        ("\\\\g\\x", "http://g/x"),
        ("https://g:444/x", "https://g:444/x"),
        ("HTTP://G/x", "http://g/x"),
        ("http:x", "http://h/a/x"),
        ("HTTP:/x", "http://h/x"),
        ("http:\\\\g\\x", "http://g/x"),
        ("http:", "http://h/a/b?q=1"),
        ("https:g/x", "https://g/x"),
        ("http:https://g/", "http://h/a/https://g/"),
        (" /x ", "http://h/x"),
        ("/a b", "http://h/a%20b"),
        ("/\u00c3\u00a9", "http://h/%C3%A9"),
        ("/\u00e9", "http://h/%C3%A9"),
        ("http://b\u00c3\u00bccher/", "http://xn--bcher-kva/"),
    ],
)
def test_a_location_is_read_as_a_browser_reads_it(location: str, url: str):
    there = led(location).url
    assert there.text == url
    assert "#" not in there.text + there.target


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_location_without_a_scheme_keeps_it(scheme: str):
    assert led("//g/x", base=f"{scheme}://h/").url.origin.scheme == scheme
    assert led("/x", base=f"{scheme}://h/").url.origin.scheme == scheme


@pytest.mark.parametrize(
    "location",
    [
        "ftp://h/", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "mailto:a@b", "gopher://h/", "http://",
        "http://[", "//h:99999/",
    ],
)  # fmt: skip
def test_only_http_and_https_are_followed(location: str):
    with pytest.raises(FetchError, match="the redirect leads nowhere") as caught:
        redirect(location)
    assert (caught.value.code, caught.value.phase) == (Code.BAD_REDIRECT, Phase.HEAD)


@pytest.mark.parametrize("location", ["ftp://user:secret@h/", "http://user:secret@[/"])
def test_a_password_in_a_location_is_not_quoted(location: str):
    with pytest.raises(FetchError) as caught:
        redirect(location)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "location", ["http://g/", "https://h/", "http://h:81/", "//g/", "http://h.h/", "http://u:p@g/"]
)
def test_what_was_meant_for_one_origin_does_not_reach_another(location: str):
    there = led(location, base="http://me:pw@h/", headers=OF_THE_ORIGIN + OTHERS)
    assert there.headers == OTHERS
    assert there.url.authorization == (None if "@" not in location else "Basic dTpw")


@pytest.mark.parametrize("location", ["/x", "http://h/x", "http://H:80/x", "//h/x"])
def test_what_was_meant_for_an_origin_reaches_it_again(location: str):
    there = led(location, base="http://me:pw@h/", headers=OF_THE_ORIGIN + OTHERS)
    assert there.headers == OF_THE_ORIGIN + OTHERS
    assert there.url.authorization == "Basic bWU6cHc="


def test_an_origin_that_stays_is_the_same_object():
    """So that the open connection is recognised."""
    urls = UrlReader()
    base = urls.read(BASE)
    there = follow(Head(302, "", "1.0", [("Location", "http://h:80/x")]), base, "GET", (), b"", UrlReader())
    assert there is not None
    assert there.url.origin is base.origin


def test_of_several_locations_the_first_holds():
    head = Head(302, "", "1.0", [("Location", "/1"), ("Location", "/2")])
    there = follow(head, UrlReader().read(BASE), "GET", (), b"", UrlReader())
    assert there is not None
    assert there.url.target == "/1"
