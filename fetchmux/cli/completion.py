"""The command `completion`: what a shell needs to complete this program's options, printed or put where it looks.

Knows where each shell looks. The script is Click's; the completing is done by the program itself.
"""

from __future__ import annotations

import os

import click

_PROGRAM = "fetchmux"
_VARIABLE = "_FETCHMUX_COMPLETE"
# Below which directory, by the variable that names it or where that is unset; and what is still to be done there.
_PLACES = {
    "bash": ("XDG_DATA_HOME", "~/.local/share", f"bash-completion/completions/{_PROGRAM}", ""),
    "zsh": ("ZDOTDIR", "~", f".zfunc/_{_PROGRAM}", "fpath+={directory}; autoload -Uz compinit; compinit"),
    "fish": ("XDG_CONFIG_HOME", "~/.config", f"fish/completions/{_PROGRAM}.fish", ""),
}


@click.command
@click.argument("shell", type=click.Choice(list(_PLACES)))
@click.option("--install", is_flag=True, help="Put it where the shell looks for it, and say where that is.")
def completion(shell: str, install: bool) -> None:
    """Print what makes a shell complete fetchmux, or install it."""
    script = _script(shell)
    if not install:
        click.echo(script)
        return
    variable, usual, name, rest = _PLACES[shell]
    path = os.path.join(os.environ.get(variable) or os.path.expanduser(usual), name)
    directory = os.path.dirname(path)
    os.makedirs(directory, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(script + "\n")
    click.echo(f"fetchmux: {path} is read by every new {shell}", err=True)
    if rest:
        click.echo(f"fetchmux: where ~/.zshrc has not yet: {rest.format(directory=directory)}", err=True)


def _script(shell: str) -> str:
    # Imported here, because the group imports its commands.
    from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

    from fetchmux.cli import cli

    kinds: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    kind = kinds[shell](cli, {}, _PROGRAM, _VARIABLE)
    # Not `source`, which runs the bash of this machine to look at its version.
    return (kind.source_template % kind.source_vars()).strip()
