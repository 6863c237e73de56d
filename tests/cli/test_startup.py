"""What is imported, and when: gevent must come first in its process, and nobody waits for what is not used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fetchmux import __version__
from fetchmux.origin.launch import Origin
from tests.cli import shell

# What gevent replaces, what imports such modules, and what a run without a terminal has no use for.
TOO_EARLY = {
    "_ssl", "asyncio", "can_ada", "concurrent.futures", "fetchmux.cli.run", "fetchmux.resolve", "fetchmux.session",
    "http.client", "logging", "queue", "rich", "select", "selectors", "socket", "ssl", "subprocess", "urllib.request",
}  # fmt: skip

SPY = """
import sys
from fetchmux.backends import registry

def prepare(spec, original=registry.prepare):
    print(*sorted({early!r} & sys.modules.keys()), file=sys.stderr)
    original(spec)

registry.prepare = prepare
from fetchmux.cli import cli
cli()
"""


def imported(*arguments: str) -> set[str]:
    """The modules that a run of the program imports."""
    result = shell.run(*arguments, program=[sys.executable, "-X", "importtime", "-m", "fetchmux"])
    assert result.returncode == 0
    return {line.rpartition("|")[2].strip() for line in result.stderr.decode().splitlines()}


@pytest.mark.parametrize("options", [[], ["--format", "table"], ["-v"], ["--search", "bing", "-H", "A: b", "-d", "x"]])
def test_nothing_that_gevent_replaces_is_imported_before_it_prepares_the_process(options: list[str]):
    program = [sys.executable, "-c", SPY.format(early=TOO_EARLY)]
    result = shell.run("get", "-q", "-b", "gevent", program=program)
    assert (result.returncode, result.stderr) == (0, b"\n")
    # And none of them is there by the options' doing.
    result = shell.run("get", "-b", "gevent", *options, program=program)
    assert result.stderr.splitlines()[0] == b""


def test_gevent_has_nothing_to_warn_of(origin: Origin):
    program = [sys.executable, "-W", "error", "-m", "fetchmux"]
    result = shell.run("get", "-b", "gevent", origin.url("/bytes/1"), program=program)
    assert (result.returncode, result.stderr) == (0, b"")


def test_version_is_told_without_importing_anything_heavy():
    modules = imported("--version")
    assert "click" in modules
    heavy = {"msgspec", "fetchmux.model", "fetchmux.backends", "fetchmux.session", "rich", "gevent", "socket"}
    assert not heavy & modules


def test_the_version_is_that_of_the_package():
    result = shell.run("--version")
    assert result.stdout.decode() == f"fetchmux {__version__}\n"


def test_a_run_in_a_pipe_imports_neither_rich_nor_another_strategy(origin: Origin):
    modules = imported("get", "-b", "sequential", origin.url("/bytes/1"))
    assert "fetchmux.session" in modules
    assert not {"rich", "gevent", "ssl", "asyncio", "subprocess", "fetchmux.cli.table"} & modules


def test_the_module_is_the_program():
    for program in ([sys.executable, "-m", "fetchmux"], [sys.executable, "-m", "fetchmux.__main__"]):
        assert subprocess.run([*program, "--version"], capture_output=True, check=True).stdout
