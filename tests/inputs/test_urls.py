"""URLs as a browser's address bar takes them; credentials in Authorization and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.inputs import urls as urls_module
from fetchmux.inputs.urls import UrlReader, mask, veil
from fetchmux.model import Url


def read(text: str) -> Url:
    return UrlReader().read(text)


GOOD = [
    # text, scheme, host and port, Host, target, as it is shown
    ("http://example.com", "http", ("example.com", 80), "example.com", "/", "http://example.com/"),
    ("HTTP://EXAMPLE.com/A", "http", ("example.com", 80), "example.com", "/A", "http://example.com/A"),
    ("https://h/", "https", ("h", 443), "h", "/", "https://h/"),
    ("http://h:80/", "http", ("h", 80), "h", "/", "http://h/"),
    ("https://h:443/", "https", ("h", 443), "h", "/", "https://h/"),
    ("http://h:443/", "http", ("h", 443), "h:443", "/", "http://h:443/"),
    ("http://h:0080/", "http", ("h", 80), "h", "/", "http://h/"),
    ("http://h:/", "http", ("h", 80), "h", "/", "http://h/"),
    ("example.com/x", "http", ("example.com", 80), "example.com", "/x", "http://example.com/x"),
    ("  http://h/  ", "http", ("h", 80), "h", "/", "http://h/"),
    ("localhost:8080", "http", ("localhost", 8080), "localhost:8080", "/", "http://localhost:8080/"),
    ("localhost:8080/a:b", "http", ("localhost", 8080), "localhost:8080", "/a:b", "http://localhost:8080/a:b"),
    ("127.0.0.1:81", "http", ("127.0.0.1", 81), "127.0.0.1:81", "/", "http://127.0.0.1:81/"),
    ("//h/x", "http", ("h", 80), "h", "/x", "http://h/x"),
    ("http:h/x", "http", ("h", 80), "h", "/x", "http://h/x"),
    ("http:/h/x", "http", ("h", 80), "h", "/x", "http://h/x"),
    ("http:///h/x", "http", ("h", 80), "h", "/x", "http://h/x"),
    ("http:\\\\h\\x\\y?a\\b", "http", ("h", 80), "h", "/x/y?a\\b", "http://h/x/y?a\\b"),
    ("http://127.1/", "http", ("127.0.0.1", 80), "127.0.0.1", "/", "http://127.0.0.1/"),
    ("http://2130706433/", "http", ("127.0.0.1", 80), "127.0.0.1", "/", "http://127.0.0.1/"),
    ("http://0x7f.0.0.1/", "http", ("127.0.0.1", 80), "127.0.0.1", "/", "http://127.0.0.1/"),
    ("http://0177.0.0.01/", "http", ("127.0.0.1", 80), "127.0.0.1", "/", "http://127.0.0.1/"),
    ("http://\uff11\uff12\uff17.0.0.1/", "http", ("127.0.0.1", 80), "127.0.0.1", "/", "http://127.0.0.1/"),
    ("http://[::1]/", "http", ("::1", 80), "[::1]", "/", "http://[::1]/"),
    ("http://[0:0::0:1]:81/", "http", ("::1", 81), "[::1]:81", "/", "http://[::1]:81/"),
    ("[::1]:81", "http", ("::1", 81), "[::1]:81", "/", "http://[::1]:81/"),
    ("http://[::ffff:1.2.3.4]/", "http", ("::ffff:102:304", 80), "[::ffff:102:304]", "/", "http://[::ffff:102:304]/"),
    ("http://bücher.example/", "http", ("xn--bcher-kva.example", 80), "xn--bcher-kva.example", "/",
     "http://xn--bcher-kva.example/"),
    ("http://BÜCHER.example/", "http", ("xn--bcher-kva.example", 80), "xn--bcher-kva.example", "/",
     "http://xn--bcher-kva.example/"),
    ("http://ex%61mple.com/", "http", ("example.com", 80), "example.com", "/", "http://example.com/"),
    ("http://a_b.example/", "http", ("a_b.example", 80), "a_b.example", "/", "http://a_b.example/"),
    ("http://h./", "http", ("h.", 80), "h.", "/", "http://h./"),
    ("http://h?q", "http", ("h", 80), "h", "/?q", "http://h/?q"),
    ("http://h/?", "http", ("h", 80), "h", "/?", "http://h/?"),
    ("http://h/#frag", "http", ("h", 80), "h", "/", "http://h/"),
    ("http://h#frag", "http", ("h", 80), "h", "/", "http://h/"),
    ("http://h/a?b#c?d#e", "http", ("h", 80), "h", "/a?b", "http://h/a?b"),
    ("http://h/a b", "http", ("h", 80), "h", "/a%20b", "http://h/a%20b"),
    ("http://h/%20%zz", "http", ("h", 80), "h", "/%20%zz", "http://h/%20%zz"),
    ("http://h/百?度=百", "http", ("h", 80), "h", "/%E7%99%BE?%E5%BA%A6=%E7%99%BE",
     "http://h/%E7%99%BE?%E5%BA%A6=%E7%99%BE"),
    ("http://h/a/../b/./c", "http", ("h", 80), "h", "/b/c", "http://h/b/c"),
    ("http://h/%2e%2E/x", "http", ("h", 80), "h", "/x", "http://h/x"),
    ("http://h//x", "http", ("h", 80), "h", "//x", "http://h//x"),
    ('http://h/"<>`{}|', "http", ("h", 80), "h", "/%22%3C%3E%60%7B%7D|", "http://h/%22%3C%3E%60%7B%7D|"),
    ("http://h/a\tb", "http", ("h", 80), "h", "/ab", "http://h/ab"),
    ("ht\ttp://h/a\tb", "http", ("h", 80), "h", "/ab", "http://h/ab"),
    ("\x01http://h/\x1f", "http", ("h", 80), "h", "/", "http://h/"),
    ("http://h/\0x\0", "http", ("h", 80), "h", "/%00x", "http://h/%00x"),
    ("http://h/\x7f", "http", ("h", 80), "h", "/%7F", "http://h/%7F"),
    ("http://h/user:secret@x", "http", ("h", 80), "h", "/user:secret@x", "http://h/user:secret@x"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "scheme", "name", "host", "target", "shown"),
    GOOD,
    ids=[ascii(case[0]) for case in GOOD],
)
def test_what_an_address_bar_takes_is_taken(
    text: str, scheme: str, name: tuple[str, int], host: str, target: str, shown: str
):
    url = read(text)
    assert (url.origin.scheme, url.origin.name, url.origin.host_header) == (scheme, name, host)
    assert (url.target, url.text, url.authorization) == (target, shown, None)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "http://", "http:", "https:///", "http://:80/", "http://h:x/", "http://h:65536/", "http://h:-1/",
        "http://h:80:80/", "http://[::1/", "http://[::g]/", "http://[::1]x/", "http://256.1.1.1/", "http://1.2.3.4.5/",
        "http://a b/", "http://a<b/", "http://a%00b/", "http://a^b/", "http://%zz/", "http://xn--a\u00df-/", "http://@/",
        "http://u:p@/", "/", "?", "#", ":", "@", "http://h\u202e:x/",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_url_is_a_bad_url(text: str):
    with pytest.raises(FetchError) as caught:
        read(text)
    assert (caught.value.code, caught.value.phase) == (Code.BAD_URL, Phase.INPUT)


@pytest.mark.parametrize(
    "text",
    [
        "ftp://h/", "FTP://h/", "mailto:a@b", "javascript:alert(1)", "file:///etc/passwd", "data:,x", "ws://h/",
        "about:blank", "x-y+z.1:a", "user:secret@h",
    ],
)  # fmt: skip
def test_only_http_and_https_are_fetched(text: str):
    with pytest.raises(FetchError, match="only http and https"):
        read(text)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("http://user:secret@h/", "dXNlcjpzZWNyZXQ="),
        ("http://user@h/", "dXNlcjo="),
        ("http://user:@h/", "dXNlcjo="),
        ("http://:secret@h/", "OnNlY3JldA=="),
        ("http://us%3Aer:sec%40ret@h/", "dXM6ZXI6c2VjQHJldA=="),
        ("http://user:sec@ret@h/", "dXNlcjpzZWNAcmV0"),
        ("http://user:sec:ret@h/", "dXNlcjpzZWM6cmV0"),
        ("http://user:gr\xfcn@h/", "dXNlcjpncsO8bg=="),
        ("http://user:%ff@h/", "dXNlcjr/"),
        ("http://user:a b@h/", "dXNlcjphIGI="),
        ("http:user:secret@h", "dXNlcjpzZWNyZXQ="),
        ("//user:secret@h", "dXNlcjpzZWNyZXQ="),
    ],
)
def test_credentials_become_basic_authorization(text: str, pair: str):
    url = read(text)
    assert url.authorization == f"Basic {pair}"
    assert (url.origin.name, url.origin.host_header, url.text) == (("h", 80), "h", "http://h/")


@pytest.mark.parametrize("text", ["http://@h/", "http://:@h/"])
def test_empty_credentials_are_none(text: str):
    assert read(text).authorization is None


def test_every_url_of_an_origin_has_the_same_origin():
    reader = UrlReader()
    same = ["http://h/", "http://h:80/x", "HTTP://H/", "http://u:p@h/", "h", "http://h?x#y"]
    assert len({id(reader.read(text).origin) for text in same}) == 1
    others = ["http://h/", "https://h/", "http://h:81/", "http://g/"]
    assert len({id(reader.read(text).origin) for text in others}) == len(others)


def test_authorities_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(urls_module, "_MOST_ORIGINS", 10)
    reader = UrlReader()
    for number in range(100):
        assert reader.read(f"http://u{number}:p@h{number}/").origin.name == (f"h{number}", 80)
        assert len(reader._authorities) <= 10
        assert len(reader._origins) <= 10


# What may be shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://h/", "http://h/"),
        ("http://h/a@b", "http://h/a@b"),
        ("http://h/?a:b@c", "http://h/?a:b@c"),
        ("h/a@b", "h/a@b"),
        ("http://user:SECRET@h/", "http://***@h/"),
        ("HTTPS://SECRET@h/", "HTTPS://***@h/"),
        ("http://user:SEC@RET@h/x@y", "http://***@h/x@y"),
        ("http:user:SECRET@h/", "http:***@h/"),
        ("http:/user:SECRET@h/", "http:/***@h/"),
        ("http:\\\\user:SECRET@h\\x", "http:\\\\***@h\\x"),
        ("http:////user:SECRET@h/", "http:////***@h/"),
        ("//user:SECRET@h/", "//***@h/"),
        ("user:SECRET@h/", "***@h/"),
        ("user:1SECRET@h/", "***@h/"),
        ("ftp://user:SECRET@h/", "ftp://***@h/"),
        ("http://user:SEC RET@h/", "http://***@h/"),
        ("http:/\t/user:SEC\tRET@h/", "http://***@h/"),
        ("ht\ttp://user:SECRET@h/", "http://***@h/"),
        ("\x01http://user:SECRET@h/", "http://***@h/"),
        ("http://h/?next=http://user:SECRET@g/", "http://h/?next=http://***@g/"),
    ],
    ids=ascii,
)
def test_a_url_is_shown_without_its_credentials(text: str, shown: str):
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "http://user:SE/CRET@h/",
        "http://user:SEC#RET@h/",
        "http://user:SEC?RET@h/",
        "http://user:SEC\\RET@h/",
        "http://user:SECRET@h:x/",
        "http://user:SECRET@[/",
        "http://SECRET@h:x/",
        "SECRET@h:x/",
        "user:SECRET/x@h",
        '{"url": "http:/user:SECRET@h/"',
        '{"url": "http:\\/\\/user:SECRET@h/"',
        '{"url": "http:\\u002f\\u002fuser:SECRET@h/"',
        '{"url": "http://user:SEC RET@h/", nonsense',
    ],
)
def test_what_is_no_url_is_shown_without_anything_that_may_be_a_password(text: str):
    assert "SEC" not in veil(text)
    assert "RET" not in veil(text)


@pytest.mark.parametrize("text", ["", "nonsense", "a:b", "me@home", "http://[", '{"key": "a"'])
def test_what_can_hold_no_password_is_shown_as_it_is_but_for_a_name(text: str):
    assert veil(text) == text.replace("me@", "***@")


def test_credentials_are_sought_in_linear_time():
    """A search that tries all ways to share out the blanks would take hours here."""
    for text in (" " * 500_000 + "x/@", "http:" + "/" * 500_000 + "x/@", "a" * 500_000 + "/@", "//a" * 200_000 + "@"):
        assert "@" in mask(text)
        assert "@" in veil(text)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_url_of_ascii_or_a_bad_url(text: str):
    try:
        url = read(text)
    except FetchError as error:
        assert error.code is Code.BAD_URL  # noqa: PT017
        return
    assert url.text.isascii()
    assert url.target.startswith("/")
    assert not set(url.target) & set("\r\n\t #")
    assert read(url.text) == url or read(url.text).text == url.text
