"""How hosts are reached: which names must be known, what guards refuse, what proxies are told. Nothing is connected."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fetchmux import reach as module
from fetchmux.errors import Code, FetchError, UsageError
from fetchmux.exchange import Exchange
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Address, Job, Request
from fetchmux.reach import Reach
from fetchmux.resolve import LIFETIME, is_public
from fetchmux.settings import Name, Network, Options
from fetchmux.tls import Contexts
from tests.frontier.world import Clock

pytest.importorskip("socksio")
PROXY = "127.0.0.1:1080"


class Ways:
    """A reach with a clock that the test moves."""

    def __init__(self, **network: object) -> None:
        self.clock = Clock()
        self.reach = Reach(Network(**network), {}, "x", self.clock)  # type: ignore[arg-type]
        self.urls = UrlReader()

    def find(self, url: str) -> list[object]:
        """What is known of each name on the way to a URL, up to the first that is refused."""
        found: list[object] = []
        for name in self.reach.dial(self.urls.read(url).origin):
            found.append(self.reach.lookup(name))
            if not isinstance(found[-1], tuple):
                break
        return found

    def first_words(self, url: str) -> bytes:
        """What is sent first on a new connection for a URL."""
        parsed = self.urls.read(url)
        job = Job(Request(0, url, parsed), parsed, 0.0)
        exchange = Exchange(job, Address(2, ("x", 1)), b"request", None, Options(), self.clock)
        carried = self.reach.wrap(exchange, None)
        carried.connected()
        return bytes(carried.outgoing)


@pytest.fixture
def ways() -> Iterator[type[Ways]]:
    made: list[Ways] = []

    class Made(Ways):
        def __init__(self, **network: object) -> None:
            super().__init__(**network)
            made.append(self)

    yield Made
    for one in made:
        one.reach.close()


def code(found: object) -> Code:
    assert isinstance(found, FetchError)
    return found.code


def socks_target(ways: Ways, url: str) -> bytes:
    """The address that a socks5 proxy without a login is told, and the port."""
    parsed = ways.urls.read(url)
    job = Job(Request(0, url, parsed), parsed, 0.0)
    exchange = Exchange(job, Address(2, ("x", 1)), b"request", None, Options(), ways.clock)
    carried = ways.reach.wrap(exchange, None)
    carried.connected()
    carried.sent(len(carried.outgoing))
    carried.feed(b"\x05\x00")
    return bytes(carried.outgoing)


def test_a_socks5_proxy_is_told_an_address_however_long_ago_it_was_looked_up(ways: type[Ways]):
    """A job that a limit has held back for long starts without being looked up again."""
    way = ways(proxy=f"socks5://{PROXY}", fixed=((("h", 80), ("192.0.2.7",)),))
    assert len(way.find("http://h/")) == 2
    way.reach._resolver._answers.clear()
    way.reach._resolver._fixed.clear()
    way.clock.move(2 * LIFETIME)
    assert socks_target(way, "http://h/") == b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"


def test_a_socks5_proxy_is_told_no_private_address_where_the_name_has_a_public_one_too(ways: type[Ways]):
    fixed: tuple[tuple[Name, tuple[str, ...]], ...] = ((("h", 80), ("10.0.0.1", "8.8.8.8")),)
    way = ways(proxy=f"socks5://{PROXY}", fixed=fixed, no_private=True)
    assert all(isinstance(found, tuple) for found in way.find("http://h/"))
    assert socks_target(way, "http://h/") == b"\x05\x01\x00\x01\x08\x08\x08\x08\x00\x50"


def test_a_proxy_that_the_user_chose_may_be_private_and_what_it_is_asked_for_may_not(ways: type[Ways]):
    way = ways(proxy=f"socks5://{PROXY}", no_private=True)
    assert all(isinstance(found, tuple) for found in way.find("http://8.8.8.8/"))
    for url in ("http://10.0.0.1/", f"http://{PROXY}/", f"https://{PROXY}/"):
        assert [code(found) for found in way.find(url)] == [Code.ADDRESS_BLOCKED]


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_no_private_is_not_promised_where_the_proxy_looks_names_up(ways: type[Ways], scheme: str):
    with pytest.raises(UsageError, match="--no-private cannot hold"):
        ways(proxy=f"{scheme}://{PROXY}", no_private=True)


def test_what_is_kept_of_targets_and_origins_is_bounded(ways: type[Ways], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MOST_ORIGINS", 10)
    way = ways(proxy=f"socks5://{PROXY}")
    for number in range(50):
        way.find(f"http://10.0.0.{number}/")
        assert len(way.reach._dialled) <= 10
        assert len(way.reach._targets) <= 10
        assert socks_target(way, f"http://10.0.0.{number}/")[4:8] == bytes([10, 0, 0, number])


@pytest.mark.parametrize(
    ("proxy", "url"),
    [("", "https://h/"), (f"http://{PROXY}", "https://h/"), (f"socks5h://{PROXY}", "http://h/"),
     (f"socks5h://{PROXY}", "https://h/")],
)  # fmt: skip
def test_who_has_been_reached_has_the_whole_time_for_handshakes(ways: type[Ways], proxy: str, url: str):
    """Haste, while other addresses remain, is for those where nobody answers."""
    way = ways(proxy=proxy)
    parsed = way.urls.read(url)
    job = Job(Request(0, url, parsed), parsed, 0.0)
    carried = way.reach.wrap(Exchange(job, Address(2, ("x", 1)), b"request", None, Options(), way.clock), None)
    whole = carried.deadline
    carried.core.deadline = whole - 7.0
    carried.connected()
    assert carried.deadline == whole


def test_who_is_cancelled_has_no_time_left(ways: type[Ways]):
    way = ways()
    parsed = way.urls.read("https://h/")
    job = Job(Request(0, "", parsed), parsed, 0.0)
    carried = way.reach.wrap(Exchange(job, Address(2, ("x", 1)), b"request", None, Options(), way.clock), None)
    carried.cancel()
    carried.connected()
    assert carried.deadline == 0.0


def test_a_unix_socket_is_reached_through_no_proxy(ways: type[Ways]):
    way = ways(proxy=f"http://{PROXY}", unix_socket="/run/x")
    assert way.find("http://h/") == [(Address(1, "/run/x"),)]
    assert way.reach.forwarded(way.urls.read("http://h/").origin) == (False, None)
    assert way.first_words("http://h/") == b"request"


def test_sessions_that_are_remembered_are_bounded():
    from fetchmux import tls
    from fetchmux.settings import TlsOptions

    contexts = Contexts(TlsOptions(insecure=True))
    urls = UrlReader()
    kept = contexts._sessions
    for number in range(tls._MOST_SESSIONS + 50):
        channel = tls.Channel(contexts._context, urls.read(f"https://h{number}.test/").origin, kept)
        channel._tls = _Remembering()  # type: ignore[assignment]
        channel.remember()
    assert len(kept) == tls._MOST_SESSIONS
    assert urls.read(f"https://h{tls._MOST_SESSIONS + 49}.test/").origin in kept


class _Remembering:
    session = object()


@pytest.mark.parametrize(
    "text",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_addresses_of_the_internet_are_public(text: str):
    assert is_public(text)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%lo", "febf::1", "fec0::1", "fc00::1", "fdff::1", "ff02::1",
        "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::10.0.0.1", "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::1", "2002:a00:1::1", "2001::7f00:1",
    ],
)  # fmt: skip
def test_every_other_address_is_not_whatever_it_is_wrapped_in(text: str):
    assert not is_public(text)
