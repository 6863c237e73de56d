"""Peers on the command line: what is not installed is told, and what a peer would ignore is refused."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from fetchmux.backends import registry
from fetchmux.backends.peers import PEERS
from fetchmux.cli import cli
from fetchmux.cli.question import strategies
from fetchmux.compare.summary import summarise
from fetchmux.errors import UsageError
from fetchmux.peers.direct import refuse
from fetchmux.settings import Network, Options, TlsOptions
from tests.backends.available import strategy
from tests.cli import shell
from tests.compare.conftest import cell
from tests.compare.test_summary import FAST, SLOW, reports

REMEDY = "pip install 'fetchmux[peers]'"


@pytest.fixture
def without_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("without_peers")
@pytest.mark.parametrize("name", [spec.name for spec in PEERS])
def test_get_refuses_a_peer_that_is_not_installed_and_names_the_remedy(name: str):
    result = CliRunner().invoke(cli, ["get", "-b", name, "http://127.0.0.1:1/"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"fetchmux: the backend {name} cannot run here: ")
    assert result.stderr.endswith(f" is not installed: {REMEDY}\n")


@pytest.mark.usefixtures("without_peers")
def test_compare_leaves_out_peers_that_are_not_installed_with_a_word_for_each():
    able, left_out = strategies(["epoll"], peers=True)
    assert able == ("epoll",)
    assert [words.partition(" ")[0] for words in left_out] == [spec.name for spec in PEERS]
    assert all(REMEDY in words for words in left_out)


def test_without_peers_none_takes_part():
    assert not {spec.name for spec in PEERS}.intersection(strategies([])[0])


def test_the_table_of_peers_is_imported_without_any_of_them():
    program = [sys.executable, "-c", (
        "import sys; from fetchmux.backends import registry; import fetchmux.session\n"
        "assert all(registry.missing(spec) != 1 for spec in registry.PEERS)\n"
        "print(*{'requests', 'aiohttp', 'httpx', 'pycurl', 'scrapy', 'geventhttpclient'} & sys.modules.keys())"
    )]  # fmt: skip
    result = shell.run(program=program)
    assert (result.returncode, result.stdout) == (0, b"\n")


@pytest.mark.parametrize(
    ("options", "network", "spelled"),
    [
        ({}, {"family": 4}, "-4"),
        ({}, {"fixed": ((("h", 80), ("127.0.0.1",)),)}, "--resolve"),
        ({}, {"no_private": True}, "--no-private"),
        ({}, {"unix_socket": "/s"}, "--unix-socket"),
        ({}, {"proxy": "http://h:1"}, "--proxy"),
        ({}, {"tls": TlsOptions(insecure=True)}, "--insecure"),
        ({"compressed": True}, {}, "--compressed"),
        ({"archive": True}, {}, "--har or --warc"),
        ({"max_body": 10}, {}, "--max-body"),
        ({"max_head": 10}, {}, "--max-head"),
    ],
)
def test_what_a_peer_would_ignore_is_refused(options: dict[str, Any], network: dict[str, Any], spelled: str):
    with pytest.raises(UsageError, match=spelled):
        refuse("aiohttp", Options(**options), Network(**network), {})


def test_a_proxy_of_the_environment_is_refused_unless_the_user_says_that_it_is_not_meant():
    environment = {"http_proxy": "http://h:1"}
    with pytest.raises(UsageError, match="--proxy ''"):
        refuse("aiohttp", Options(), Network(), environment)
    refuse("aiohttp", Options(), Network(proxy=""), environment)


@pytest.mark.parametrize("name", [pytest.param("aiohttp", marks=strategy("aiohttp"))])
def test_on_the_command_line_that_is_one_line_and_nothing_is_fetched(name: str):
    result = shell.run("get", "-b", name, "--resolve", "h:80:127.0.0.1", "http://h/")
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.count(b"\n") == 1
    assert b"cannot honour --resolve" in result.stderr


@pytest.mark.parametrize("name", [pytest.param("aiohttp", marks=strategy("aiohttp"))])
def test_compare_shows_peers_below_the_strategies_in_a_table_of_their_own(name: str):
    result = shell.run("compare", "-b", f"{name},epoll", "-n", "20", "--rounds", "1", "--warm-up", "0")
    assert (result.returncode, result.stderr) == (0, b"")
    strategies, _, peers = result.stdout.decode().partition("Peers")
    assert " epoll " in strategies
    assert f" {name} " not in strategies
    assert f" {name} " in peers


def test_peers_are_ranked_among_themselves():
    ran = reports("slow", SLOW) + reports("fast", FAST) + reports("aiohttp", FAST) + reports("httpx", SLOW)
    summary = summarise(cell(ran, backends=("slow", "fast", "aiohttp", "httpx")), "slow")
    assert [(row.backend, row.rank) for row in summary.rows] == [("fast", 1), ("slow", 2)]
    assert [(row.backend, row.rank) for row in summary.peers] == [("aiohttp", 1), ("httpx", 2)]


def test_a_peer_that_fetches_something_else_has_no_rank():
    ran = reports("slow", SLOW) + reports("fast", FAST) + reports("aiohttp", FAST, digest="other")
    summary = summarise(cell(ran, backends=("slow", "fast", "aiohttp")), "slow")
    assert summary.peers == []
    assert list(summary.unranked) == ["aiohttp"]


def test_a_peer_that_needs_a_process_of_its_own_is_known_as_such():
    assert {spec.name for spec in PEERS if spec.solitary} == {"requests-gevent", "scrapy"}
    assert registry.find("requests").serial
