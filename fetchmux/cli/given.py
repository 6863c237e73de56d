"""What the user asked `get` for: the options as Click has parsed them, by the names of their parameters.

Knows which of them exclude one another. Must not open, import or start anything.
"""

from __future__ import annotations

import os
from typing import Literal, get_args

import click
import msgspec

from fetchmux.model import Headers
from fetchmux.settings import BodyUse, Name, Network, Options, Saving, TlsOptions
from fetchmux.sinks.limit import Most

Format = Literal["table", "jsonl", "csv", "tsv", "body"]
ShownBody = Literal["none", "text", "base64", "hash"]
FORMATS: tuple[Format, ...] = get_args(Format)
SHOWN: tuple[ShownBody, ...] = get_args(ShownBody)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One call of `get`. A format of None means: what suits the place where results go.

    `engines` are the user's own; `defaults` tells what came from elsewhere than the command line.
    """

    targets: tuple[str, ...]
    inputs: tuple[str, ...]
    backend: str
    search: str | None
    template: str | None
    column: int | str | None
    unique: bool
    globoff: bool
    save_dir: str | None
    name: str | None
    keep_partial: bool
    etag: bool
    on_save_error: Literal["continue", "stop"]
    journal: str | None
    resume: Literal["all", "failed", "missing"] | None
    ordered: bool
    concurrency: int
    processes: int
    header: tuple[Headers, ...]
    request: str | None
    data: tuple[bytes, ...]
    data_binary: tuple[bytes, ...]
    head: bool
    user_agent: Headers | None
    timeout: float
    deadline: float | None
    grace: float
    max_failures: Most | None
    connect_timeout: float
    idle_timeout: float
    max_body: int | None
    max_head: int
    keep_alive: bool
    compressed: bool
    format: Format | None
    write_out: str | None
    body: ShownBody
    output: str | None
    har: str | None
    warc: str | None
    fail: bool
    expect_status: tuple[tuple[int, int], ...] | None
    expect_sha256: str | None
    http: Literal["1.0", "1.1"]
    follow: bool
    max_redirects: int
    retries: int
    retry_all: bool
    retry_max_time: float | None
    per_host: int | None
    rate: float | None
    rate_per_host: float | None
    ipv4: bool
    ipv6: bool
    resolve: tuple[tuple[Name, tuple[str, ...]], ...]
    no_private: bool
    unix_socket: str | None
    proxy: str | None
    cacert: str | None
    cert: str | None
    key: str | None
    insecure: bool
    tls_min: Literal["1.0", "1.1", "1.2", "1.3"]
    netrc: bool
    netrc_file: str | None
    dry_run: bool
    progress: Literal["bar", "plain", "off"] | None
    summary: str | None
    quiet: bool
    verbose: bool
    engines: dict[str, str] = {}
    defaults: list[str] = []

    def check(self) -> None:
        """Raise click.UsageError for what cannot be meant together."""
        for wrong, message in (
            (self.search is not None and self.template is not None, "--search and --template exclude each other"),
            (self.head and bool(self.data or self.data_binary),
             "--head asks for a reply without a body and sends none: --data excludes it"),
            (bool(self.data) and bool(self.data_binary),
             "--data and --data-binary exclude each other: their order could not be kept"),
            (self.head and self.request not in (None, "HEAD"), "--head is the method HEAD: --request excludes it"),
            (self.body in ("text", "base64") and self.format not in (None, "jsonl", "body"),
             f"--format {self.format} has no place for a body: --body {self.body} needs jsonl"),
            (self.write_out is not None and self.format is not None, "--write-out is a format of its own: no --format"),
            (self.resume is not None and self.journal is None, "--resume needs the --journal of the run to go on with"),
            (self.journal is not None and self.output not in (None, "-")
             and (self.format in ("table", "body") or self.write_out is not None),
             "--journal goes on with a file of records only: --format jsonl, csv or tsv"),
            (self.save_dir is None and (self.name is not None or self.keep_partial or self.etag),
             "--name, --keep-partial and --etag go with --save-dir"),
            (self.dry_run and self.journal is not None, "--dry-run fetches nothing that a --journal could note"),
            (self.fail and self.expect_status is not None, "--fail and --expect-status exclude each other"),
            (self.head and self.expect_sha256 is not None, "--head asks for no body: --expect-sha256 excludes it"),
            (self.ipv4 and self.ipv6, "--ipv4 and --ipv6 exclude each other"),
            (self.key is not None and self.cert is None, "--key goes with --cert"),
            (self.quiet and self.progress not in (None, "off"), "--quiet and --progress exclude each other"),
            (self.quiet and self.verbose, "--quiet and --verbose exclude each other"),
        ):  # fmt: skip
            if wrong:
                raise click.UsageError(message)

    @property
    def output_file(self) -> str | None:
        """Where results go; None is standard output."""
        return None if self.output == "-" else self.output

    def format_for(self, terminal: bool) -> Format:
        """The format of the results; a body that was asked for needs records."""
        if self.format is not None:
            return self.format
        records = self.body in ("text", "base64") or self.write_out is not None
        return "table" if terminal and not records else "jsonl"

    def options(self, chosen: Format, spool: str | None = None) -> Options:
        """The limits of the run; `spool` is a directory for bodies on their way to the output."""
        return Options(
            concurrency=self.concurrency,
            connect_timeout=self.connect_timeout,
            idle_timeout=self.idle_timeout,
            timeout=self.timeout,
            max_body=self.max_body,
            max_head=self.max_head,
            keep_alive=self.keep_alive,
            compressed=self.compressed,
            body=self._body_use(chosen),
            spool=spool,
            save=self._saving(),
            archive=self.har is not None or self.warc is not None,
            fail=self.fail,
            expect_status=self.expect_status or (),
            http=self.http,
            follow=self.follow,
            max_redirects=self.max_redirects,
            retries=self.retries,
            retry_all=self.retry_all,
            retry_max_time=self.retry_max_time,
            per_host=self.per_host,
            deadline=self.deadline,
            grace=self.grace,
            rate=self.rate,
            rate_per_host=self.rate_per_host,
        )

    def network(self) -> Network:
        """How hosts are reached."""
        return Network(
            family=4 if self.ipv4 else 6 if self.ipv6 else 0,
            fixed=self.resolve,
            no_private=self.no_private,
            unix_socket=self.unix_socket,
            proxy=self.proxy,
            tls=TlsOptions(self.cacert, self.cert, self.key, self.insecure, self.tls_min),
            netrc=self.netrc_file or ("" if self.netrc else None),
        )

    def _saving(self) -> Saving | None:
        if self.save_dir is None:
            return None
        from fetchmux.sinks import names

        return Saving(os.path.abspath(self.save_dir), self.name or names.DEFAULT, self.keep_partial)

    def _body_use(self, chosen: Format) -> BodyUse:
        if chosen == "body" or self.body in ("text", "base64"):
            return "keep"
        return "digest" if self.body == "hash" else "discard"
