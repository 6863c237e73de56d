"""From items to requests: URLs, keys and JSON objects, and what their records may show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchmux.errors import Code, Phase, UsageError
from fetchmux.inputs.lines import MAX_LINE
from fetchmux.inputs.requests import Item, Recipe, read_requests
from fetchmux.inputs.search import ENGINES, Template
from fetchmux.model import Request

SEARCH = Recipe(template=Template("http://h/s?wd={key}"))


def read_all(items: Iterable[Item], recipe: Recipe | None = None) -> list[Request | None]:
    return list(read_requests(items, recipe or Recipe()))


def read(item: str | bytes, recipe: Recipe | None = None) -> Request:
    (request,) = read_all([item], recipe)
    assert request is not None
    return request


def target(item: str | bytes, recipe: Recipe = SEARCH) -> str:
    request = read(item, recipe)
    assert request.fault is None
    assert request.url is not None
    return request.url.target


def fault(request: Request) -> tuple[str, str | None]:
    assert request.fault is not None
    return request.fault.code, request.fault.phase


def line(**fields: Any) -> str:
    return json.dumps(fields)


# Items


def test_each_item_that_is_not_blank_is_a_request_and_indexes_have_no_gaps():
    requests = read_all(["http://h/1", "", "  \t", b"", b"\r", None, "http://[", b"http://h/3", "\u3000"])
    assert [None if request is None else request.index for request in requests] == [0, None, 1, 2]


def test_nothing_to_read_yet_passes_through():
    assert read_all([None, None]) == [None, None]


def test_items_are_read_one_by_one():
    requests = read_requests(iter(["http://h/1"]), Recipe())
    assert next(requests) is not None


def test_blanks_around_an_item_are_not_part_of_it():
    request = read("  http://h/x \r")
    assert request.input == "http://h/x"


@pytest.mark.parametrize("bomb", ["[" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000])
def test_a_json_object_nested_beyond_all_measure_is_a_bad_line(bomb: str):
    assert fault(read('{"x":' + bomb + "}")) == (Code.BAD_URL, Phase.INPUT)


def test_a_byte_order_mark_is_not_part_of_a_line():
    assert read("\ufeffhttp://h/".encode()).input == "http://h/"


def test_bytes_that_are_no_utf_8_are_a_bad_url_and_can_be_shown():
    for recipe in (Recipe(), SEARCH):
        request = read(b"http://h/\xff\xfe", recipe)
        assert fault(request) == (Code.BAD_URL, Phase.INPUT)
        assert request.input == "http://h/??"


def test_an_argument_with_bytes_that_are_no_utf_8_is_a_bad_url():
    request = read("http://h/\udcff")
    assert fault(request) == (Code.BAD_URL, Phase.INPUT)
    assert request.input == "http://h/?"


@pytest.mark.parametrize("filling", ["x", "é", "日", "😀"])
@pytest.mark.parametrize("start", ["http://h/", '{"url": "http://h/'])
@pytest.mark.parametrize("beyond", [1, 100, MAX_LINE])
def test_a_line_of_more_than_a_mebibyte_is_refused_whatever_its_letters_are(start: str, filling: str, beyond: int):
    """A line that was cut between two letters looks whole; the byte that it has too many tells."""
    end = '"}' if start[0] == "{" else ""
    room = MAX_LINE + beyond - len(start + end)
    width = len(filling.encode())
    text = start + "x" * (room % width) + filling * (room // width) + end
    assert len(text.encode()) == MAX_LINE + beyond
    request = read(text.encode())
    assert fault(request) == (Code.BAD_URL, Phase.INPUT)
    assert request.fault is not None
    assert request.fault.message == "the line is longer than 1,048,576 bytes"
    shorter = text.replace("x", "", beyond) if filling == "x" else text.replace(filling, "", -(-beyond // width))
    assert len(shorter.encode()) <= MAX_LINE
    assert read(shorter.encode()).fault is None


# Recipes


def test_a_request_is_made_by_the_recipe():
    request = read("http://h/", Recipe("PUT", (("A", "b"),), b"body"))
    assert (request.method, request.headers, request.body) == ("PUT", (("A", "b"),), b"body")
    assert (request.id, request.fault) == (None, None)


# Keys


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("alex", "alex"),
        ("百度", "%E7%99%BE%E5%BA%A6"),
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("a&b=c", "a%26b%3Dc"),
        ("a#b", "a%23b"),
        ("100%", "100%25"),
        ("%41", "%2541"),
        ("a/b?c", "a%2Fb%3Fc"),
        ("a\\b", "a%5Cb"),
        ("~-_.", "~-_."),
        ("'\"", "%27%22"),
        ("a\tb", "a%09b"),
        ("a\0b", "a%00b"),
        ("😀", "%F0%9F%98%80"),
        ("http://user:pw@h/", "http%3A%2F%2Fuser%3Apw%40h%2F"),
        ("mailto:x", "mailto%3Ax"),
        ("{key}", "%7Bkey%7D"),
    ],
)
def test_no_character_of_a_key_means_anything_to_the_url(key: str, shown: str):
    if key.startswith("{"):
        key = line(key=key)
    assert target(key) == f"/s?wd={shown}"


def test_a_key_is_shown_as_it_was_given():
    assert read(" a b@c ", SEARCH).input == "a b@c"


def test_a_template_may_have_its_hole_anywhere_and_twice():
    recipe = Recipe(template=Template("http://{key}.example/{key}?{key}#{key}"))
    request = read("Alex", recipe)
    assert request.url is not None
    assert request.url.text == "http://alex.example/Alex?Alex"


def test_a_key_that_spoils_its_template_is_a_bad_url():
    assert fault(read("a b", Recipe(template=Template("http://{key}/")))) == (Code.BAD_URL, Phase.INPUT)


def test_a_key_with_a_lone_surrogate_is_a_bad_url():
    assert fault(read("a\ud800b", SEARCH)) == (Code.BAD_URL, Phase.INPUT)


def test_credentials_of_a_template_are_sent_and_not_shown():
    request = read("x", Recipe(template=Template("http://user:SECRET@h/{key}")))
    assert request.url is not None
    assert request.url.authorization == "Basic dXNlcjpTRUNSRVQ="
    assert "SECRET" not in repr((request.input, request.url.text, request.url.target))


@pytest.mark.parametrize("text", ["http://user:SECRET@h/", "http://user:SE/CRET@h/?{keys}"])
def test_a_template_without_a_hole_is_refused_without_its_credentials(text: str):
    with pytest.raises(UsageError, match=r"no \{key\}") as caught:
        Template(text)
    assert "SE" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_every_engine_has_a_template(name: str):
    request = read("百 度", Recipe(template=Template(ENGINES[name])))
    assert request.url is not None
    assert request.url.text.endswith("=%E7%99%BE%20%E5%BA%A6")
    assert name in request.url.origin.name[0]


# JSON objects


def test_an_object_replaces_the_recipe():
    text = line(url="http://h/x", method="PATCH", headers={"A": "b", "C": None}, body="grün", id="me")
    request = read(text, Recipe("POST", (("D", "e"),), b"body"))
    assert request.fault is None
    assert request.url is not None
    assert (request.input, request.url.text, request.id) == ("http://h/x", "http://h/x", "me")
    assert (request.method, request.body) == ("PATCH", "grün".encode())
    assert request.headers == (("D", "e"), ("A", "b"), ("C", None))


def test_an_object_keeps_of_the_recipe_what_it_does_not_name():
    request = read(line(url="http://h/"), Recipe("POST", (("D", "e"),), b"body"))
    assert (request.method, request.headers, request.body) == ("POST", (("D", "e"),), b"body")


def test_an_objects_field_replaces_the_recipes_in_any_case():
    request = read(line(url="http://h/", headers={"dd": "new"}), Recipe(headers=(("Dd", "e"), ("D", "f"))))
    assert request.headers == (("D", "f"), ("dd", "new"))


def test_an_object_may_send_an_empty_body():
    assert read(line(url="http://h/", body=""), Recipe("POST", (), b"x")).body == b""


@pytest.mark.parametrize("identity", [0, 17, -1, "", "a", None])
def test_an_id_is_kept_as_it_is(identity: str | int | None):
    assert read(line(url="http://h/", id=identity)).id == identity


def test_what_an_object_says_beyond_that_is_left_alone():
    assert read(line(url="http://h/", more={"a": [1]})).fault is None


def test_an_object_may_have_a_key():
    request = read(line(key="a&b", id=1), SEARCH)
    assert request.url is not None
    assert (request.input, request.url.target, request.id) == ("a&b", "/s?wd=a%26b", 1)


def test_an_object_may_have_a_url_where_others_have_keys():
    assert target(line(url="http://h/x")) == "/x"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "{nonsense}",
        '{"url": "http://h/"',
        '{"url": "http://h/"} x',
        '{"url": 5}',
        '{"url": ["http://h/"]}',
        '{"url": null}',
        '{"url": "http://h/", "key": "a"}',
        '{"key": "a"}',
        '{"url": ""}',
        '{"url": "http://["}',
        '{"url": "ftp://h/"}',
        '{"url": "http://h/", "headers": ["A"]}',
        '{"url": "http://h/", "headers": {"A": 5}}',
        '{"url": "http://h/", "id": 1.5}',
        '{"url": "http://h/", "id": [1]}',
        '{"url": "http://h/", "body": 5}',
        '{"url": "http://h/", "body": "\\ud800"}',
        '{"url": "http://h/", "method": 5}',
        '{"url": "http://h/\udcff"}',
        '{"url": "http://h/\\ud800"}',
    ],
    ids=ascii,
)
def test_an_object_that_cannot_be_understood_is_a_bad_url(text: str):
    request = read(text)
    assert fault(request) == (Code.BAD_URL, Phase.INPUT)
    assert request.url is None
    msgspec.json.encode(request.input)


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "GE T"},
        {"method": "GET\r\nA: b"},
        {"headers": {"A b": "c"}},
        {"headers": {"": "c"}},
        {"headers": {"A": "b\r\nC: d"}},
        {"headers": {"A": "b\0"}},
    ],
    ids=str,
)
def test_an_object_that_asks_for_what_must_not_be_sent_is_a_bad_request(fields: dict[str, Any]):
    request = read(line(url="http://h/", **fields))
    assert fault(request) == (Code.BAD_REQUEST, Phase.INPUT)
    assert request.input == "http://h/"


# Secrets


def shown(request: Request) -> str:
    """All of a request that may come into a record or a message."""
    url = request.url
    parts = [request.input, str(request.fault), request.method, repr(request.id)]
    if url is not None:
        parts += [url.text, url.target, repr(url.origin), url.origin.host_header]
    return "\n".join(parts)


SECRETS = [
    "http://user:SECRET@h/",
    "HTTPS://user:SECRET@h:81/x?y#z",
    "http://SECRET@h/",
    "http://:SECRET@h/",
    "http:user:SECRET@h",
    "http:/user:SECRET@h",
    "http:\\\\user:SECRET@h",
    "//user:SECRET@h",
    "user:SECRET@h",
    "user:99SECRET@h",
    "ftp://user:SECRET@h/",
    "http://user:SECRET@h:x/",
    "http://user:SECRET@[/",
    "http://user:SECRET@",
    "http://user:SE/SECRET@h/",
    "http://user:SE#SECRET@h/",
    "http://user:SE?SECRET@h/",
    "http://user:SECRET@SECRET@h/",
    "http:/\t/user:SECRET@h/",
    "ht\ttp://user:SECRET@h/",
    "\x01http://user:SECRET@h/",
    "http://user:SECRET@h/\udcff",
    "http://user:SECRET\udcff@h/",
    "http://user:SECRET@h/" + "x" * MAX_LINE,
]


@pytest.mark.parametrize("text", SECRETS, ids=lambda text: ascii(text[:40]))
def test_a_password_is_shown_nowhere(text: str):
    assert "SECRET" not in shown(read(text))
    assert "SECRET" not in shown(read(text.encode("utf-8", "surrogateescape")))


@pytest.mark.parametrize("text", SECRETS, ids=lambda text: ascii(text[:40]))
@pytest.mark.parametrize(
    "pattern",
    [
        '{"url": %s}',
        '{"url": %s',
        '{"url": %s, "key": "a"}',
        '{"url": %s, "id": [1]}',
        '{"url": %s, "method": "GE T"}',
        '{"id": 5, "link": %s}',
        "{%s}",
    ],
)
def test_a_password_in_a_json_line_is_shown_nowhere(pattern: str, text: str):
    assert "SECRET" not in shown(read(pattern % json.dumps(text, ensure_ascii=False)))
    assert "SECRET" not in shown(read(pattern % json.dumps(text).replace("/", "\\/")))
    assert "SECRET" not in shown(read(pattern % json.dumps(text).replace("/", "\\u002f")))


BLANKS = st.text(st.sampled_from(" \t\x01\x0b\u00a0"), max_size=2)
SLASHES = st.text(st.sampled_from("/\\\t"), max_size=4)
SCHEMES = st.sampled_from(["http:", "HTTPS:", "ht\ttp:", "http\n:", "ftp:", "x:", ""])
WORDS = st.text(st.characters(exclude_characters="@"), max_size=5)
HOSTS = st.sampled_from(["h", "h/x", "h:80/x@y", "[", "h:x", "", "\udcff"])


@settings(deadline=None, max_examples=500)
@given(BLANKS, SCHEMES, SLASHES, WORDS, WORDS, HOSTS)
def test_a_password_of_any_shape_is_shown_nowhere(
    blanks: str, scheme: str, slashes: str, user: str, around: str, host: str
):
    """Whatever a person may have meant: if it names a user and a password, no record shows the password."""
    text = f"{blanks}{scheme}{slashes}{user}:{around}S3CR3T@{host}"
    request = read(text)
    if request.url is None or request.url.authorization is not None:
        assert "S3CR3T" not in shown(request)
    else:
        # A URL without credentials: what looks like a password is part of its path, query or fragment.
        assert re.search(r"[/\\?#].*S3CR3T", text, re.DOTALL)


# Anything


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(), st.binary(), st.text().map(lambda text: "{" + text)), st.sampled_from([Recipe(), SEARCH]))
def test_any_item_is_a_request_or_a_fault_that_can_be_written_down(item: str | bytes, recipe: Recipe):
    for request in read_all([item], recipe):
        assert request is not None
        assert (request.url is None) == (request.fault is not None)
        assert request.fault is None or request.fault.code is Code.BAD_URL
        msgspec.json.encode((request.input, str(request.fault), request.url and request.url.text))


OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "url": st.one_of(st.none(), st.text(), st.just("http://h/")),
        "key": st.one_of(st.none(), st.text()),
        "method": st.one_of(st.none(), st.text(), st.sampled_from(["GET", "POST"])),
        "headers": st.dictionaries(st.text(), st.one_of(st.none(), st.text())),
        "body": st.one_of(st.none(), st.text()),
        "id": st.one_of(st.none(), st.text(), st.integers()),
    },
)


@settings(deadline=None, max_examples=300)
@given(OBJECTS, st.sampled_from([Recipe(), SEARCH]))
def test_any_object_is_a_request_or_a_fault_that_can_be_written_down(fields: dict[str, Any], recipe: Recipe):
    request = read(json.dumps(fields), recipe)
    assert request.fault is None or request.fault.code in (Code.BAD_URL, Code.BAD_REQUEST)
    assert request.fault is not None or request.url is not None
    msgspec.json.encode((request.input, request.id, request.method, str(request.fault)))
