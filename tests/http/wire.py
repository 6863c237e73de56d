"""Feeding a collector as an exchange does, and saying what came of it in plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fetchmux.errors import FetchError
from fetchmux.http.collector import Collector
from fetchmux.model import Result
from fetchmux.settings import MAX_HEAD


class Pieces:
    """A store that keeps what it is given."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def finish(self, result: Result) -> None:
        raise AssertionError("a collector does not finish a store")

    def drop(self) -> None:
        raise AssertionError("a collector does not drop a store")


@dataclass(frozen=True)
class Reply:
    """A whole response; with `open_ended` the end of the stream has ended it."""

    status: int
    reason: str
    version: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    persistent: bool
    open_ended: bool = False


@dataclass(frozen=True)
class Fault:
    """A response that is refused; with `at_end` only the end of the stream showed it."""

    code: str
    phase: str
    at_end: bool = False


@dataclass(frozen=True)
class Waiting:
    """Neither: more must arrive."""

    body: bytes


Outcome = Reply | Fault | Waiting


def collect(
    parts: Iterable[bytes],
    *,
    method: str = "GET",
    max_body: int | None = None,
    max_head: int = MAX_HEAD,
    end: bool = True,
) -> Outcome:
    """Feed parts until the response is whole, then, if it is not and `end` is true, the end of the stream."""
    store = Pieces()
    collector = Collector(method, store, max_head, max_body)
    at_end = False
    try:
        for part in parts:
            if part and not collector.complete:
                collector.feed(part)
        if end and not collector.complete:
            at_end = True
            collector.feed(b"")
    except FetchError as error:
        return _fault(error, at_end)
    body = b"".join(store.written)
    assert collector.body_size == len(body)
    if not collector.complete:
        assert not collector.persistent
        return Waiting(body)
    assert collector.head is not None
    return Reply(*_head(collector), body, collector.persistent, collector.open_ended)


def _fault(error: FetchError, at_end: bool) -> Fault:
    assert error.phase is not None
    assert error.message
    return Fault(error.code, error.phase, at_end)


def _head(collector: Collector) -> tuple[int, str, str, tuple[tuple[str, str], ...]]:
    assert collector.head is not None
    status, reason, version, fields = collector.head
    return status, reason, version, tuple(fields)


def by_byte(data: bytes) -> Iterable[bytes]:
    return (data[place : place + 1] for place in range(len(data)))
