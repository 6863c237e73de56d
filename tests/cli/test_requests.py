"""What the options make of a request, as a server sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fetchmux import __version__
from fetchmux.origin.launch import Origin
from tests.cli import shell

FORM = "application/x-www-form-urlencoded"


def fields(origin: Origin, *options: str) -> dict[str, str]:
    """The header fields that arrive."""
    return dict(json.loads(fetched(origin.url("/headers"), *options)["body"]))


def fetched(url: str, *options: str) -> dict[str, Any]:
    result = shell.run("get", "--body", "text", *options, "--", url)
    assert (result.returncode, result.stderr) == (0, b"")
    (record,) = shell.records(result.stdout)
    return record


def test_without_options_it_says_who_asks_and_keeps_the_connection(origin: Origin):
    assert fields(origin) == {
        "Host": "{}:{}".format(*origin.address),
        "User-Agent": f"fetchmux/{__version__}",
        "Accept": "*/*",
        "Connection": "keep-alive",
    }


def test_no_keep_alive_closes_the_connection(origin: Origin):
    assert fields(origin, "--no-keep-alive")["Connection"] == "close"


def test_a_header_replaces_ours_without_a_value_removes_it_and_with_a_semicolon_empties_it(origin: Origin):
    sent = fields(origin, "-H", "accept: text/html", "-H", "User-Agent:", "-H", "X-Empty;")
    assert (sent["accept"], sent["X-Empty"]) == ("text/html", "")
    assert not {"Accept", "User-Agent"} & sent.keys()


def test_user_agent_is_that_field_and_yields_to_a_header(origin: Origin):
    assert fields(origin, "-A", "me/1")["User-Agent"] == "me/1"
    assert "User-Agent" not in fields(origin, "-A", "")
    assert fields(origin, "-A", "me/1", "-H", "User-Agent: you/2")["User-Agent"] == "you/2"


def test_data_is_joined_and_posted_as_a_form(origin: Origin):
    record = fetched(origin.url("/echo"), "-d", "a=1", "--data", "b=2")
    assert (record["method"], record["body"]) == ("POST", "a=1&b=2")
    assert fetched(origin.url("/echo"), "--data-binary", "c=\n", "--data-binary", "d")["body"] == "c=\n&d"
    assert fields(origin, "-d", "a=1")["Content-Type"] == FORM


def test_a_content_type_of_the_user_stays_alone(origin: Origin):
    assert fields(origin, "-d", "{}", "-H", "content-type: application/json")["content-type"] == "application/json"
    assert FORM not in fields(origin, "-d", "{}", "-H", "content-type: application/json").values()


def test_request_names_the_method_also_of_data(origin: Origin):
    assert fetched(origin.url("/echo"), "-X", "PUT", "-d", "x")["method"] == "PUT"


def test_head_asks_for_no_body(origin: Origin):
    record = fetched(origin.url("/bytes/10"), "-I")
    assert (record["method"], record["status"], record["body_size"]) == ("HEAD", 200, 0)


@pytest.mark.parametrize("key", ["alex", "a b&c=d#e%", "漢字", "http://h/"])
def test_a_key_reaches_the_server_as_it_is(origin: Origin, key: str):
    record = fetched(key, "--template", origin.url("/s?wd={key}"))
    assert record["input"] == key
    assert record["status"] == 200
    assert key.split("&")[0] in record["body"]
