"""A comparison as a file: every raw sample and the machine, rewritten after each trial so that nothing is ever lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import msgspec

from fetchmux.compare.machine import Machine
from fetchmux.compare.trial import Report

VERSION = 1


class Setting(msgspec.Struct, frozen=True):
    """What was compared.

    Attributes:
        urls: what was fetched, in turn, without passwords; paths of the embedded origin when `embedded`.
        delay, size: of its replies, in seconds and bytes.
        options: fields of `settings.Options` that all trials had.
        limit: seconds that one trial might take.
    """

    backends: tuple[str, ...]
    reference: str
    requests: int
    concurrency: int
    rounds: int
    warm_up: int
    seed: int
    urls: tuple[str, ...]
    embedded: bool
    delay: float
    size: int
    options: dict[str, Any]
    limit: float


class Document(msgspec.Struct):
    """The whole file. `version` changes when a field changes its meaning."""

    version: int
    setting: Setting
    machine: Machine
    reports: list[Report]


def save(path: Path, document: Document) -> None:
    """Write the file in one step: whoever reads it finds the old one or the new one, whole. Raises OSError."""
    # A link stays one. In the place of a device or a pipe would stand a file afterwards: /dev/null, say.
    path = path.resolve()
    if not path.name or (path.exists() and not path.is_file()):
        raise OSError(errno.EINVAL, "this is no regular file")
    data = msgspec.json.format(msgspec.json.encode(document), indent=1)
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
    return msgspec.json.decode(path.read_bytes(), type=Document)
