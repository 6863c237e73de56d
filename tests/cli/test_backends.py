"""`fetchmux backends` lists every strategy, for scripts and for people."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from fetchmux.backends import registry
from fetchmux.backends.peers import PEERS
from fetchmux.cli import cli
from tests.cli import shell

NO_GEVENT = "gevent is not installed: pip install gevent"


@pytest.fixture
def without_gevent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "missing", lambda spec: NO_GEVENT if spec.name == "gevent" else None)


def test_jsonl_has_an_object_for_each_strategy_with_the_fields_of_the_contract():
    result = shell.run("backends", "--format", "jsonl")
    assert (result.returncode, result.stderr) == (0, b"")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["name"] for row in rows] == [spec.name for spec in (*registry.specs(), *PEERS)]
    for row in rows:
        assert list(row) == ["name", "family", "summary", "limit", "available", "remedy"]
        assert row["available"] is (row["remedy"] is None)


@pytest.mark.usefixtures("without_gevent")
def test_a_strategy_that_cannot_run_has_its_remedy():
    lines = CliRunner().invoke(cli, ["backends", "--format", "jsonl"]).stdout.splitlines()
    row = json.loads(next(line for line in lines if '"gevent"' in line))
    assert (row["available"], row["remedy"]) == (False, NO_GEVENT)
    assert NO_GEVENT in CliRunner().invoke(cli, ["backends"]).stdout


@pytest.mark.usefixtures("without_gevent")
def test_get_refuses_a_strategy_that_cannot_run_and_names_the_remedy():
    result = CliRunner().invoke(cli, ["get", "-b", "gevent", "http://127.0.0.1:1/"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"fetchmux: the backend gevent cannot run here: {NO_GEVENT}\n"


def test_the_table_in_a_pipe_is_plain_and_cuts_nothing():
    output = shell.run("backends").stdout.decode()
    assert "\x1b" not in output
    strategies, title, peers = output.split("\n\n")
    assert title.startswith("Peers")
    lines = strategies.splitlines()[1:] + peers.splitlines()[1:]
    for spec, line in zip((*registry.specs(), *PEERS), lines, strict=True):
        assert line.startswith(spec.name)
        assert spec.summary in line
        assert spec.limit in line


def test_to_list_the_strategies_changes_nothing_in_the_process():
    program = shell.PROGRAM[0], "-c", (
        "import socket; before = socket.socket\n"
        "from fetchmux.cli import cli\n"
        "try: cli(['backends'])\n"
        "finally: assert socket.socket is before"
    )  # fmt: skip
    result = shell.run(program=program)
    assert (result.returncode, result.stderr) == (0, b"")
