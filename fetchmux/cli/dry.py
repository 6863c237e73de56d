"""`get --dry-run`: the heads of the requests as they would go out, and nothing is sent or looked up.

Knows which fields hold secrets. What a head is made of it must not know: the builder is that of a real run.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING

import click

from fetchmux.backends import registry
from fetchmux.cli.outlets import Outlet, SharedTerminal, open_file
from fetchmux.cli.recipe import recipe
from fetchmux.cli.sources import Source
from fetchmux.cli.uses import refuse_double_use
from fetchmux.cli.wording import printable
from fetchmux.errors import FetchError, UsageError
from fetchmux.inputs.requests import read_requests
from fetchmux.reach import Reach
from fetchmux.session import USER_AGENT, request_builder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fetchmux.cli.given import Given
    from fetchmux.http.request import RequestBuilder
    from fetchmux.model import Request

_SECRET = re.compile(
    rb"^([^:\r\n]*(?:authori[sz]ation|cookie|token|secret|password|passwd|api-?key)[^:\r\n]*):[^\r\n]*",
    re.IGNORECASE | re.MULTILINE,
)
# How long to wait before a list that comes from somewhere is asked again, in seconds.
_PAUSE = 0.02


def dry_run(given: Given) -> int:
    """Print every request of the list. The exit status: 1 where an input cannot be sent. Raises UsageError, OSError."""
    spec = registry.find(given.backend)
    if spec.peer:
        raise UsageError(f"--dry-run shows what fetchmux sends; {given.backend} writes requests of its own")
    common = recipe(given)
    source = Source(given.targets, given.inputs, globs=not given.globoff and common.template is None)
    refuse_double_use(given, source)
    requests = read_requests(source, common)
    if given.unique:
        from fetchmux.inputs.choice import unique

        requests = unique(requests)
    if given.etag and given.save_dir is not None:
        requests = _asking(requests, given.save_dir, decoded=given.compressed)
    target = open_file(None)
    terminal = os.isatty(target.fd)
    outlet = SharedTerminal(target, contextlib.nullcontext, foreign=True) if terminal else Outlet(target)
    reach = Reach(given.network(), os.environ, USER_AGENT, time.monotonic)
    try:
        return _print(requests, request_builder(given.options("jsonl"), reach), outlet)
    finally:
        reach.close()


def _asking(requests: Iterator[Request | None], directory: str, *, decoded: bool) -> Iterator[Request | None]:
    """The list, where what has been saved asks whether it has changed."""
    from fetchmux.sinks.etags import Etags
    from fetchmux.sinks.revalidation import asking

    etags = Etags(os.path.abspath(directory), decoded=decoded)
    return (None if request is None else asking(request, etags)[0] for request in requests)


def _print(requests: Iterator[Request | None], builder: RequestBuilder, outlet: Outlet) -> int:
    status = 0
    for request in requests:
        if request is None:
            time.sleep(_PAUSE)
            continue
        try:
            outlet.write(_head(request, builder))
        except FetchError as fault:
            status = 1
            click.echo(f"fetchmux: {printable(request.input)}: {fault.code}: {fault.message}", err=True)
    return status


def _head(request: Request, builder: RequestBuilder) -> bytes:
    """The number and the URL on a line of their own, then the head with its empty line. Raises FetchError."""
    if request.fault is not None:
        raise request.fault
    url = request.url
    assert url is not None
    whole = builder.build(url, request.method, request.headers, request.body)
    head, _, body = whole.partition(b"\r\n\r\n")
    told = f"# {request.index} {url.text}{f', with a body of {len(body):,} bytes' if body else ''}\n"
    return told.encode() + _SECRET.sub(rb"\1: ***", head).replace(b"\r\n", b"\n") + b"\n\n"
