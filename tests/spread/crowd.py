"""A server for many hosts that counts how many requests each of them has at once."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any


class Crowd(http.server.ThreadingHTTPServer):
    """Counts how many requests of each host are there at once; each stays for a moment."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Guest)
        self.lock = threading.Lock()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()


class Guest(http.server.BaseHTTPRequestHandler):
    server: Crowd

    def do_GET(self) -> None:
        host = self.headers["Host"].partition(":")[0]
        with self.server.lock:
            self.server.now[host] += 1
            self.server.most[host] = max(self.server.most[host], self.server.now[host])
        time.sleep(0.02)
        with self.server.lock:
            self.server.now[host] -= 1
        stage, _, there = self.path.removeprefix("/").partition("/")
        self.send_response(302 if there else 200)
        self.send_header("Content-Length", "0")
        self.send_header("X-Cookie", self.headers.get("Cookie", "none"))
        if there:
            # The rest of the path names the hosts to go to, one after another.
            host, _, rest = there.partition("/")
            location = f"http://{host}:{self.server.server_address[1]}/{stage}x/{rest}"
            self.send_header("Set-Cookie", f"from={stage}; Path=/")
            self.send_header("Location", location.rstrip("/"))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@contextlib.contextmanager
def crowd_at(hosts: list[str]) -> Iterator[tuple[Crowd, list[str]]]:
    """A crowd, and the options by which these hosts are there."""
    with Crowd() as crowd:
        thread = threading.Thread(target=crowd.serve_forever)
        thread.start()
        try:
            port = crowd.server_address[1]
            yield crowd, [option for host in hosts for option in ("--resolve", f"{host}:{port}:127.0.0.1")]
        finally:
            crowd.shutdown()
            thread.join()
