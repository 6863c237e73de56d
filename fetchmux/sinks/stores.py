"""Where the bytes of one body go while they arrive: into memory, or through a hash."""

from __future__ import annotations

import functools
from collections.abc import Callable

from fetchmux.model import Known, Request, Result, Store
from fetchmux.settings import BodyUse, Options


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
    """Hashes the body and forgets it; where another one was expected, the result is no success.

    Of a body that has not changed, `known`, the hash is known too, and it is that which was expected.
    """

    __slots__ = ("_expected", "_hash", "_known")

    def __init__(self, expected: str | None = None, known: Known | None = None) -> None:
        # Late: it takes a while to load, and most runs hash nothing.
        import hashlib

        self._hash = hashlib.sha256()
        self._expected = expected
        self._known = known

    def write(self, data: bytes) -> None:
        self._hash.update(data)

    def finish(self, result: Result) -> None:
        if self._known is not None and result.status == 304 and result.final_url == self._known.url:
            result.sha256 = self._known.sha256
            return
        result.sha256 = self._hash.hexdigest()
        if self._expected is not None and self._expected != result.sha256:
            result.ok = False

    def drop(self) -> None:
        """Nothing was left anywhere."""


class Several:
    """More than one store for the same body."""

    __slots__ = ("_stores",)

    def __init__(self, stores: list[Store]) -> None:
        self._stores = stores

    def write(self, data: bytes) -> None:
        for store in self._stores:
            store.write(data)

    def finish(self, result: Result) -> None:
        for store in self._stores:
            store.finish(result)

    def drop(self) -> None:
        for store in self._stores:
            store.drop()


Opener = Callable[[Request], Store | None]


def store_opener(options: Options) -> Opener:
    """A function that opens the store of one attempt, or gives None where bytes are only counted."""
    keep: Callable[[], Store] = Keep
    if options.spool is not None and not options.archive:
        keep = _spooler(options.spool)
    openers: dict[BodyUse, Opener] = {
        "discard": lambda request: None if request.sha256 is None else _digest(request),
        "digest": _digest,
        "keep": lambda request: keep() if request.sha256 is None else Several([_digest(request), keep()]),
    }
    usual, saving = openers[options.body], options.save
    if options.archive and options.body != "keep":
        usual = _kept_beside(usual)
    if saving is None:
        return usual
    # Only here: most runs save nothing.
    from fetchmux.sinks.saving import SavedBody

    def open_both(request: Request) -> Store:
        saved, other = SavedBody(request, saving), usual(request)
        # The other one first: what is not as expected is not saved.
        return saved if other is None else Several([other, saved])

    return open_both


def _spooler(directory: str) -> Callable[[], Store]:
    """Loaded for those who want bodies alone."""
    from fetchmux.sinks.spooling import Spooled

    return functools.partial(Spooled, directory)


def _digest(request: Request) -> Digest:
    return Digest(request.sha256, request.known)


def _kept_beside(usual: Opener) -> Opener:
    """Keep the body, whatever else becomes of it."""

    def open_both(request: Request) -> Store:
        other = usual(request)
        return Keep() if other is None else Several([Keep(), other])

    return open_both
