"""What crosses between processes arrives as it was, however the bytes are cut."""

from __future__ import annotations

import pytest

from fetchmux.inputs.requests import Recipe, read_requests
from fetchmux.model import Request
from fetchmux.settings import Network, Options, TlsOptions
from fetchmux.spread import words
from fetchmux.spread.words import Charge, Frames, Kind


def test_frames_arrive_whole_however_they_are_cut():
    sent = [(Kind.NOTICE, "a"), (Kind.HERE, None), (Kind.NOTICE, "ü" * 1000)]
    wire = b"".join(words.frame(kind, content) for kind, content in sent)
    for step in (1, 3, 7, 1004, len(wire)):
        frames = Frames()
        came = [frame for at in range(0, len(wire), step) for frame in frames.feed(wire[at : at + step])]
        assert [kind for kind, _ in came] == [kind for kind, _ in sent]
        assert [words.decode_text(came[0][1]), words.decode_text(came[2][1])] == ["a", "ü" * 1000]


@pytest.mark.parametrize(
    "line",
    [
        "http://u:p@h/a?b#c",
        "https://[::1]:8443/",
        "http://ex.test/%2e%2e//x y",
        '{"url": "http://h/ü", "method": "PUT", "headers": {"X-A": "1", "Accept": null}, "body": "ä", "id": "k"}',
        '{"url": "http://h/", "id": 7}',
    ],
)
def test_a_request_is_the_same_on_the_other_side(line: str):
    (request,) = read_requests([line], Recipe(headers=(("X-B", "2"),)))
    assert isinstance(request, Request)
    (order,) = words.decode_orders(words.frame(Kind.ORDERS, [words.order(request)])[5:])
    there = words.Requests().of(order)
    assert request.url is not None
    assert there.url is not None
    assert repr(there.url.origin) == repr(request.url.origin)
    for name in ("target", "text", "authorization"):
        assert getattr(there.url, name) == getattr(request.url, name)
    for name in ("index", "input", "method", "headers", "body", "id", "fault"):
        assert getattr(there, name) == getattr(request, name)


def test_urls_of_an_origin_share_it_on_the_other_side_too():
    orders = [words.order(request) for request in read_requests(["http://h/1", "http://u:p@h/2"], Recipe()) if request]
    requests = words.Requests()
    first, second = (requests.of(order).url for order in orders)
    assert first is not None
    assert second is not None
    assert first.origin is second.origin


def test_a_charge_crosses_whole():
    charge = Charge(
        "epoll",
        Options(concurrency=3, max_body=5, rate=2.5, body="digest"),
        Network(fixed=((("h", 80), ("127.0.0.1",)),), proxy="", tls=TlsOptions(insecure=True), netrc=""),
        homes=True,
    )
    assert words.decode_charge(words.frame(Kind.CHARGE, charge)[5:]) == charge
