"""Servers beside a test: programs of the system, nginx with any configuration, and answers by a function in threads."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli import shell

PROGRAM = (sys.executable, "-W", "error", "-m", "fetchmux")
# Proxies of whoever runs the tests are none of theirs.
ENVIRONMENT = {name: value for name, value in shell.ENVIRONMENT.items() if not name.lower().endswith("_proxy")}
HOST = "127.0.0.1"


def get(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run `fetchmux get`, in which no warning is left unseen."""
    environment = {**ENVIRONMENT, **variables}
    return shell.run("get", *arguments, stdin=stdin.encode(), program=PROGRAM, env=environment)


def records(*arguments: str, stdin: str = "", **variables: str) -> list[dict[str, Any]]:
    """The records of a run that says nothing else."""
    done = get(*arguments, stdin=stdin, **variables)
    assert done.stderr.decode() == ""
    return shell.records(done.stdout)


def record(*arguments: str, **variables: str) -> dict[str, Any]:
    """The only record of a run."""
    (only,) = records(*arguments, **variables)
    return only


def failure(told: dict[str, Any]) -> tuple[str, str]:
    """Code and phase of a record that must have failed."""
    assert told["error"] is not None, told
    assert not told["ok"]
    return told["error"]["code"], told["error"]["phase"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def program(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """A program that listens on a port of this host."""
    with (folder / "said").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as child:
        try:
            _wait_until_it_listens(child, port, folder)
            yield
        finally:
            child.terminate()


@contextlib.contextmanager
def nginx(folder: Path, port: int, http: str) -> Iterator[None]:
    """An nginx with this content of its `http` block, one of whose servers listens on `port`."""
    user = "user root;" if os.geteuid() == 0 else ""
    paths = "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"{user} worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 512; }}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; {paths} {http} }}\n"
    )
    command = ["nginx", "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with program(command, port, folder):
        yield


class Answering:
    """A server that lets a function answer each connection, in a thread of its own; behind TLS with a context.

    Attributes:
        address: where it listens.
        heads: what each request began with, up to its empty line, in the order in which they came.
    """

    def __init__(
        self,
        answer: Callable[[Visit], None],
        context: ssl.SSLContext | None = None,
        *,
        path: str | None = None,
        host: str = HOST,
    ) -> None:
        self.heads: list[bytes] = []
        self._answer = answer
        self._context = context
        if path is None:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener = socket.create_server((host, 0), family=family, backlog=128)
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(path)
            self._listener.listen(128)
        self.address = self._listener.getsockname()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()

    @property
    def port(self) -> int:
        return int(self.address[1])

    def __enter__(self) -> Answering:
        thread = threading.Thread(target=self._accept)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(self, *what: object) -> None:
        # Closing a socket wakes nobody who waits in it.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(sock)
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self._open.discard, sock)
            stack.callback(sock.close)
            stack.enter_context(contextlib.suppress(OSError))
            sock.settimeout(30)
            spoken: socket.socket = sock
            if self._context is not None:
                spoken = self._context.wrap_socket(sock, server_side=True)
                stack.callback(spoken.close)
            self._answer(Visit(spoken, self.heads))


class Visit:
    """One connection, as the function sees it that answers."""

    def __init__(self, sock: socket.socket, heads: list[bytes]) -> None:
        self.sock = sock
        self._heads = heads
        self._buffer = b""

    def read(self) -> bytes:
        """The head of the next request, its body skipped; b"" when there is none."""
        while b"\r\n\r\n" not in self._buffer:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                while len(self._buffer) < int(value):
                    self._buffer += self.sock.recv(65536)
                self._buffer = self._buffer[int(value) :]
        self._heads.append(head + b"\r\n\r\n")
        return self._heads[-1]

    def say(self, status: str, body: str = "", *fields: str, keep: bool = False) -> None:
        """A whole reply."""
        lines = [f"HTTP/1.0 {status}", f"Content-Length: {len(body)}", *fields]
        lines += ["Connection: keep-alive"] if keep else []
        self.sock.sendall("\r\n".join([*lines, "", body]).encode())


def _wait_until_it_listens(child: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and child.poll() is None:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection((HOST, port)):
            return
        time.sleep(0.02)
    pytest.fail(f"{child.args!r} does not listen: {os.fsdecode((folder / 'said').read_bytes())}")
