"""What options are when the command line does not say: from the user's and the project's files and the environment.

Knows where those are and how they name options. A wrong name or value is a mistake to be told with the place where it
stands. What an option means is not known here; a value may be secret, so most are shown by their names alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from fetchmux.errors import UsageError

if TYPE_CHECKING:
    from typing import NoReturn

FILE = "fetchmux.toml"
_PROJECT = "pyproject.toml"
# A project that only depends on fetchmux has other words before the name.
_IN_PROJECT = re.compile(rb"tool\W{1,9}fetchmux")
_TABLES = ("get", "compare", "serve", "engines")
# Their values hold no secret, so they may be shown.
_HARMLESS = (click.IntRange, click.Choice, type(click.BOOL))


class Config:
    """What stands in for options that the command line of one command does not have. Raises UsageError.

    Args:
        command: whose options they are.
        directory: where the project's files are.

    Attributes:
        defaults: by the names of the command's parameters.
        origins: where each comes from.
        engines: search engines of the user's own, by name.
    """

    def __init__(self, command: click.Command, environment: Mapping[str, str], directory: str = "") -> None:
        self.defaults: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.engines: dict[str, str] = {}
        self._command = command
        self._options = {
            max(parameter.opts, key=len).lstrip("-"): parameter
            for parameter in command.params
            if isinstance(parameter, click.Option)
        }
        home = environment.get("XDG_CONFIG_HOME") or os.path.join(environment.get("HOME") or "/nowhere", ".config")
        self._read(os.path.join(home, "fetchmux", FILE))
        self._read(os.path.join(directory, _PROJECT), project=True)
        self._read(os.path.join(directory, FILE))
        self._listen(environment)

    def told(self, context: click.Context) -> list[str]:
        """`concurrency 200 (fetchmux.toml)`: every value that counts, because the command line has none."""
        lines = []
        for option, parameter in self._options.items():
            name = parameter.name or ""
            if context.get_parameter_source(name) is click.core.ParameterSource.DEFAULT_MAP:
                shown = f" {self.defaults[name]}" if isinstance(parameter.type, _HARMLESS) else ""
                lines.append(f"{option}{shown} ({self.origins[name]})")
        return lines

    def _read(self, path: str, *, project: bool = False) -> None:
        """Take what a file says, if there is one."""
        content = _content(path)
        if content is None or (project and b"fetchmux" not in content):
            return
        tables = _tables(content, path, project=project)
        if not isinstance(tables, dict):
            raise UsageError(f"in {path}: 'tool.fetchmux' is no table")
        for table, entries in tables.items():
            if table not in _TABLES or not isinstance(entries, dict):
                raise UsageError(f"in {path}: {table!r} is none of the tables {', '.join(_TABLES)}")
            if table == "engines":
                self._add_engines(entries, path)
            elif table == self._command.name:
                for option, value in entries.items():
                    self._set(option, value, path)

    def _listen(self, environment: Mapping[str, str]) -> None:
        """Take what variables say: FETCHMUX_GET_PER_HOST is --per-host of get; repeated options stand on lines."""
        prefix = f"FETCHMUX_{(self._command.name or '').upper()}_"
        for variable in sorted(name for name in environment if name.startswith(prefix)):
            option = variable.removeprefix(prefix).lower().replace("_", "-")
            parameter = self._options.get(option)
            text = environment[variable]
            repeated = parameter is not None and parameter.multiple
            self._set(option, text.splitlines() if repeated else text, variable)

    def _set(self, option: str, value: Any, origin: str) -> None:
        parameter = self._options.get(option)
        if parameter is None:
            self._refuse(option, origin)
        if parameter.multiple:
            value = [str(item) for item in (value if isinstance(value, list) else [value])]
        elif isinstance(value, list | dict) or (isinstance(value, bool) and not parameter.is_flag):
            raise UsageError(f"in {origin}: {option!r} cannot be {value!r}")
        elif not isinstance(value, bool):
            value = str(value)
        try:
            parameter.type_cast_value(click.Context(self._command), value)
        except click.BadParameter as error:
            raise UsageError(f"in {origin}: {option!r}: {error.message}") from None
        name = parameter.name or ""
        self.defaults[name], self.origins[name] = value, origin

    def _refuse(self, option: str, origin: str) -> NoReturn:
        import difflib

        near = difflib.get_close_matches(option, self._options, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"in {origin}: {self._command.name} has no option {option!r}{hint}")

    def _add_engines(self, entries: dict[str, Any], origin: str) -> None:
        for name, template in entries.items():
            if not isinstance(template, str) or "{key}" not in template:
                raise UsageError(f"in {origin}: the search engine {name!r} needs a URL with {{key}}")
            self.engines[name] = template


def _content(path: str) -> bytes | None:
    """What is in a file; None where there is none. Raises UsageError where there is one that cannot be read."""
    try:
        # A named pipe must not be waited for.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            return file.read()
    except OSError as error:
        # What cannot be looked for, in the home of somebody else, say, is not there.
        if not os.path.lexists(path):
            return None
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _tables(content: bytes, path: str, *, project: bool) -> Any:
    """The tables of a file of ours, or ours of a project's file. Raises UsageError."""
    # Late: most runs have nothing to read.
    import tomllib

    try:
        # Some editors put a mark before the first letter.
        whole = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if project and not _IN_PROJECT.search(content):
            return {}
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise UsageError(f"in {path}: {reason}") from None
    if not project:
        return whole
    tools = whole.get("tool")
    return tools.get("fetchmux", {}) if isinstance(tools, dict) else {}
