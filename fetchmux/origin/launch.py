"""Start an origin in a process of its own and stop it.

Knows how to run a child and what its first line means; loads neither gevent nor a server into this process. The child's
standard input is its lifeline: when this process dies, however, the pipe ends and the child with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Literal, Self
from urllib.parse import urlsplit

from fetchmux import offspring

_PARTING = 5.0


class OriginFailed(RuntimeError):
    """The child ended, or said nothing, before it listened, or there was none; the text holds what is known of why."""


class Origin:
    """An origin in a child process, running inside a `with` block: `url(path)`, `address`, `pid`, `complaints`.

    With `certificate`, the names of a file with certificates and of one with the key, a good one speaks TLS.
    """

    def __init__(
        self,
        kind: Literal["good", "bad"] = "good",
        host: str = "127.0.0.1",
        port: int = 0,
        patience: float = 30.0,
        certificate: tuple[str, str] | None = None,
    ) -> None:
        self._arguments = ["--kind", kind, "--host", host, "--port", str(port), "--lifeline"]
        if certificate is not None:
            self._arguments += ["--certificate", *certificate]
        self._patience = patience
        self._base = ""
        self.complaints = ""

    def __enter__(self) -> Self:
        # Errors go to a file: a pipe that nobody reads would stop a talkative child.
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        try:
            self._child = self._start()
        except OSError as error:
            self._errors.close()
            raise OriginFailed(f"The origin gets no process: {error.strerror}") from error
        except BaseException:
            self._errors.close()
            raise
        try:
            self._base = self._first_line()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._child as child:
            child.terminate()
            try:
                child.wait(_PARTING)
            except subprocess.TimeoutExpired:
                child.kill()
        self._read_complaints()
        self._errors.close()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, as `socket.create_connection` takes them."""
        parts = urlsplit(self._base)
        if parts.hostname is None or parts.port is None:
            raise OriginFailed(f"The origin announced no address but {self._base!r}.")
        return parts.hostname, parts.port

    def url(self, path: str = "/") -> str:
        """Return the URL of a path, which begins with a slash."""
        return self._base + path

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            offspring.command("fetchmux.origin", *self._arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            env=offspring.environment(),
            # Ctrl-C at the terminal is for the parent, which may still need its origin while it winds up.
            process_group=0,
        )

    def _first_line(self) -> str:
        stdout = self._child.stdout
        assert stdout is not None
        poller = select.poll()
        poller.register(stdout, select.POLLIN)
        line, limit = b"", time.monotonic() + self._patience
        while not line.endswith(b"\n"):
            ready = poller.poll(max(0.0, limit - time.monotonic()) * 1000)
            data = stdout.read(4096) if ready else b""
            if not data:
                reason = "ended" if ready else f"said nothing for {self._patience:g} s"
                raise OriginFailed(f"The origin {reason} before it listened: {self._read_complaints() or 'no message'}")
            line += data
        return line.decode().strip()

    def _read_complaints(self) -> str:
        """Read what the child has written to its standard error so far."""
        # The child writes where this descriptor's offset is, so the offset stays untouched.
        data = os.pread(self._errors.fileno(), 1 << 20, 0)
        self.complaints = data.decode(errors="replace").strip()
        return self.complaints


@contextlib.contextmanager
def refused_port(host: str = "127.0.0.1") -> Iterator[int]:
    """Give a port that refuses connections: bound, so that nobody else takes it meanwhile, and not listening."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as reserved:
        reserved.bind((host, 0))
        yield int(reserved.getsockname()[1])
