"""An output that is gone on with: of its records only those are kept that are whole and that count.

Knows how records lie in a file, as JSON lines or as rows of CSV. It is read twice at most and never held in memory.
"""

from __future__ import annotations

import contextlib
import csv
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import IO, Literal, NamedTuple

import msgspec

from fetchmux.journal.past import Past, State
from fetchmux.sinks.delimited import COLUMNS

Format = Literal["jsonl", "csv", "tsv"]

_HEADING = -1
_OK = COLUMNS.index("ok")


class _Said(msgspec.Struct):
    index: int
    ok: bool


class _Piece(NamedTuple):
    """A record as it lies in the file. `number` is its index, `_HEADING`, or None: it is no whole record."""

    data: bytes
    number: int | None
    ok: bool = False


class Mended(NamedTuple):
    """What has become of a file: so many records were kept, and so many that the journal counts as good are missing."""

    kept: int
    lost: int


def mend(path: str, form: Format, past: Past, *, replace: bool) -> Mended:
    """Leave in a regular file one record of each input that has ended by what `past` tells, and nothing else.

    With `replace` no record of a failure stays: another one will take its place. `past` forgets what has no record. The
    file is cut, or replaced when it is written anew; it may not exist. Raises OSError.
    """
    path = os.path.realpath(path)
    kept = _Kept(past, replace=replace)
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        end, gaps = _survey(_pieces(file, form), kept)
        if gaps:
            _rewrite(path, file, form, _Kept(past, replace=replace))
        elif os.fstat(file.fileno()).st_size > end:
            os.truncate(path, end)
    return Mended(kept.count, past.forget_all_but(kept.present))


class _Kept:
    """Decides, piece by piece in the order of the file.

    Attributes:
        present: a 1 for each input that has a record, kept or not.
        count: records that are kept.
    """

    def __init__(self, past: Past, *, replace: bool) -> None:
        self.present = bytearray(len(past))
        self.count = 0
        self._past = past
        self._replace = replace

    def __call__(self, piece: _Piece) -> bool:
        if piece.number == _HEADING:
            return True
        index = piece.number
        if index is None or not 0 <= index < len(self._past) or self._past.state(index) == State.UNKNOWN:
            return False
        if self.present[index]:
            return False
        self.present[index] = 1
        self._past.correct(index, ok=piece.ok)
        keeps = piece.ok or not self._replace
        self.count += keeps
        return keeps


def _survey(pieces: Iterable[_Piece], kept: _Kept) -> tuple[int, bool]:
    """Where the last piece that is kept ends, and whether something before it is not kept."""
    end = at = 0
    dropped = gaps = False
    for piece in pieces:
        at += len(piece.data)
        if kept(piece):
            end = at
            gaps |= dropped
        else:
            dropped = True
    return end, gaps


def _rewrite(path: str, file: IO[bytes], form: Format, kept: _Kept) -> None:
    """Put a file in the place of another that has only what is kept of it; at no moment is there less than that."""
    file.seek(0)
    # Always the same name, so that a run that dies here leaves it to the next one; the journal's lock keeps others out.
    new = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.mended")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb") as copy:
            for piece in _pieces(file, form):
                if kept(piece):
                    copy.write(piece.data)
            copy.flush()
            os.fsync(copy.fileno())
            old = os.fstat(file.fileno())
            # Root gives the file back to its owner; nobody else needs to.
            with contextlib.suppress(PermissionError):
                os.fchown(copy.fileno(), old.st_uid, old.st_gid)
            os.fchmod(copy.fileno(), stat.S_IMODE(old.st_mode))
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise


def _pieces(file: IO[bytes], form: Format) -> Iterator[_Piece]:
    return _json_lines(file) if form == "jsonl" else _rows(file, "," if form == "csv" else "\t")


def _json_lines(file: IO[bytes]) -> Iterator[_Piece]:
    decode = msgspec.json.Decoder(_Said).decode
    for line in file:
        said = None
        if line.endswith(b"\n"):
            with contextlib.suppress(msgspec.MsgspecError):
                said = decode(line)
        yield _Piece(line, None) if said is None else _Piece(line, said.index, said.ok)


def _rows(file: IO[bytes], delimiter: str) -> Iterator[_Piece]:
    """Rows; one goes on over the ends of lines as long as its quotes are open."""
    heading = delimiter.join(COLUMNS).encode() + b"\n"
    # What was written may be read: the limit of the module is smaller than some URLs.
    csv.field_size_limit(sys.maxsize)
    row = b""
    for line in file:
        row += line
        if row.count(b'"') % 2 or not row.endswith(b"\n"):
            continue
        yield _Piece(row, _HEADING) if row == heading else _row(row, delimiter)
        row = b""
    if row:
        yield _Piece(row, None)


def _row(row: bytes, delimiter: str) -> _Piece:
    fields = next(csv.reader([row.decode("utf-8", "replace")], delimiter=delimiter), [])
    whole = len(fields) == len(COLUMNS) and fields[0].isdecimal()
    return _Piece(row, int(fields[0]), fields[_OK] == "true") if whole else _Piece(row, None)
