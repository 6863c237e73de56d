"""What is said to a SOCKS proxy, and what its answers mean, fed whole and byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.tunnel.socks import Socks
from tests.tunnel.carrying import by_bytes, whole

Cut = Callable[[bytes], Iterable[bytes]]
CUTS = pytest.mark.parametrize("cut", [whole, by_bytes])
LOGIN = (b"user", b"secret")
NO_LOGIN, BY_PASSWORD, NONE_FITS = b"\x05\x00", b"\x05\x02", b"\x05\xff"
WELCOME, REJECTED = b"\x01\x00", b"\x01\x01"
GRANTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90"
GRANTED_IN_OTHER_FORMS = [
    GRANTED,
    b"\x05\x00\x00\x04" + bytes(16) + b"\x00\x00",
    b"\x05\x00\x00\x03\x05proxy\x00\x50",
    b"\x05\x00\x00\x03\x00\x00\x50",
]


def play(dialogue: Socks, replies: Iterable[bytes], cut: Cut = whole) -> list[bytes]:
    """Let the proxy answer each message with the next reply; the messages."""
    said = []
    for reply in replies:
        said.append(dialogue.outgoing)
        dialogue.outgoing = b""
        for part in cut(reply):
            assert not dialogue.open
            assert not dialogue.outgoing
            dialogue.receive(part)
    return said


# What is said


@CUTS
@pytest.mark.parametrize("granted", GRANTED_IN_OTHER_FORMS)
def test_without_a_login_two_questions_are_asked(cut: Cut, granted: bytes):
    dialogue = Socks(("h.example", 443), None)
    said = play(dialogue, [NO_LOGIN, granted], cut)
    assert said == [b"\x05\x01\x00", b"\x05\x01\x00\x03\x09h.example\x01\xbb"]
    assert dialogue.open
    assert dialogue.outgoing == dialogue.rest == b""


@CUTS
@pytest.mark.parametrize("granted", GRANTED_IN_OTHER_FORMS)
def test_with_a_login_the_proxy_may_ask_for_it(cut: Cut, granted: bytes):
    dialogue = Socks(("h", 80), LOGIN)
    said = play(dialogue, [BY_PASSWORD, WELCOME, granted], cut)
    assert said == [b"\x05\x02\x00\x02", b"\x01\x04user\x06secret", b"\x05\x01\x00\x03\x01h\x00\x50"]
    assert dialogue.open


def test_a_proxy_that_does_not_ask_is_not_told_the_login():
    said = play(Socks(("h", 80), LOGIN), [NO_LOGIN, GRANTED])
    assert b"secret" not in b"".join(said)


@pytest.mark.parametrize(
    ("host", "spelt"),
    [
        ("127.0.0.1", b"\x01\x7f\x00\x00\x01"),
        ("2001:db8::1", b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01"),
        ("h" * 255, b"\x03\xff" + b"h" * 255),
    ],
)
def test_an_address_is_sent_as_one_and_a_name_as_a_name(host: str, spelt: bytes):
    said = play(Socks((host, 80), None), [NO_LOGIN, GRANTED])
    assert said[1] == b"\x05\x01\x00" + spelt + b"\x00\x50"


@pytest.mark.parametrize("granted", GRANTED_IN_OTHER_FORMS)
@pytest.mark.parametrize("rest", [b"\x16\x03\x01", b"\x05\x01", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_what_follows_the_last_reply_is_not_the_proxys(granted: bytes, rest: bytes):
    dialogue = Socks(("h", 80), None)
    play(dialogue, [NO_LOGIN, granted + rest])
    assert dialogue.open
    assert dialogue.rest == rest


# What the answers mean


def refusal(dialogue: Socks, replies: Iterable[bytes], cut: Cut = whole) -> str:
    with pytest.raises(FetchError) as caught:
        play(dialogue, replies, cut)
    assert not dialogue.open
    assert (caught.value.code, caught.value.phase) == (Code.PROXY_FAILED, Phase.CONNECT)
    assert "secret" not in caught.value.message
    return caught.value.message


@CUTS
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "the proxy failed and does not say why (SOCKS reply 1)"),
        (2, "the proxy does not allow this target (SOCKS reply 2)"),
        (3, "the proxy cannot reach the target's network (SOCKS reply 3)"),
        (4, "the proxy cannot reach the target (SOCKS reply 4)"),
        (5, "the target refused the proxy's connection (SOCKS reply 5)"),
        (6, "the target is too far away from the proxy (SOCKS reply 6)"),
        (7, "the proxy does not make connections (SOCKS reply 7)"),
        (8, "the proxy does not take this kind of address (SOCKS reply 8)"),
        (9, "the proxy failed (SOCKS reply 9)"),
        (255, "the proxy failed (SOCKS reply 255)"),
    ],
)
@pytest.mark.parametrize("length", [2, 4, 10])
def test_a_reply_code_says_whether_the_proxy_or_the_target_refused(cut: Cut, code: int, words: str, length: int):
    """Also when the proxy hangs up in the middle of its reply, or leaves the address out."""
    reply = (b"\x05" + bytes([code]) + bytes(8))[:length]
    assert refusal(Socks(("h", 80), None), [NO_LOGIN, reply], cut) == words


@pytest.mark.parametrize(("code", "passing"), [(1, False), (2, False), (3, True), (4, True), (5, True), (7, False)])
def test_a_target_that_the_proxy_did_not_reach_may_be_reached_later_and_a_refusal_is_final(code: int, passing: bool):
    dialogue = Socks(("h", 80), None)
    with pytest.raises(FetchError) as caught:
        play(dialogue, [NO_LOGIN, bytes([5, code])])
    assert caught.value.passing == passing


@CUTS
def test_the_ways_in_which_a_login_fails_are_told_apart(cut: Cut):
    assert refusal(Socks(("h", 80), None), [NONE_FITS], cut) == "the proxy demands a user name and password"
    assert refusal(Socks(("h", 80), LOGIN), [NONE_FITS], cut) == "the proxy wants to be logged in to in another way"
    wrong = "the proxy does not accept the user name and password"
    assert refusal(Socks(("h", 80), LOGIN), [BY_PASSWORD, REJECTED], cut) == wrong


@CUTS
@pytest.mark.parametrize(
    "replies",
    [
        [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        [b"\x04\x00"],
        [b"\x05\x01"],
        [b"\x05\x77"],
        [BY_PASSWORD],
        [NO_LOGIN, b"\x04\x00\x00\x01" + bytes(6)],
        [NO_LOGIN, b"\x05\x00\x00\x02" + bytes(6)],
        [NO_LOGIN, b"\x05\x00\x00\x03\x03\xff\xff\xff\x00\x50"],
    ],
)
def test_what_is_no_answer_is_refused(cut: Cut, replies: list[bytes]):
    assert refusal(Socks(("h", 80), None), replies, cut) == "the proxy's answer is not SOCKS 5"


def test_a_name_that_does_not_fit_is_not_sent():
    assert refusal(Socks(("h" * 256, 80), None), [NO_LOGIN]) == "SOCKS takes no name of more than 255 bytes"
