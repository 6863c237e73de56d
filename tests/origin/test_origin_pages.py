"""What the good origin answers, without a socket."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchmux.origin import filler, pages, reply
from fetchmux.origin.request import parse


def page(target: str, head: str = "") -> pages.Page:
    return pages.answer(parse(f"GET {target} HTTP/1.0\r\n{head}\r\n".encode()))


def body(target: str, head: str = "", method: str = "GET") -> bytes:
    request = parse(f"{method} {target} HTTP/1.0\r\n{head}\r\n".encode())
    answer = reply.compose(request, pages.answer(request))
    return answer.start.partition(b"\r\n\r\n")[2] + b"".join(answer.pieces())


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("/?delay=-1", "delay"),
        ("/?delay=nan", "delay"),
        ("/?delay=inf", "delay"),
        ("/?delay=", "delay"),
        ("/?delay=1_0", "delay"),
        ("/?delay=%D9%A1", "delay"),
        ("/?delay=3600.1", "delay"),
        ("/?delay=1e999", "delay"),
        ("/?jitter=soon", "jitter"),
        ("/?size=-1", "size"),
        ("/?size=1.5", "size"),
        ("/?size=1073741825", "size"),
        ("/?size=" + "9" * 5000, "size"),
        ("/?seed=x", "seed"),
        ("/bytes/many", "/bytes/"),
        ("/bytes/1073741825", "/bytes/"),
        ("/bytes/-0", "/bytes/"),
        ("/delay/nan", "/delay/"),
        ("/status/199", "/status/"),
        ("/status/1000", "/status/"),
    ],
)
def test_a_value_that_makes_no_sense_is_answered_with_400_and_its_name(target: str, what: str) -> None:
    answer = page(target)
    assert answer.status == 400
    assert what in answer.lead.decode()
    assert answer.delay == 0


@pytest.mark.parametrize("target", ["/none", "/bytes", "/bytes/1/2", "/s/x", "/delay", "//", "*"])
def test_an_unknown_path_is_404(target: str) -> None:
    assert page(target).status == 404


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc", "Zs"]), max_size=60))
def test_every_target_has_a_page(text: str) -> None:
    answer = pages.answer(parse(f"GET /{text} HTTP/1.0\r\n\r\n".encode("latin-1")))
    assert answer.status >= 200
    assert 0 <= answer.delay <= 3 * 3600


def test_delays_of_path_and_query_add_up() -> None:
    assert page("/delay/1?delay=.5").delay == 1.5
    assert page("/bytes/1?delay=1e-3").delay == 0.001


def test_jitter_is_within_its_bound_and_a_function_of_the_request() -> None:
    delays = [page(f"/s?wd={key}&jitter=2&delay=1").delay for key in range(200)]
    again = [page(f"/s?wd={key}&jitter=2&delay=1").delay for key in range(200)]
    assert delays == again
    assert len(set(delays)) == 200
    assert 1 <= min(delays) < 1.2
    assert 2.8 < max(delays) < 3
    assert page("/s?wd=0&jitter=2&delay=1&seed=1").delay != page("/s?wd=0&jitter=2&delay=1&seed=2").delay


@pytest.mark.parametrize(
    "path", ["/bytes/7", "/s?wd=key", "/", "/headers", "/echo", "/status/404", "/none", "/delay/0"]
)
@pytest.mark.parametrize("size", [0, 3, 1000, 100_000])
def test_size_is_the_size_of_the_body_on_every_path(path: str, size: int) -> None:
    assert len(body(f"{path}{'&' if '?' in path else '?'}size={size}")) == size


def test_the_bytes_depend_on_the_seed_alone_and_look_like_text() -> None:
    assert body("/bytes/1000") == body("/bytes/1000?seed=0") != body("/bytes/1000?seed=1")
    assert body("/bytes/200000").startswith(body("/bytes/1000"))
    assert body("/bytes/1000").replace(b"\n", b"").decode("ascii").isprintable()


@given(st.integers(0, 3 * filler.PERIOD), st.integers(0, 3 * filler.PERIOD))
def test_any_part_of_the_filler_is_that_part_of_the_whole(start: int, size: int) -> None:
    assert b"".join(filler.pieces(5, start, size)) == filler.text(5, start + size)[start:]


@pytest.mark.parametrize("path", ["/s?wd=", "/web?query=", "/search?q="])
def test_a_result_page_holds_the_decoded_key_escaped(path: str) -> None:
    text = body(f"{path}%E4%BD%A0+%3Cb%3E%26%22").decode()
    assert "<h1>Results for 你 &lt;b&gt;&amp;&quot;</h1>" in text


def test_headers_are_told_as_received_in_order_and_repeated() -> None:
    told = json.loads(body("/headers", "x-Odd:  1 \r\nHost: a\r\nx-odd: \r\n"))
    assert told == [["x-Odd", "1"], ["Host", "a"], ["x-odd", ""]]


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_content_has_no_body(status: int) -> None:
    assert body(f"/status/{status}?size=10") == b""


@pytest.mark.parametrize("path", ["/bytes/7", "/bytes/100000", "/s?wd=key", "/", "/status/404", "/none", "/?size=x"])
def test_head_gets_the_head_of_get_and_no_body(path: str) -> None:
    heads = []
    for method in ("GET", "HEAD"):
        request = parse(f"{method} {path} HTTP/1.0\r\n\r\n".encode())
        heads.append(reply.compose(request, pages.answer(request)).start.partition(b"\r\n\r\n")[0])
    assert heads[0] == heads[1]
    assert body(path, method="HEAD") == b""
