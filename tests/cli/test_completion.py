"""Shells complete commands, options and names; one command installs that."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from fetchmux.cli import cli
from tests.cli import shell

PLACES = {
    "bash": ("XDG_DATA_HOME", "bash-completion/completions/fetchmux"),
    "zsh": ("ZDOTDIR", ".zfunc/_fetchmux"),
    "fish": ("XDG_CONFIG_HOME", "fish/completions/fetchmux.fish"),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_is_printed_is_what_is_installed(name: str, tmp_path: Path):
    variable, place = PLACES[name]
    printed = CliRunner().invoke(cli, ["completion", name])
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert "_FETCHMUX_COMPLETE" in printed.stdout
    for _ in range(2):
        installed = CliRunner().invoke(cli, ["completion", name, "--install"], env={variable: str(tmp_path)})
        assert (installed.exit_code, installed.stdout) == (0, "")
        assert f"fetchmux: {tmp_path / place} is read" in installed.stderr
        assert (tmp_path / place).read_text() == printed.stdout


def test_another_shell_is_a_wrong_use():
    assert CliRunner().invoke(cli, ["completion", "tcsh"]).exit_code == 2


WORDS = {
    "commands": ("fetchmux comp", ["compare", "completion"]),
    "options": ("fetchmux get --per", ["--per-host"]),
    "strategies": ("fetchmux get -b epol", ["epoll", "epoll-et"]),
    "engines": ("fetchmux get --search d", ["duckduckgo"]),
    "values": ("fetchmux get --format t", ["table", "tsv"]),
}


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(("line", "words"), WORDS.values(), ids=WORDS)
def test_bash_completes(line: str, words: list[str], tmp_path: Path):
    """By the function that the script defines, called as bash calls it."""
    program = tmp_path / "fetchmux"
    code = "from fetchmux.cli import cli; cli(prog_name='fetchmux')"
    program.write_text(f'#!/bin/sh\nexec {shell.PROGRAM[0]} -c "{code}"')
    program.chmod(0o755)
    parts = line.split()
    script = (
        f"{CliRunner().invoke(cli, ['completion', 'bash']).stdout}\n"
        f"COMP_WORDS=({line}); COMP_CWORD={len(parts) - 1}\n"
        f'_fetchmux_completion {program}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env=shell.ENVIRONMENT, text=True)
    assert done.stdout.split() == words
