"""What a shell may put in the place of a word that has been begun: names of files, strategies, search engines.

Knows where the names are. Must not know what they mean, nor how a shell asks: that is `completion`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def files(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of files, which the shell knows itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def directories(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of directories."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="dir")]


def backends(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Names of strategies and peers."""
    from fetchmux.backends import registry
    from fetchmux.backends.peers import PEERS

    return [spec.name for spec in (*registry.specs(), *PEERS) if spec.name.startswith(begun)]


def several_backends(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """The last name of a list with commas."""
    named, comma, last = begun.rpartition(",")
    return [named + comma + name for name in backends(context, parameter, last)]


def engines(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Search engines."""
    from fetchmux.inputs.search import ENGINES

    return [name for name in ENGINES if name.startswith(begun)]
