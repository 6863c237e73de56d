"""A comparison as a file: every raw sample and the machine, rewritten after each trial so that nothing is ever lost.

How any file of results is replaced is here, too: in one step, and only a regular file.

For whoever shows one: `cells` is a list, of one cell without a sweep and without several scenarios; the neighbours of a
cell in a sweep are those of the same `scenario`, told apart by `swept`. `summary.summarise(cell, document.reference)`
makes of a cell its ranking, `Summary.rows`; the cell's reports are the raw samples, of which one with a `failure` has
measured nothing. `Report.spans` are columns with an entry for each request; `Report.traces` tells of the first 60
inputs when each began, connected, got its first byte and ended, in seconds on the trial's own clock.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import msgspec

from fetchmux.compare.cell import Cell
from fetchmux.compare.machine import Machine

VERSION = 2


class _Versioned(msgspec.Struct):
    """What a document of any version has."""

    version: int


class Document(msgspec.Struct):
    """The whole file.

    Attributes:
        version: changes when a field changes its meaning.
        fetchmux: the program's version.
        started: date and time, ISO 8601, with its zone.
        seed: gives the order of all trials.
        reference: the strategy that speeds are relative to.
        cells: in the order in which they were measured.
    """

    version: int
    fetchmux: str
    started: str
    seed: int
    machine: Machine
    reference: str
    cells: list[Cell]


def save(path: Path, document: Document) -> None:
    """Write the document. Raises OSError."""
    replace(path, encode(document))


def encode(document: Document) -> bytes:
    """The document in a line of JSON."""
    return msgspec.json.encode(document) + b"\n"


def replace(path: Path, data: bytes) -> None:
    """Write a file in one step: whoever reads it finds the old one or the new one, whole. Raises OSError."""
    # A link stays one. In the place of a device or a pipe would stand a file afterwards: /dev/null, say.
    path = path.resolve()
    if not path.name or (path.exists() and not path.is_file()):
        raise OSError(errno.EINVAL, "this is no regular file")
    # The process number keeps two comparisons that export to one place from writing into each other's drafts.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    finally:
        # Still there only after a full disk or an interrupt.
        draft.unlink(missing_ok=True)


def load(path: Path) -> Document:
    """Read a saved comparison. Raises OSError, msgspec.MsgspecError."""
    data = path.read_bytes()
    version = msgspec.json.decode(data, type=_Versioned).version
    if version != VERSION:
        raise msgspec.ValidationError(f"it has version {version} and not {VERSION}: measure again with this fetchmux")
    return msgspec.json.decode(data, type=Document)


def schema() -> dict[str, Any]:
    """What a saved document is like, as a JSON Schema, draft 2020-12."""
    described = msgspec.json.schema(Document)
    described["$defs"]["Document"]["properties"]["version"] = {"const": VERSION}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "fetchmux compare", **described}
