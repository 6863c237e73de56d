"""The index of what was saved: a file in the directory of the bodies that says what their servers said of them.

A line is added for each body, with a check before it; the latest of each request counts. What it does not tell, or not
any more, costs no more than a fetch. In memory is a line of it for each body, some 600 bytes.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from collections.abc import Callable

import msgspec

from fetchmux.errors import UsageError
from fetchmux.model import Known, Request, Result
from fetchmux.sinks.validators import as_it_was, question, validators

INDEX = ".fetchmux-etags"


class _Line(msgspec.Struct, array_like=True):
    """A body, relative to the directory: what it answers, where it came from, and how it can be asked about."""

    key: int
    url: str
    file: str
    size: int
    time: int
    tag: str | None
    date: str | None
    sha256: str | None


class Etags:
    """The index of one directory. Raises UsageError when it cannot be used.

    Args:
        directory: where bodies are saved.
        decoded: content codings are undone before bodies are saved.
        notice: takes a sentence for the user; None: the index is only looked at, and not made where there is none.
    """

    def __init__(self, directory: str, *, decoded: bool, notice: Callable[[str], None] | None = None) -> None:
        self._directory = directory
        self._decoded = decoded
        self._notice = notice
        self._path = os.path.join(directory, INDEX)
        self._lines: dict[int, _Line] = {}
        self._new: list[_Line] = []
        self._torn = self._told = False
        self._fd = -1
        self._made, self._missing = False, list[str]()
        try:
            self._open(writes=notice is not None)
        except OSError as error:
            raise UsageError(f"cannot use {self._path!r}: {error.strerror}") from None

    def key(self, request: Request) -> int:
        """A number of 64 bits for all that a body depends on: other fields may bring another one."""
        assert request.url is not None
        coding = "decoded" if self._decoded else None
        asked = (*request.headers, ("Authorization", request.url.authorization), ("Accept-Encoding", coding))
        return msgspec.structs.replace(request, headers=asked).fingerprint()

    def known(self, key: int) -> Known | None:
        """What was saved of a request, if it is still there and can be asked about."""
        line = self._lines.get(key)
        if line is None or not (fields := question(line.tag, line.date)):
            return None
        path = os.path.join(self._directory, line.file)
        known = Known(line.url, fields, path, line.size, line.time, line.sha256)
        return known if as_it_was(known) else None

    def note(self, key: int, result: Result) -> None:
        """Note what was saved just now, if its server will be able to tell whether it has changed."""
        tag, date = validators(result.headers)
        if result.saved_to is None or result.final_url is None or not (tag or date):
            return
        try:
            found = os.stat(result.saved_to)
        except OSError:
            # Somebody has taken it away already.
            return
        file = os.path.relpath(result.saved_to, self._directory)
        line = _Line(key, result.final_url, file, found.st_size, found.st_mtime_ns, tag, date, result.sha256)
        self._lines[key] = line
        self._new.append(line)

    def flush(self) -> None:
        """Write what is new. A full disk is no reason to end: without its line a body is fetched again."""
        if not self._new:
            return
        # One write, so that several runs may share the index; a torn line before it must not take its first along.
        lines = b"\n" * self._torn + b"".join(map(_written, self._new))
        self._new.clear()
        try:
            self._torn = os.write(self._fd, lines) < len(lines)
            reason = "not all of it could be written" if self._torn else None
        except OSError as error:
            reason = error.strerror
        if reason is not None and self._notice is not None and not self._told:
            self._told = True
            self._notice(f"{self._path}: {reason}: some of what is saved now will be fetched again")

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)

    def abandon(self) -> None:
        """Nothing was noted: close it, and take away what was made for it."""
        self.close()
        with contextlib.suppress(OSError):
            if self._made:
                os.unlink(self._path)
            for directory in self._missing:
                os.rmdir(directory)

    def _open(self, *, writes: bool) -> None:
        """Open and read. The user's own: a key is made, among others, of passwords."""
        if writes:
            self._missing, self._made = _missing(self._directory), not os.path.lexists(self._path)
            os.makedirs(self._directory, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        elif os.path.exists(self._path):
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            return
        regular = stat.S_ISREG(os.fstat(self._fd).st_mode)
        if regular:
            self._load()
        if not regular or not writes:
            self.close()
        if not regular:
            raise UsageError(f"cannot use {self._path!r}: it is no file")

    def _load(self) -> None:
        text = b""
        with open(self._fd, "rb", closefd=False) as index:
            for text in index:
                if (line := _read(text)) is not None:
                    self._lines[line.key] = line
        self._torn = bool(text) and not text.endswith(b"\n")


def _missing(directory: str) -> list[str]:
    """It and those above it that are not there, from the innermost outwards."""
    missing = []
    while not os.path.lexists(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
    return missing


def _written(line: _Line) -> bytes:
    told = msgspec.json.encode(line)
    return b"%08x %b\n" % (zlib.crc32(told), told)


def _read(text: bytes) -> _Line | None:
    """A line again; None where it is not what was written: a digit less in a tag would make it another one's."""
    check, _, told = text.rstrip(b"\n").partition(b" ")
    if check != b"%08x" % zlib.crc32(told):
        return None
    try:
        return msgspec.json.decode(told, type=_Line)
    except (msgspec.MsgspecError, ValueError):
        return None
