"""Which proxy an origin is asked through."""

from __future__ import annotations

import base64
import shutil
import subprocess

import pytest

from fetchmux.errors import UsageError
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Origin
from fetchmux.policy.proxies import Exemptions, Proxies, Proxy, read_proxy
from tests import needs


def origin(url: str) -> Origin:
    return UrlReader().read(url).origin


def asked(url: str, option: str | None = None, **environment: str) -> str | None:
    """The host of the proxy that a URL is asked through."""
    proxy = Proxies(option, environment).proxy_for(origin(url))
    return None if proxy is None else proxy.name[0]


# How a proxy is written


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("p", Proxy("http", ("p", 1080))),
        ("p:3128", Proxy("http", ("p", 3128))),
        (" p:3128 ", Proxy("http", ("p", 3128))),
        ("http://p", Proxy("http", ("p", 1080))),
        ("http://p/", Proxy("http", ("p", 1080))),
        ("HTTP://P:8080", Proxy("http", ("p", 8080))),
        ("http://p:80", Proxy("http", ("p", 80))),
        ("http://p:443", Proxy("http", ("p", 443))),
        ("[::1]:3128", Proxy("http", ("::1", 3128))),
        ("socks5://[2001:db8::1]", Proxy("socks5", ("2001:db8::1", 1080))),
        ("socks5://p", Proxy("socks5", ("p", 1080))),
        ("socks5h://p:9050", Proxy("socks5h", ("p", 9050))),
        ("user:pw@p:3128", Proxy("http", ("p", 3128), (b"user", b"pw"))),
        ("http://user@p", Proxy("http", ("p", 1080), (b"user", b""))),
        ("http://:pw@p", Proxy("http", ("p", 1080), (b"", b"pw"))),
        ("socks5h://us%40er:p%3Aw%2f%FF@p", Proxy("socks5h", ("p", 1080), (b"us@er", b"p:w/\xff"))),
        ("http://user:p@w@p", Proxy("http", ("p", 1080), (b"user", b"p@w"))),
        ("http://bücher.example", Proxy("http", ("xn--bcher-kva.example", 1080))),
    ],
)
def test_a_proxy_is_read_as_curl_reads_it(text: str, proxy: Proxy):
    assert read_proxy(text, "x") == proxy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://user:secret@p", "https:// proxy is not supported"),
        ("socks4://user:secret@p", "unknown"),
        ("socks://p", "unknown"),
        ("ftp://user:secret@p", "unknown"),
        ("http://", "no proxy"),
        (" ", "no proxy"),
        (":3128", "no proxy"),
        ("http://user:secret@", "no proxy"),
        ("user:secret@p:port", "no proxy"),
        ("user:secret@p:70000", "no proxy"),
        ("user:secret@a b", "no proxy"),
        ("user:secret@\udcff", "no proxy"),
        ("user:se/cret@p", "no proxy"),
        ("user:1/secret@p", "something follows"),
        ("user:1#secret@p", "something follows"),
        ("p?secret", "something follows"),
        ("user:secret@p:0", "port 0"),
        ("socks5://user:" + "secret" * 43 + "@p", "at most 255 bytes"),
    ],
)
def test_junk_is_refused_in_one_line_without_what_was_given(text: str, words: str):
    with pytest.raises(UsageError) as caught:
        read_proxy(text, "https_proxy")
    message = str(caught.value)
    assert message.startswith("https_proxy: ")
    assert words in message
    assert "\n" not in message
    assert "secret" not in message
    assert "cret" not in message
    # Nor does a traceback say more by what it calls its cause.
    assert caught.value.__suppress_context__


def test_credentials_become_a_basic_authorization_and_are_not_shown():
    proxy = read_proxy("http://user:s%C3%A9cret@p", "x")
    assert proxy.authorization == "Basic " + base64.b64encode("user:sécret".encode()).decode()
    assert "cret" not in repr(proxy)
    assert read_proxy("http://p", "x").authorization is None


def test_a_password_of_an_http_proxy_may_be_long():
    proxy = read_proxy("http://user:" + "x" * 300 + "@p", "x")
    assert proxy.login == (b"user", b"x" * 300)


@pytest.mark.parametrize(
    ("proxy", "url", "forwards"),
    [
        ("http://p", "http://h/", True),
        ("http://p", "https://h/", False),
        ("socks5://p", "http://h/", False),
        ("socks5h://p", "https://h/", False),
    ],
)
def test_only_plain_http_is_forwarded_and_all_else_goes_through_a_tunnel(proxy: str, url: str, forwards: bool):
    assert read_proxy(proxy, "x").forwards(origin(url)) is forwards


# Where it comes from


def test_without_an_option_and_variables_there_is_no_proxy():
    assert asked("http://h/") is None
    assert asked("https://h/") is None


def test_an_option_is_for_every_scheme_and_beats_the_environment():
    for url in ("http://h/", "https://h/"):
        assert asked(url, "o", http_proxy="e", https_proxy="e", all_proxy="e") == "o"


def test_an_empty_option_means_no_proxy_at_all():
    for url in ("http://h/", "https://h/"):
        assert asked(url, "", http_proxy="e", https_proxy="e", all_proxy="e") is None


