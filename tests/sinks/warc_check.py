"""WARC files as warcio reads them, and its own checker, which knows digests and members."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker


def checked(path: Path) -> list[Any]:
    """The records by type, URL, head and body; warcio's own checker has looked at them."""
    checker = Checker(type("Asked", (), {"inputs": [str(path)], "verbose": False}))
    checker.process_all()
    assert checker.exit_value == 0
    with path.open("rb") as file:
        return [
            (record.rec_type, record.rec_headers.get_header("WARC-Target-URI"), record.http_headers,
             record.content_stream().read())
            for record in ArchiveIterator(file)
        ]  # fmt: skip
