"""The command line: options to values, results to a terminal or a pipe. The only code that prints.

This file knows the commands' names and how a wrong use of them ends. A command is imported when it is called for, so
that `--version` is quick and that gevent finds nothing imported which it has to replace.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any, NoReturn

import click

from fetchmux import __version__
from fetchmux.errors import UsageError

# What `--help` says of each; the module of that name has the command of that name.
_COMMANDS = {
    "get": "Fetch many URLs at once, or search keys, by the strategy you name.",
    "compare": "Run the strategies against each other and tell which one wins.",
    "serve": "Run the embedded origin alone.",
    "backends": "List every strategy: how it waits, what limits it, whether it can run here.",
    "schema": "Print the JSON Schema of the record.",
    "completion": "Let a shell complete options: bash, zsh or fish.",
}
# Those with options that are worth a default of the user's own.
_CONFIGURED = ("get", "compare", "serve")
_INTERRUPTED = 130


class Commands(click.Group):
    """The commands by name. A wrong use is one line on stderr and exit status 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"fetchmux.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and exit with the status that it returns."""
        extra["standalone_mode"] = False
        if "_FETCHMUX_COMPLETE" in os.environ:
            _learn_to_complete()
        try:
            status = super().main(*args, **extra)
            # Not at the interpreter's end, which would have nobody to tell of a full disk.
            _flush()
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            status = error.exit_code
        except click.ClickException as error:
            _refuse(error.format_message())
        except UsageError as error:
            _refuse(str(error))
        except OSError as error:
            status = _unwritten(error)
        except (click.Abort, KeyboardInterrupt):
            status = _INTERRUPTED
        sys.exit(status)


def _learn_to_complete() -> None:
    """A shell asks what may come next: see `completion`."""
    from click.shell_completion import add_completion_class

    from fetchmux.cli.completion import Bash, Fish, Zsh

    for kind in (Bash, Zsh, Fish):
        add_completion_class(kind)


def _flush() -> None:
    """Write what the interpreter keeps back. It has no stream where the descriptor was closed before it began."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _unwritten(error: OSError) -> int:
    """Standard output takes no more: quietly when its reader has gone, else with a line. The exit status."""
    if sys.stdout is not None:
        # What is still kept back must not fail a second time when the interpreter ends.
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 0
    click.echo(f"fetchmux: {error.filename or 'standard output'}: {error.strerror}", err=True)
    return 1


def _refuse(message: str) -> NoReturn:
    """One clear line, whatever the message was made of."""
    from fetchmux.cli.wording import printable

    line = printable(" ".join(message.split()))
    click.echo(f"fetchmux: {line[:1].lower()}{line[1:]}", err=True)
    sys.exit(2)


def _look_for_defaults(context: click.Context) -> None:
    """What the command to come takes from files and variables."""
    name = context.invoked_subcommand
    if name in _CONFIGURED and isinstance(context.command, Commands):
        command = context.command.get_command(context, name)
        assert command is not None
        from fetchmux.cli.config import Config

        context.obj = Config(command, os.environ)
        context.default_map = {name: context.obj.defaults}


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="fetchmux", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Fetch many URLs at once, by the strategy you name, and find out which one deserves it."""
    _look_for_defaults(context)
    # Called when the command's module has been imported: from here on a Ctrl-C is an exception again.
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