@pytest.mark.parametrize(
    ("environment", "http", "https"),
    [
        ({"http_proxy": "a"}, "a", None),
        ({"HTTP_PROXY": "a"}, None, None),
        ({"https_proxy": "a"}, None, "a"),
        ({"HTTPS_PROXY": "a"}, None, "a"),
        ({"https_proxy": "a", "HTTPS_PROXY": "b"}, None, "a"),
        ({"all_proxy": "a"}, "a", "a"),
        ({"ALL_PROXY": "a"}, "a", "a"),
        ({"all_proxy": "a", "ALL_PROXY": "b"}, "a", "a"),
        ({"http_proxy": "a", "ALL_PROXY": "b"}, "a", "b"),
        ({"HTTPS_PROXY": "a", "all_proxy": "b"}, "b", "a"),
        ({"http_proxy": "", "https_proxy": "", "HTTPS_PROXY": "c", "all_proxy": "b"}, "b", "c"),
    ],
)
def test_the_usual_variables_are_read(environment: dict[str, str], http: str | None, https: str | None):
    assert asked("http://h/", **environment) == http
    assert asked("https://h/", **environment) == https


def test_junk_in_a_variable_is_blamed_on_it():
    with pytest.raises(UsageError, match=r"^HTTPS_PROXY: "):
        Proxies(None, {"HTTPS_PROXY": "gopher://p"})


def test_a_variable_that_is_not_asked_is_not_judged():
    assert asked("http://h/", "o", http_proxy="gopher://p") == "o"
    assert asked("http://h/", http_proxy="a", https_proxy="b", all_proxy="gopher://p") == "a"


def test_the_proxies_that_may_be_needed_are_known_beforehand():
    a, b = Proxy("http", ("a", 1080)), Proxy("socks5", ("b", 1080))
    assert Proxies(None, {"http_proxy": "a", "https_proxy": "socks5://b"}).used == (a, b)
    assert Proxies("a", {}).used == (a,)
    assert Proxies("", {"http_proxy": "a"}).used == ()


# Where none is wanted

NO_PROXY = [
    ("h.example", "h.example", True),
    ("h.example", "H.Example", True),
    ("h.example", ".h.example", True),
    ("h.example", "example", True),
    ("h.example", ".example", True),
    ("h.example", "example.", True),
    ("h.example.", "h.example", True),
    ("a.b.h.example", "h.example", True),
    ("noh.example", "h.example", False),
    ("example", "h.example", False),
    ("h.example", "*", True),
    ("h.example", "a,*", False),
    ("h.example", "*.example", False),
    ("h.example", "a,h.example", True),
    ("h.example", "a , h.example", True),
    ("h.example", ",,h.example,", True),
    ("h.example", ".", False),
    ("h.example", "", False),
    ("h.example", "h.example:80", False),
    ("h.example", "10.0.0.0/8", False),
    ("10.1.2.3", "10.1.2.3", True),
    ("10.1.2.3", "10.0.0.0/8", True),
    ("10.1.2.3", "10.9.9.9/8", True),
    ("10.1.2.3", "10.1.2.3:80", False),
    ("10.1.2.3", "10.1.2.0/31", False),
    ("10.1.2.3", "3", False),
    ("10.1.2.3", "2.3", False),
    ("10.1.2.3", "10.0.0.0/33", False),
    ("10.1.2.3", "::/1", False),
    ("10.1.2.3", "*", True),
    ("[::1]", "::1", True),
    ("[::1]", "::2", False),
    ("[2001:db8::1]", "2001:db8::/32", True),
    ("[2001:db8::1]", "2001:db9::/32", False),
    ("[2001:db8::1]", "10.0.0.0/8", False),
]


@pytest.mark.parametrize(("host", "value", "exempt"), NO_PROXY)
def test_no_proxy_names_the_hosts_that_are_asked_directly(host: str, value: str, exempt: bool):
    for environment in ({"no_proxy": value}, {"NO_PROXY": value}, {"no_proxy": value, "NO_PROXY": "other"}):
        assert (asked(f"http://{host}:8080/", "o", **environment) is None) is exempt
        assert (asked(f"https://{host}/", all_proxy="e", **environment) is None) is exempt


@pytest.mark.parametrize("entry", ["[::1]", "[2001:db8::]/32", "[::]/0"])
def test_no_proxy_takes_brackets_around_an_address(entry: str):
    assert ("2001:db8::1" in Exemptions(entry)) is (entry != "[::1]")
    assert ("::1" in Exemptions(entry)) is (entry != "[2001:db8::]/32")
    assert "::1" not in Exemptions("[::1]:80")


# Some versions of curl compare an IPv6 host with a block as if both were names, against curl's own manual.
_AS_CURL = [case for case in NO_PROXY if not (case[0].startswith("[") and "/" in case[1])]


@needs.tool("curl")
@pytest.mark.parametrize(("host", "value", "exempt"), _AS_CURL)
def test_curl_sees_the_same_hosts_exempt(host: str, value: str, exempt: bool):
    """The proxy is one that curl cannot be told to use: it says so whenever it would have used it."""
    curl = shutil.which("curl")
    assert curl is not None
    environment = {"http_proxy": "junk://p"}
    command = [curl, "-sSv", "--connect-to", "::127.0.0.1:1", *(["--noproxy", value] if value else [])]
    done = subprocess.run([*command, f"http://{host}/"], env=environment, capture_output=True, text=True, check=False)
    assert ("junk" in done.stderr) is not exempt, done.stderr
