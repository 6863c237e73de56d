"""The origin of the measurements: nginx with one worker on a core of its own, where there are two."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PAGE = 1024
SERVER_CORE, CLIENT_CORE = 0, 1

_CONFIG = """\
worker_processes 1;
worker_cpu_affinity {affinity};
daemon off;
pid {root}/pid;
error_log {root}/errors;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 100000000;
    client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {root}/pages;
        location / {{ try_files $uri /1k; }}
        location /work {{ gzip_static always; rewrite ^ /coded break; }}
    }}
}}
"""


class Nginx:
    """A server inside a `with` block.

    `/big` is a sparse file of a GiB; whatever begins with `/work` is a page in gzip that takes a millisecond to decode;
    everything else is a page of 1 KiB.
    """

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="fetchmux-bench-"))
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        pages = self.root / "pages"
        pages.mkdir()
        (pages / "1k").write_bytes(b"x" * PAGE)
        with open(pages / "big", "wb") as big:
            big.truncate(1 << 30)
        (pages / "coded.gz").write_bytes(_millisecond_of_work())
        # A worker of nginx that was started by root runs as somebody else.
        for path in (self.root, pages):
            path.chmod(0o755)
        affinity = f"{1 << SERVER_CORE:b}" if pinned() else "auto"
        (self.root / "conf").write_text(_CONFIG.format(root=self.root, port=self.port, affinity=affinity))
        self._process = subprocess.Popen(["nginx", "-c", str(self.root / "conf")], stderr=subprocess.DEVNULL)
        _wait_for(self.port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def url(self, path: str) -> str:
        """The address of a page."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def list_of(self, count: int) -> Path:
        """A file that names so many different pages."""
        path = self.root / f"urls-{count}"
        path.write_text("".join(self.url(f"{number}\n") for number in range(count)))
        return path


def pinned() -> bool:
    """Whether server and client can have a core each."""
    return {SERVER_CORE, CLIENT_CORE} <= os.sched_getaffinity(0)


def _millisecond_of_work() -> bytes:
    """A member of gzip that takes this machine so long."""
    words = [b"%x" % number for number in random.Random(1).choices(range(1 << 12), k=400_000)]
    size = 1_000
    while True:
        member = gzip.compress(b" ".join(words[:size]))
        started = time.perf_counter()
        for _ in range(10):
            gzip.decompress(member)
        took = (time.perf_counter() - started) / 10
        if took >= 0.001 or size >= len(words):
            return member
        size = int(size * 1.1)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            pass
