"""How much of an archive is whole that an earlier run has left, however that one ended: what is torn can be cut off.

Knows how records lie in the files that `har` and `warc` write. Must not change them.
"""

from __future__ import annotations

import json
import zlib
from collections import deque
from typing import IO

from fetchmux.errors import UsageError

_CHUNK = 16 * 1024
_GZIP = 31
# A record's type stands among its first fields; what is behind them may be of any size.
_FIRST = 4096
# What nothing belongs to that still had to come: a reply comes before its request.
_LAST_OF_ITS_KIND = (b"WARC-Type: request\r\n", b"WARC-Type: warcinfo\r\n")
# A line that was torn, and two that may be left of the tail that it was written over.
_DOUBTFUL = 3


def whole_warc(file: IO[bytes]) -> int:
    """Where the last record ends that is whole, and whose companion is. Raises UsageError: this is no such archive."""
    end = at = 0
    member, head, data = zlib.decompressobj(_GZIP), b"", b""
    while data := data or file.read(_CHUNK):
        try:
            head += member.decompress(data)[: max(0, _FIRST - len(head))]
        except zlib.error:
            break
        at, data = at + len(data) - len(member.unused_data), member.unused_data
        if not member.eof:
            continue
        if not head.startswith(b"WARC/1."):
            break
        if any(line in head for line in _LAST_OF_ITS_KIND):
            end = at
        member, head = zlib.decompressobj(_GZIP), b""
    if not end and file.seek(0, 2):
        raise UsageError(f"{file.name!r} is no WARC file that could be gone on with")
    return end


def whole_har(file: IO[bytes]) -> int:
    """Where the last whole entry ends, 0 where there is none. Raises UsageError: this is no such archive."""
    heading = file.readline()
    if not heading:
        return 0
    at, count = len(heading), 0
    last: deque[tuple[int, bytes]] = deque(maxlen=_DOUBTFUL)
    for line in file:
        last.appendleft((at, line))
        at, count = at + len(line), count + 1
    for start, line in last:
        if size := _size_of_entry(line):
            return start + size
    if not heading.startswith(b'{"log":{"version":"1.2","creator":{"name":"fetchmux"') or count >= _DOUBTFUL:
        raise UsageError(f"{file.name!r} is no HAR file that could be gone on with")
    return 0


def _size_of_entry(line: bytes) -> int:
    """How many bytes of a line are an entry; 0 where it begins with none."""
    if not line.startswith(b'{"startedDateTime":'):
        return 0
    text = line.decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return 0
    return len(text[:end].encode())
