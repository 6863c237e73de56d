"""What all straight scripts say and write: the request, the end of the reply, the record."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

CHUNK = 64 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Fetch:
    """One URL, what to send for it, and what has come back."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self.address = (parts.hostname or "", parts.port or 80)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = f"Host: {parts.netloc}\r\nUser-Agent: bare\r\nAccept: */*\r\nConnection: close\r\n"
        self.request = f"GET {target} HTTP/1.0\r\n{fields}\r\n".encode()
        self.reply = b""
        self.started = time.monotonic()

    def take(self, data: bytes) -> bool:
        """Take what has come; whether the reply is whole."""
        self.reply += data
        end = self.reply.find(b"\r\n\r\n")
        if end < 0:
            return not data
        length = _LENGTH.search(self.reply, 0, end + 2)
        return not data or (length is not None and len(self.reply) - end - 4 >= int(length[1]))

    def write(self) -> None:
        """Write the record."""
        head, _, body = self.reply.partition(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        version, status, reason = start.split(" ", 2)
        record = {
            "url": self.url,
            "status": int(status),
            "reason": reason,
            "http_version": version,
            "headers": [line.split(": ", 1) for line in lines],
            "body_size": len(body),
            "total": time.monotonic() - self.started,
        }
        sys.stdout.write(json.dumps(record) + "\n")


def arguments() -> tuple[Iterator[str], int]:
    """The URLs of the file that the command line names, and the window."""
    return (line.rstrip("\n") for line in open(sys.argv[1])), int(sys.argv[2])
