"""What is said to an HTTP proxy, and what its answers mean, fed whole and byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.tunnel.connect import Connect
from tests.tunnel.carrying import AGENT, by_bytes, whole

Cut = Callable[[bytes], Iterable[bytes]]
CUTS = pytest.mark.parametrize("cut", [whole, by_bytes])


def ask(host: str = "h", authorization: str | None = None, max_head: int = 1_000) -> Connect:
    return Connect((host, 443), AGENT, authorization, max_head)


def answer(dialogue: Connect, parts: Iterable[bytes]) -> None:
    for part in parts:
        assert not dialogue.open
        dialogue.receive(part)


@pytest.mark.parametrize(("host", "authority"), [("h.example", "h.example:443"), ("::1", "[::1]:443")])
def test_the_question_names_the_target_with_its_port(host: str, authority: str):
    asked = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {AGENT}\r\n\r\n"
    assert ask(host).outgoing == asked.encode()


def test_credentials_are_sent_as_they_were_given():
    assert b"\r\nProxy-Authorization: Basic abc\r\n" in ask(authorization="Basic abc").outgoing


@CUTS
@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n",
        b"HTTP/1.1 204\r\n\r\n",
        b"HTTP/1.1 299 Fine\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_any_2xx_opens_the_way(cut: Cut, wire: bytes):
    dialogue = ask()
    answer(dialogue, cut(wire))
    assert dialogue.open
    assert dialogue.rest == b""


@pytest.mark.parametrize("early", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"])
@pytest.mark.parametrize("rest", [b"\x16\x03\x01", b"\r\n\r\n", b"HTTP/1.1 403 No\r\n\r\n"])
def test_what_follows_the_head_is_not_the_proxys(early: bytes, rest: bytes):
    dialogue = ask()
    answer(dialogue, [early + b"HTTP/1.1 200 OK\r\n\r\n" + rest])
    assert dialogue.open
    assert dialogue.rest == rest


REFUSALS = [
    (b"HTTP/1.1 407 Proxy Authentication Required", None, "the proxy demands a user name and password: 407"),
    (b"HTTP/1.1 407 No", "Basic abc", "the proxy does not accept the user name and password: 407 No"),
    (b"HTTP/1.0 401 No", "Basic abc", "the proxy does not accept the user name and password: 401 No"),
    (b"HTTP/1.0 401 No", None, "the proxy refused CONNECT: 401 No"),
    (b"HTTP/1.1 403 Filtered", None, "the proxy does not allow this target: 403 Filtered"),
    (b"HTTP/1.1 502 Bad Gateway", None, "the proxy did not connect to the target: 502 Bad Gateway"),
    (b"HTTP/1.0 504", None, "the proxy did not connect to the target: 504"),
    (b"HTTP/1.1 400 Bad Request", None, "the proxy refused CONNECT: 400 Bad Request"),
    (b"HTTP/1.1 302 Found", None, "the proxy refused CONNECT: 302 Found"),
    (b"HTTP/1.1 502 \x1b[31m" + b"x" * 500, None, "the proxy did not connect to the target: 502 [31m" + "x" * 76),
]
JUNK = [
    (b"\x05\xff", "not HTTP"),
    (b"SSH-2.0-OpenSSH\r\n", "not HTTP"),
    (b"HTTP/2 200\r\n\r\n", "cannot be read"),
    (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "cannot be read: a field line has no colon"),
    (b"HTTP/1.1 200 OK\r\nx: \0\r\n\r\n", "cannot be read"),
    (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000, "too large"),
    (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000 + b"\r\n\r\n", "too large"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 50, "too large"),
]


@CUTS
@pytest.mark.parametrize(("status_line", "authorization", "words"), REFUSALS)
def test_a_refusal_is_told_with_its_status(cut: Cut, status_line: bytes, authorization: str | None, words: str):
    wire = status_line + b"\r\nContent-Length: 5\r\n\r\n"
    error = refusal(ask(authorization=authorization), cut(wire))
    assert error.message.startswith(words)
    assert "abc" not in error.message


@CUTS
@pytest.mark.parametrize(("wire", "words"), JUNK)
def test_what_is_no_answer_is_refused(cut: Cut, wire: bytes, words: str):
    assert words in refusal(ask(), cut(wire)).message


@pytest.mark.parametrize(("status", "passing"), [(502, True), (503, True), (504, True), (407, False), (403, False)])
def test_a_target_that_the_proxy_did_not_reach_may_be_reached_later_and_a_refusal_is_final(status: int, passing: bool):
    assert refusal(ask(), [b"HTTP/1.1 %d x\r\n\r\n" % status]).passing == passing


def refusal(dialogue: Connect, parts: Iterable[bytes]) -> FetchError:
    with pytest.raises(FetchError) as caught:
        answer(dialogue, parts)
    assert not dialogue.open
    assert (caught.value.code, caught.value.phase) == (Code.PROXY_FAILED, Phase.CONNECT)
    return caught.value


def test_the_limit_of_the_head_is_exact():
    wire = b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n"
    answer(ask(max_head=len(wire)), [wire + b"x" * 1_000])
    with pytest.raises(FetchError):
        answer(ask(max_head=len(wire) - 1), [wire])
