"""Shells complete commands, options and names; one command installs that."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fetchmux.cli import cli
from tests.cli import shell
from tests.needs import tool

PLACES = {
    "bash": (".local/share/bash-completion/completions/fetchmux", ".bashrc"),
    "zsh": (".zfunc/_fetchmux", ".zshrc"),
    "fish": (".config/fish/completions/fetchmux.fish", None),
}
NOWHERE = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"))


def install(name: str, home: Path) -> Result:
    return CliRunner().invoke(cli, ["completion", name, "--install"], env={**NOWHERE, "HOME": str(home)})


@pytest.mark.parametrize("name", PLACES)
def test_what_is_printed_is_what_is_installed_and_read_once(name: str, tmp_path: Path):
    place, start = PLACES[name]
    printed = CliRunner().invoke(cli, ["completion", name])
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert "_FETCHMUX_COMPLETE" in printed.stdout
    if start is not None:
        (tmp_path / start).write_text("# mine, without an end")
    for _ in range(2):
        installed = install(name, tmp_path)
        assert (installed.exit_code, installed.stdout) == (0, "")
        assert f"fetchmux: wrote {tmp_path / place}\n" in installed.stderr
        assert (tmp_path / place).read_text() == printed.stdout
    if start is not None:
        mine, line = (tmp_path / start).read_text().splitlines()
        assert mine == "# mine, without an end"
        assert str(tmp_path / place) in line


@pytest.mark.parametrize("name", PLACES)
def test_a_home_that_takes_no_file_is_told_in_a_line(name: str, tmp_path: Path):
    nowhere = install(name, tmp_path / "nobody")
    assert nowhere.exit_code == 2
    assert "does not exist" in nowhere.stderr
    (tmp_path / PLACES[name][0].split("/")[0]).write_text("a file in the place of a directory")
    # An empty HOME is none, and not the root directory.
    empty = CliRunner().invoke(cli, ["completion", name, "--install"], env={**NOWHERE, "HOME": ""})
    assert empty.exit_code == 2
    assert "home directory '' does not exist" in empty.stderr
    taken = install(name, tmp_path)
    assert taken.exit_code == 2
    assert taken.stderr.count("\n") == 1
    assert f"cannot install for {name}" in taken.stderr


def test_another_shell_is_a_wrong_use():
    assert CliRunner().invoke(cli, ["completion", "tcsh"]).exit_code == 2


WORDS = {
    "commands": ("fetchmux comp", ["compare", "completion"]),
    "options": ("fetchmux get --per", ["--per-host"]),
    "strategies": ("fetchmux get -b epol", ["epoll", "epoll-et"]),
    "engines": ("fetchmux get --search d", ["duckduckgo"]),
    "values": ("fetchmux get --format t", ["table", "tsv"]),
    "lists": ("fetchmux compare -b select,epol", ["select,epoll", "select,epoll-et"]),
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program under its name."""
    program = tmp_path / "fetchmux"
    code = "from fetchmux.cli import cli; cli(prog_name='fetchmux')"
    program.write_text(f'#!/bin/sh\nexec {shell.PROGRAM[0]} -c "{code}" "$@"')
    program.chmod(0o755)
    return program


@tool("bash")
@pytest.mark.parametrize(("line", "words"), WORDS.values(), ids=WORDS)
def test_bash_completes(line: str, words: list[str], program: Path):
    """By the function that the script defines, called as bash calls it."""
    assert by_bash(program, line.split()) == words


@tool("bash")
def test_bash_completes_a_value_behind_a_sign_that_it_takes_for_a_word(program: Path):
    assert by_bash(program, ["fetchmux", "get", "--backend", "=", "epol"]) == ["epoll", "epoll-et"]


def by_bash(program: Path, words: list[str]) -> list[str]:
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        f"{CliRunner().invoke(cli, ['completion', 'bash']).stdout}\n"
        f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
        f'_fetchmux_completion {program}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, env=shell.ENVIRONMENT, text=True)
    return done.stdout.split()


LINES = {
    "fetchmux get --backend epol": ["epoll", "epoll-et"],
    "fetchmux get --backend=epol": ["--backend=epoll", "--backend=epoll-et"],
}


@tool("fish")
@pytest.mark.parametrize("line", LINES)
def test_fish_completes(line: str, program: Path, tmp_path: Path):
    script = CliRunner().invoke(cli, ["completion", "fish"]).stdout
    environment = {**shell.ENVIRONMENT, "HOME": str(tmp_path), "PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"{script}\ncomplete -C '{line}'"],
        capture_output=True, check=True, env=environment, text=True,
    )  # fmt: skip
    assert [item.split("\t")[0] for item in done.stdout.splitlines()] == LINES[line]


@pytest.mark.parametrize("line", LINES)
def test_zsh_is_answered_with_whole_words(line: str, program: Path):
    """Zsh puts the answer into the place of the word, name of the option and all."""
    environment = {"_FETCHMUX_COMPLETE": "zsh_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = subprocess.run(
        [str(program)], capture_output=True, check=True, env={**shell.ENVIRONMENT, **environment}, text=True
    )
    assert [word for word in done.stdout.split() if word not in ("plain", "_")] == LINES[line]


@tool("zsh")
def test_zsh_reads_what_was_installed(tmp_path: Path):
    assert install("zsh", tmp_path).exit_code == 0
    environment = {**shell.ENVIRONMENT, "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path)}
    done = subprocess.run(
        ["zsh", "-i", "-c", "print -r -- $_comps[fetchmux]"],
        capture_output=True,
        env=environment,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith("_fetchmux_completion")
