"""What is not as expected is not ok, though it came whole; it counts as failed and is not saved."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.request
from pathlib import Path

import pytest

from fetchmux.origin.launch import Origin
from tests.cli import shell

STATUSES = {
    "200-299": {200: True, 404: False},
    "200,404": {200: True, 404: True},
    "404-410": {200: False, 404: True, 410: True},
}


@pytest.mark.parametrize(("wanted", "outcomes"), STATUSES.items(), ids=STATUSES)
def test_only_an_expected_status_is_ok(origin: Origin, wanted: str, outcomes: dict[int, bool]):
    targets = [origin.url(f"/status/{status}") for status in outcomes]
    done = shell.run("get", "--expect-status", wanted, *targets)
    records = shell.records(done.stdout)
    assert [(record["status"], record["ok"], record["error"]) for record in records] == [
        (status, ok, None) for status, ok in outcomes.items()
    ]
    assert done.returncode == (0 if all(outcomes.values()) else 1)


def test_a_status_that_is_expected_is_not_tried_again(origin: Origin):
    (record,) = shell.records(shell.run("get", "--expect-status", "503", origin.url("/status/503")).stdout)
    assert (record["ok"], record["attempts"]) == (True, 1)


def _hash(url: str) -> str:
    with urllib.request.urlopen(url) as reply:
        return hashlib.sha256(reply.read()).hexdigest()


@pytest.mark.parametrize("options", [[], ["--body", "hash"], ["--body", "base64"], ["--processes", "2"]])
def test_a_body_is_compared_with_its_hash(origin: Origin, options: list[str]):
    url = origin.url("/bytes/100")
    right, wrong = _hash(url), "0" * 64
    lines = [{"url": url, "sha256": right.upper()}, {"url": url, "sha256": wrong}, {"url": url}]
    done = shell.run("get", *options, stdin="\n".join(map(json.dumps, lines)).encode())
    records = shell.records(done.stdout)
    assert [(record["ok"], record["error"]) for record in records] == [(True, None), (False, None), (True, None)]
    assert [record["sha256"] for record in records[:2]] == [right, right]
    assert done.returncode == 1


def test_the_hash_of_one_url_may_stand_in_the_command(origin: Origin):
    url = origin.url("/bytes/100")
    assert shell.run("get", "--expect-sha256", _hash(url), url).returncode == 0
    assert shell.run("get", "--expect-sha256", "0" * 64, url).returncode == 1


def test_what_is_not_as_expected_is_not_saved(origin: Origin, tmp_path: Path):
    url = origin.url("/bytes/100")
    done = shell.run("get", "--save-dir", str(tmp_path), "--expect-sha256", "0" * 64, url)
    (record,) = shell.records(done.stdout)
    assert (record["ok"], record["saved_to"]) == (False, None)
    assert os.listdir(tmp_path) == []


def test_a_hash_that_is_none_is_a_fault_of_its_line():
    (record,) = shell.records(shell.run("get", '{"url": "http://h/", "sha256": "abc"}').stdout)
    assert (record["error"]["code"], record["error"]["phase"]) == ("bad-url", "input")
    assert "hexadecimal" in record["error"]["message"]


def test_a_person_is_told_what_came_instead(origin: Origin):
    targets = [origin.url("/bytes/1"), origin.url("/status/404")]
    done = shell.run("get", "-v", "--format", "table", "--expect-status", "201", *targets)
    assert b"1  not as expected     " in done.stdout
    assert f"fetchmux: {targets[0]}: not as expected: status 200\n".encode() in done.stderr
    assert f"fetchmux: {targets[1]}: status 404\n".encode() in done.stderr
    assert b"2 failed (2 not as expected)" in done.stderr
