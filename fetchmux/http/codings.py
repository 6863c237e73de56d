"""Content codings: pieces of a coded body in, pieces of the body out, none of them much larger than STEP.

Knows the order in which codings are undone, where each may end and what may follow it (RFC 9110, 8.4). Must not know
how a body is framed, nor where it goes. A few bytes can stand for gigabytes, so output is pulled step by step, and who
pulls may stop at any step: nothing beyond it has been made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.http.inflation import OFFERED, Kind, Member, find

# What one step yields at most, in bytes; brotli fills the buffer that it has begun and stays below twice as much.
STEP = 128 * 1024
# Input is handed over in slices: a decompressor copies what it has not used each time that it stops.
_SLICE = 16 * 1024
# Where nobody has set a limit, a body may grow so many times, which is a little more than one gzip can do, and by so
# many bytes more. What grows further is meant to keep a client busy: a loop would look after nothing else meanwhile.
MOST_GROWTH = 1_100
FREE_GROWTH = 64 * 1024 * 1024
# As in curl: each coding holds a window, and a server can write any number of names into a field.
_MOST_CODINGS = 5
_EXTRAS = {"br": "brotli", "zstd": "zstd"}


def accept_encoding() -> str:
    """The value of Accept-Encoding: what can be decoded here."""
    return ", ".join(name for name in OFFERED if find(name) is not None)


def open_decoder(fields: list[tuple[str, str]], max_body: int | None) -> Decoder | None:
    """What decodes the body behind a head with these fields; None where nothing is coded."""
    names = [
        name
        for field, value in fields
        if len(field) == 16 and field.lower() == "content-encoding"
        for name in (item.strip(" \t").lower() for item in value.split(","))
        if name not in ("", "identity")
    ]
    return Decoder(names, max_body) if names else None


class Decoder:
    """Undoes the codings of one body, the last one first.

    Args:
        codings: their names in the order in which they were applied. One that is not known is no fault before there
            is something to decode.
        max_body: bytes that the body may have. Whoever pulls counts them exactly; here about that much may come out
            of each coding, because what lies between two could else be gigabytes that stand for nothing. Without it
            no more may come out of any than `MOST_GROWTH` and `FREE_GROWTH` allow.
    """

    __slots__ = ("_limited", "_stages")

    def __init__(self, codings: list[str], max_body: int | None = None) -> None:
        self._limited = max_body is not None
        if len(codings) > _MOST_CODINGS:
            self._stages: list[_Stage] = [_Refusal(f"more than {_MOST_CODINGS} content codings were applied")]
            return
        # What cannot be made smaller grows a little when it is coded.
        room = FREE_GROWTH if max_body is None else max_body + max_body // 8 + STEP
        self._stages = [_stage(name, room) for name in reversed(codings)]

    def decode(self, data: bytes) -> Iterator[bytes]:
        """The pieces of the body that `data` adds, to be pulled to the end before the next call. Raises FetchError."""
        pieces: Iterable[bytes] = (data,)
        for stage in self._stages:
            if not self._limited:
                stage.allow(MOST_GROWTH * len(data))
            pieces = stage.decode(pieces)
        return iter(pieces)

    def end(self) -> None:
        """The coded body has ended. Raises FetchError `undecodable-body` in the middle of a coding."""
        for stage in self._stages:
            stage.end()


class _Stage(Protocol):
    """Undoes one coding."""

    def decode(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """What these pieces stand for."""
        ...

    def allow(self, count: int) -> None:
        """So many more bytes may come out."""
        ...

    def end(self) -> None:
        """There are no more pieces. A coding that never began needs no end: an empty body is one under any coding."""
        ...


def _stage(name: str, room: int) -> _Stage:
    kind = find(name)
    if kind is not None:
        return _Coding(name, kind, room)
    if name in _EXTRAS:
        return _Refusal(f"decoding {name} needs a package: pip install 'fetchmux[{_EXTRAS[name]}]'")
    return _Refusal(f"the content coding {name[:40]!r} is unknown")


class _Refusal:
    """Stands for what cannot be undone."""

    __slots__ = ("_reason",)

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def decode(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for _ in pieces:
            raise undecodable(self._reason)
        return iter(())

    def allow(self, count: int) -> None:
        """Nothing comes out."""

    def end(self) -> None:
        """It never began."""


class _Coding:
    """Undoes a coding that is known; `room` is how many bytes may come out."""

    __slots__ = ("_ended", "_kind", "_member", "_name", "_padding", "_room")

    def __init__(self, name: str, kind: Kind, room: int) -> None:
        self._name = name
        self._kind = kind
        self._room = room
        self._member: Member | None = None
        self._ended = False
        self._padding = False

    def decode(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            at = 0
            while at < len(piece):
                data = piece[at : at + _SLICE]
                at += len(data)
                member = self._member or self._begin(data)
                if member is None:
                    continue
                yield from self._pull(member, data)
                if member.eof:
                    at -= len(member.unused_data)
                    self._member, self._ended = None, True

    def allow(self, count: int) -> None:
        self._room += count

    def end(self) -> None:
        if self._member is not None:
            raise undecodable(f"the body ends in the middle of its {self._name} coding")

    def _begin(self, data: bytes) -> Member | None:
        """The next member, or None when `data` is padding."""
        if self._ended and self._kind.padded and data[0] == 0:
            self._padding = True
        if self._padding:
            if data.strip(b"\0"):
                raise self._excess()
            return None
        if self._ended and not self._kind.several:
            raise self._excess()
        self._member = member = self._kind.open()
        return member

    def _pull(self, member: Member, data: bytes) -> Iterator[bytes]:
        """Hand over `data` and take what comes, until nothing more does."""
        while True:
            try:
                output = member.decompress(data, STEP)
            except self._kind.error as error:
                reason = str(error).rpartition(": ")[2]
                raise undecodable(f"the {self._name} coding of the body is damaged: {reason}") from error
            if output:
                self._count(output)
                yield output
            if member.eof or member.needs_input:
                return
            data = b""

    def _count(self, output: bytes) -> None:
        self._room -= len(output)
        if self._room < 0:
            message = f"the body under its {self._name} coding is larger than the limit of a body, or grows too much"
            raise FetchError(Code.BODY_TOO_LARGE, message, Phase.BODY)

    def _excess(self) -> FetchError:
        return undecodable(f"bytes that are not {self._name} follow the {self._name} coding of the body")


def undecodable(message: str) -> FetchError:
    """The failure of a body whose content coding cannot be undone."""
    return FetchError(Code.UNDECODABLE_BODY, message, Phase.BODY)
