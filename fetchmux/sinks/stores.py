"""Where the bytes of one body go while they arrive: into memory, or through a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from fetchmux.model import Result, Store
from fetchmux.settings import BodyUse


class Keep:
    """Keeps the body in memory."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._pieces.append(data)

    def finish(self, result: Result) -> None:
        result.body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def drop(self) -> None:
        self._pieces.clear()


class Digest:
    """Hashes the body and forgets it."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._hash.update(data)

    def finish(self, result: Result) -> None:
        result.sha256 = self._hash.hexdigest()

    def drop(self) -> None:
        """Nothing was left anywhere."""


def _no_store() -> None:
    return None


def store_opener(use: BodyUse) -> Callable[[], Store | None]:
    """A function that opens the store of one attempt, or gives None where bytes are only counted."""
    openers: dict[BodyUse, Callable[[], Store | None]] = {"discard": _no_store, "digest": Digest, "keep": Keep}
    return openers[use]
