"""The command `completion`: what a shell needs to complete this program's options, printed or put where it looks.

Knows where each shell looks. The script is Click's; the completing is done by the program itself.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

from fetchmux.errors import UsageError

PROGRAM = "fetchmux"
VARIABLE = "_FETCHMUX_COMPLETE"


class _Place(NamedTuple):
    """Where a shell's script goes: below the directory that the variable names, or `usual`.

    What a shell reads at its start, below `start`, gets the line `reads`, unless it finds the script by itself.
    """

    variable: str
    usual: str
    name: str
    kind: type[ShellComplete]
    start: tuple[str, str, str] | None = None
    reads: str = ""


class Bash(BashComplete):
    """Bash takes `--name=value` apart, and Click would read the sign as the value."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Words before the one to complete, and that one."""
        words = split_arg_string(os.environ["COMP_WORDS"])
        at = int(os.environ["COMP_CWORD"])
        args: list[str] = []
        for word in [*words[1:at], *(words[at : at + 1] or [""])]:
            if args and args[-1].startswith("--") and (word == "=" or args[-1].endswith("=")):
                args[-1] += word
            else:
                args.append(word)
        return args[:-1], args[-1]


class Zsh(ZshComplete):
    """Zsh leaves `--name=value` whole, and Click answers with values alone, which would take the name away."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """What may stand in the place of `incomplete`."""
        return _with_name(super().get_completions(args, incomplete), incomplete)


class Fish(FishComplete):
    """Fish does as zsh does."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """What may stand in the place of `incomplete`."""
        return _with_name(super().get_completions(args, incomplete), incomplete)


def _with_name(items: list[CompletionItem], incomplete: str) -> list[CompletionItem]:
    if incomplete.startswith("--") and "=" in incomplete:
        name = incomplete[: incomplete.index("=") + 1]
        for item in items:
            item.value = name + item.value
    return items


_PLACES = {
    "bash": _Place(
        # Also where bash-completion looks, but that is not everywhere installed and loaded.
        "XDG_DATA_HOME", "~/.local/share", f"bash-completion/completions/{PROGRAM}", Bash,
        ("", "~", ".bashrc"), "[ ! -r {path} ] || . {path}",
    ),
    "zsh": _Place(
        "ZDOTDIR", "~", f".zfunc/_{PROGRAM}", Zsh, ("ZDOTDIR", "~", ".zshrc"),
        # -i asks nothing, whoever owns the directories of the system.
        "[[ ! -r {path} ]] || {{ (( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit -i }}; . {path} }}",
    ),
    "fish": _Place("XDG_CONFIG_HOME", "~/.config", f"fish/completions/{PROGRAM}.fish", Fish),
}  # fmt: skip


@click.command
@click.argument("shell", type=click.Choice(list(_PLACES)))
@click.option("--install", is_flag=True, help="Put it where the shell reads it at its start, and say where that is.")
def completion(shell: str, install: bool) -> None:
    """Print what makes a shell complete fetchmux, or install it."""
    place = _PLACES[shell]
    script = _script(place.kind)
    if not install:
        click.echo(script)
        return
    try:
        path = _below(place.variable, place.usual, place.name)
        _put(path, script + "\n")
        if place.start is not None:
            import shlex

            _append(_below(*place.start), place.reads.format(path=shlex.quote(path)))
    except (OSError, ValueError) as error:
        where = getattr(error, "filename", None) or place.usual
        raise UsageError(f"cannot install for {shell}: {where}: {getattr(error, 'strerror', error)}") from None
    click.echo(f"{PROGRAM}: every new {shell} completes {PROGRAM}", err=True)


def _below(variable: str, usual: str, name: str) -> str:
    """A path below the directory that a variable names. No home is made where there is none."""
    # An empty one is the user's mistake, and would be the root directory.
    home = os.environ.get("HOME", os.path.expanduser("~"))
    if not os.path.isabs(home) or not os.path.isdir(home):
        raise UsageError(f"the home directory {home!r} does not exist")
    directory = os.environ.get(variable, "") if variable else ""
    # A relative one is to be ignored, as the XDG base directory specification says.
    return os.path.join(directory if os.path.isabs(directory) else os.path.expanduser(usual), name)


def _put(path: str, script: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(script)
    click.echo(f"{PROGRAM}: wrote {path}", err=True)


def _append(path: str, line: str) -> None:
    """Add a line to a file that may not exist, unless it is there."""
    with open(path, "a+b") as file:
        file.seek(0)
        there = file.read()
        if line.encode() in there.splitlines():
            click.echo(f"{PROGRAM}: {path} reads it already", err=True)
            return
        file.write(b"\n" * (there[-1:] not in (b"", b"\n")) + line.encode() + b"\n")
    click.echo(f"{PROGRAM}: added a line to {path} that reads it", err=True)


def _script(kind: type[ShellComplete]) -> str:
    # Imported here, because the group imports its commands.
    from fetchmux.cli import cli

    made = kind(cli, {}, PROGRAM, VARIABLE)
    # Not `source`, which runs the bash of this machine to look at its version.
    return (made.source_template % made.source_vars()).strip()
