"""The journal: what of a list is done, in a file that survives whatever ends the run.

A line is appended for each input that has ended, after its record has been handed to the output; so what the journal
says is done has been written. Where the output is a file, the journal tells its size as well, and whoever resumes cuts
off what was written after that: every input has its record once. Into a pipe it may go twice.

In memory are 9 bytes for each input of the list up to the last one that has ended. Knows files. Must not know how a
result came about.
"""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

import msgspec

from fetchmux.errors import Code, UsageError
from fetchmux.model import Request, Result
from fetchmux.sinks import Sink

Resume = Literal["all", "failed", "missing"]

_VERSION = 1
_OPEN, _OK, _FAILED = range(3)
# How often what was appended is made to last, in seconds.
_FSYNC_EVERY = 1.0
_BLOCK = 1 << 20


class _Title(msgspec.Struct, forbid_unknown_fields=True, tag_field="fetchmux", tag="journal"):
    version: int


class _Line(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """An input that has ended: its place in the list, whether it is ok, what it asked for (64 bits of a hash)."""

    index: int
    ok: bool
    print: int


class Past:
    """What a journal tells of earlier runs. Raises UsageError when the file cannot be used.

    Attributes:
        fd: the open file, whose end is where the next line goes.
        empty: nothing has ended yet.
        output: the size that the output had, in bytes.
    """

    def __init__(self, path: str) -> None:
        self.output = 0
        self._states = bytearray()
        self._prints = array("Q")
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            self.empty = not self._load()
        except OSError as error:
            raise UsageError(f"cannot use the journal {path!r}: {error.strerror}") from None
        except (msgspec.MsgspecError, ValueError):
            raise UsageError(f"{path!r} is no journal of fetchmux") from None

    def state(self, request: Request) -> int:
        """What became of a request. Raises UsageError when another one stood in its place."""
        index = request.index
        if index >= len(self._states) or self._states[index] == _OPEN:
            return _OPEN
        if self._prints[index] != request.fingerprint():
            raise UsageError(f"the journal was made for another list: input {index} was not {request.input!r}")
        return self._states[index]

    def _load(self) -> bool:
        """Read all lines; whether there was one. A last line without an end is cut off: the run died while writing."""
        whole = 0
        pending = b""
        while block := os.read(self.fd, _BLOCK):
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                self._take(line, first=not whole)
                whole += len(line) + 1
        os.ftruncate(self.fd, whole)
        os.lseek(self.fd, whole, os.SEEK_SET)
        return bool(whole)

    def _take(self, line: bytes, *, first: bool) -> None:
        if first:
            if msgspec.json.decode(line, type=_Title).version != _VERSION:
                raise ValueError
        elif line[:1] == b"[":
            index, ok, told = msgspec.structs.astuple(msgspec.json.decode(line, type=_Line))
            missing = index + 1 - len(self._states)
            if missing > 0:
                self._states.extend(bytes(missing))
                self._prints.frombytes(bytes(8 * missing))
            self._states[index] = _OK if ok else _FAILED
            self._prints[index] = told
        else:
            self.output = msgspec.json.decode(line, type=int)


class Output(Protocol):
    """Where results end up."""

    def size(self) -> int | None:
        """How much is there, in bytes; None where it has no size: a pipe, a terminal."""
        ...

    def sync(self) -> None:
        """Make it last, if it can."""
        ...


class Journal:
    """A source of requests and a sink of their results, used together.

    Args:
        past: what earlier runs have done.
        resume: what of the list is to be fetched: all that is not done, only what failed, or only what is missing.
        requests: the list, with None where there is nothing to read yet.
        sink: takes the results. What was cancelled is not handed on: it has not ended, and a later run fetches it.
        output: where the results end up.
    """

    def __init__(
        self,
        past: Past,
        resume: Resume,
        requests: Iterator[Request | None],
        sink: Sink,
        output: Output,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._past = past
        self._wanted = {"all": (_OPEN, _FAILED), "failed": (_FAILED,), "missing": (_OPEN,)}[resume]
        self._requests = requests
        self._sink = sink
        self._output = output
        self._clock = clock
        self._prints: dict[int, int] = {}
        self._lines: list[_Line] = []
        self._synced_at = clock()
        self._encode = msgspec.json.Encoder().encode

    def requests(self) -> Iterator[Request | None]:
        """What is still to be fetched. Raises UsageError where the list is another one than the journal's."""
        for request in self._requests:
            if request is not None:
                if self._past.state(request) not in self._wanted:
                    continue
                self._prints[request.index] = request.fingerprint()
            yield request

    def write(self, result: Result) -> None:
        told = self._prints.pop(result.index)
        if result.error is not None and result.error.code is Code.CANCELLED:
            return
        self._sink.write(result)
        self._lines.append(_Line(result.index, result.ok, told))

    def flush(self) -> None:
        self._sink.flush()
        if self._lines:
            lines = [self._encode(line) for line in self._lines]
            self._lines.clear()
            size = self._output.size()
            self._append([*lines, *([] if size is None else [b"%d" % size])])
            if self._clock() - self._synced_at >= _FSYNC_EVERY:
                self._sync()

    def close(self) -> None:
        """Make it last."""
        self._sync()
        os.close(self._past.fd)

    def _sync(self) -> None:
        # The output first: what the journal says is done must be there.
        self._output.sync()
        os.fsync(self._past.fd)
        self._synced_at = self._clock()

    def _append(self, lines: list[bytes]) -> None:
        if self._past.empty:
            self._past.empty = False
            lines.insert(0, self._encode(_Title(_VERSION)))
        rest = memoryview(b"\n".join([*lines, b""]))
        while rest:
            rest = rest[os.write(self._past.fd, rest) :]
