"""Bodies to files: written under another name while they come, and under their own when they are whole.

Knows a directory. A file that is there already is never touched: whoever comes later gets a number, also when several
processes save into the same directory.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import tempfile
from collections.abc import Iterator

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.model import Request, Result
from fetchmux.settings import Saving
from fetchmux.sinks.descriptors import write_all
from fetchmux.sinks.names import name_of, numbered

_PARTIAL = ".part"
# Their replies have no body, whatever was asked for (RFC 9110, 15.3.5 and 15.4.5).
_WITHOUT_BODY = frozenset({204, 304})
# These mean that a name is taken, by a file or by a directory.
_TAKEN = frozenset({errno.EEXIST, errno.EISDIR})
# The file system has no links.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})
_MOST_COLLISIONS = 100_000


class SavedBody:
    """The body of one attempt. Raises FetchError `save-failed`.

    Args:
        request: names the file.
        saving: where to.
    """

    __slots__ = ("_fd", "_partial", "_request", "_saving")

    def __init__(self, request: Request, saving: Saving) -> None:
        self._request = request
        self._saving = saving
        self._fd = -1
        self._partial = ""

    def write(self, data: bytes) -> None:
        with save_failures():
            if self._fd < 0:
                self._open()
            write_all(self._fd, data)

    def finish(self, result: Result) -> None:
        if result.method == "HEAD" or result.status in _WITHOUT_BODY or not result.ok:
            self.drop()
            if result.ok and self._request.known is not None:
                # Late: few runs know anything beforehand.
                from fetchmux.sinks.validators import tell_of_unchanged

                tell_of_unchanged(result, self._request.known)
            return
        with save_failures():
            if self._fd < 0:
                self._open()
            try:
                self._close()
                result.saved_to = self._settle(name_of(self._request, self._saving.name))
            except BaseException:
                self.drop()
                raise

    def drop(self) -> None:
        if self._partial:
            self._close()
            with contextlib.suppress(OSError):
                if self._saving.keep_partial:
                    self._settle(name_of(self._request, self._saving.name) + _PARTIAL)
                else:
                    os.unlink(self._partial)
            self._partial = ""

    def _open(self) -> None:
        os.makedirs(self._saving.directory, exist_ok=True)
        # In the directory itself: a rename must not cross to another file system.
        self._fd, self._partial = tempfile.mkstemp(_PARTIAL, ".", self._saving.directory)
        os.fchmod(self._fd, 0o666 & ~_umask())

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _settle(self, name: str) -> str:
        """Give the file its name, or the next one that is free; its path."""
        try:
            os.makedirs(os.path.dirname(os.path.join(self._saving.directory, name)), exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            # What is a directory in this URL is a file of another one.
            name = name.replace("/", "~")
        for number in range(_MOST_COLLISIONS):
            path = os.path.join(self._saving.directory, numbered(name, number))
            if self._take(path):
                return path
        raise OSError(errno.EEXIST, "too many files of that name")

    def _take(self, path: str) -> bool:
        """Let the file have this name, unless somebody has it."""
        try:
            # Unlike a rename, a link takes nobody's place.
            os.link(self._partial, path)
            os.unlink(self._partial)
        except OSError as error:
            if error.errno in _TAKEN:
                return False
            if error.errno not in _NO_LINKS:
                raise
            if not _moved(self._partial, path):
                return False
        self._partial = ""
        return True


def _moved(partial: str, path: str) -> bool:
    """Where there are no links: reserve the name, then take its place. False when it was taken."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    os.replace(partial, path)
    return True


@contextlib.contextmanager
def save_failures() -> Iterator[None]:
    """Turn OSError into FetchError `save-failed`."""
    try:
        yield
    except OSError as error:
        raise FetchError(Code.SAVE_FAILED, os.strerror(error.errno or 0), Phase.SAVE) from error


@functools.cache
def _umask() -> int:
    """The process's mask, which can be read only by setting it; where /proc tells it, that is not needed."""
    with contextlib.suppress(OSError, ValueError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
