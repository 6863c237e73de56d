"""Proxies that others wrote, and a server behind TLS."""

from __future__ import annotations

import contextlib
import http.server
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from fetchmux.origin.launch import Origin

USER, PASSWORD = "us er", "p:w@rd"

_TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 30
LogFile "{folder}/log"
LogLevel Info
Filter "{folder}/filter"
FilterURLs Off
BasicAuth tiny secret
"""


@pytest.fixture(scope="session")
def tinyproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an HTTP proxy for tiny:secret, which does not allow forbidden.test."""
    folder = tmp_path_factory.mktemp("tinyproxy")
    port = _free_port()
    (folder / "conf").write_text(_TINYPROXY.format(port=port, folder=folder))
    (folder / "filter").write_text("^forbidden\\.test$\n")
    with _running(["tinyproxy", "-d", "-c", str(folder / "conf")], port, folder):
        yield port


@pytest.fixture(scope="session")
def microsocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a SOCKS proxy for everybody."""
    port = _free_port()
    command = ["microsocks", "-i", "127.0.0.1", "-p", str(port)]
    with _running(command, port, tmp_path_factory.mktemp("microsocks")):
        yield port


@pytest.fixture(scope="session")
def guarded_microsocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a SOCKS proxy for USER and PASSWORD."""
    port = _free_port()
    command = ["microsocks", "-i", "127.0.0.1", "-p", str(port), "-u", USER, "-P", PASSWORD]
    with _running(command, port, tmp_path_factory.mktemp("microsocks")):
        yield port


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="session")
def sealed(authority: trustme.CA) -> Iterator[int]:
    """The port of a server that says hello behind TLS, as localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hello) as server:
        server.daemon_threads = False
        # The handshake is left to the connection's own thread, where a client that breaks it off disturbs nobody.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class _Hello(http.server.BaseHTTPRequestHandler):
    timeout = 20

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.send_header("Connection", "keep-alive")
        self.end_headers()
        self.wfile.write(b"hello")
        self.close_connection = False

    def log_message(self, format: str, *args: object) -> None:
        """Nobody asks for a log."""


@contextlib.contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """A program that listens on a port of this host."""
    with (folder / "said").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as child:
        try:
            _wait_until_it_listens(child, port, folder)
            yield
        finally:
            child.terminate()


def _wait_until_it_listens(child: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and child.poll() is None:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    pytest.fail(f"{child.args!r} does not listen: {os.fsdecode((folder / 'said').read_bytes())}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
