"""Lines from a descriptor, as they come: a pipe that is silent for now does not hold up the run."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

_BLOCK = 64 * 1024
# No URL is longer, so a longer line is cut rather than gathered without end.
MAX_LINE = 1024 * 1024


def read_lines(fd: int) -> Iterator[bytes | None]:
    """Yield each line without its line end, or None when nothing can be read yet. Leaves `fd` open.

    Asking does not wait: a zero timeout passes through gevent's patched select as well.

    A line longer than MAX_LINE is yielded cut, one byte longer than MAX_LINE, and its rest is dropped.
    """
    pending = b""
    cut = False
    while True:
        if not select.select([fd], [], [], 0)[0]:
            yield None
            continue
        block = os.read(fd, _BLOCK)
        if not block:
            break
        *lines, pending = (pending + block).split(b"\n")
        for line in lines:
            if not cut:
                yield line[: MAX_LINE + 1].removesuffix(b"\r")
            cut = False
        if cut:
            pending = b""
        elif len(pending) > MAX_LINE:
            yield pending[: MAX_LINE + 1]
            pending, cut = b"", True
    if pending and not cut:
        yield pending.removesuffix(b"\r")
