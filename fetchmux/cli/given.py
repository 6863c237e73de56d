"""What the user asked `get` for: the options as Click has parsed them, by the names of their parameters.

Knows which of them exclude one another. Must not open, import or start anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import click

from fetchmux.model import BodyUse, Headers, Options

Format = Literal["table", "jsonl", "csv", "tsv", "body"]
ShownBody = Literal["none", "text", "base64", "hash"]
FORMATS: tuple[Format, ...] = get_args(Format)
SHOWN: tuple[ShownBody, ...] = get_args(ShownBody)


@dataclass(frozen=True, slots=True)
class Given:
    """One call of `get`. A format of None means: what suits the place where results go."""

    targets: tuple[str, ...]
    inputs: tuple[str, ...]
    backend: str
    search: str | None
    template: str | None
    concurrency: int
    header: tuple[Headers, ...]
    request: str | None
    data: tuple[bytes, ...]
    data_binary: tuple[bytes, ...]
    head: bool
    user_agent: Headers | None
    timeout: float
    connect_timeout: float
    idle_timeout: float
    max_body: int | None
    max_head: int
    keep_alive: bool
    format: Format | None
    body: ShownBody
    output: str | None
    fail: bool
    quiet: bool
    verbose: bool

    def check(self) -> None:
        """Raise click.UsageError for what cannot be meant together."""
        if self.search is not None and self.template is not None:
            raise click.UsageError("--search and --template exclude each other")
        if self.head and (self.data or self.data_binary):
            raise click.UsageError("--head asks for a reply without a body and sends none: --data excludes it")
        if self.head and self.request not in (None, "HEAD"):
            raise click.UsageError("--head is the method HEAD: --request excludes it")
        if self.body in ("text", "base64") and self.format not in (None, "jsonl", "body"):
            raise click.UsageError(f"--format {self.format} has no place for a body: --body {self.body} needs jsonl")
        if self.quiet and self.verbose:
            raise click.UsageError("--quiet and --verbose exclude each other")

    def format_for(self, terminal: bool) -> Format:
        """The format of the results; a body that was asked for needs records."""
        if self.format is not None:
            return self.format
        return "table" if terminal and self.body not in ("text", "base64") else "jsonl"

    def options(self, chosen: Format) -> Options:
        """The limits of the run."""
        return Options(
            concurrency=self.concurrency,
            connect_timeout=self.connect_timeout,
            idle_timeout=self.idle_timeout,
            timeout=self.timeout,
            max_body=self.max_body,
            max_head=self.max_head,
            keep_alive=self.keep_alive,
            body=self._body_use(chosen),
            fail=self.fail,
        )

    def _body_use(self, chosen: Format) -> BodyUse:
        if chosen == "body" or self.body in ("text", "base64"):
            return "keep"
        return "digest" if self.body == "hash" else "discard"
