"""With `compressed`, every strategy offers the same codings and makes the same records of what comes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from fetchmux.http.codings import accept_encoding
from fetchmux.model import Result
from fetchmux.rehearsal import Rehearsal, Scene
from tests.backends.available import strategies
from tests.http.coding import CODERS, HERE, UNDECODABLE, encode

TEXT = b"what the server meant to say, " * 4_000
LIMIT = 1024 * 1024

# What the server sends, by path: the field's value and the coded bytes. And what the record must hold.
BODIES: dict[str, tuple[str, bytes]] = {
    **{name.replace(" ", "-"): (name.split()[0], encode([name], TEXT)) for name in HERE},
    "plain": ("", TEXT),
    "members": ("gzip", encode(["gzip"], TEXT[:100]) + encode(["gzip"], TEXT[100:])),
    "in-a-row": ("deflate, gzip", encode(["deflate", "gzip"], TEXT)),
    "empty": ("gzip", b""),
    "damaged": ("gzip", CODERS["gzip"](TEXT)[:-8] + bytes(8)),
    "cut": ("gzip", CODERS["gzip"](TEXT)[:-1]),
    "unknown": ("compress", TEXT),
    "bomb": ("gzip", CODERS["gzip"](bytes(64 * LIMIT))),
    "at-the-limit": ("gzip", CODERS["gzip"](bytes(LIMIT))),
}
EXPECTED: dict[str, bytes | str] = {
    **dict.fromkeys(BODIES, TEXT),
    "empty": b"",
    "damaged": UNDECODABLE,
    "cut": UNDECODABLE,
    "unknown": UNDECODABLE,
    "bomb": "body-too-large",
    "at-the-limit": bytes(LIMIT),
}


class Coded(BaseHTTPRequestHandler):
    """Sends BODIES to whoever offers what can be decoded here, and 406 to others."""

    def do_GET(self) -> None:
        coding, body = BODIES[self.path[1:]]
        self.send_response(200 if self.headers["Accept-Encoding"] == accept_encoding() else 406)
        if coding:
            self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            # Who finds the body too large hangs up.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """The tests' output is theirs."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Coded) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def fetch(backend: str, server: str) -> dict[str, Result]:
    options = {"compressed": True, "max_body": LIMIT, "concurrency": 4}
    with Rehearsal(backend) as rehearsal:
        outcome = rehearsal.play(Scene(urls=[f"{server}/{name}" for name in BODIES], options=options))
    assert outcome.raised == ""
    return {name: result for result in outcome.results for name in BODIES if result.input == f"{server}/{name}"}


def comparable(result: Result) -> dict[str, Any]:
    record: dict[str, Any] = msgspec.to_builtins(result)
    del record["timings"], record["backend"]
    if result.error is not None:
        # How much had come when it failed is a matter of time.
        record["body_size"] = record["wire_size"] = None
    record["headers"] = [field for field in record["headers"] if field[0] != "Date"]
    return record


@pytest.fixture(scope="module")
def reference(server: str) -> dict[str, dict[str, Any]]:
    return {name: comparable(result) for name, result in fetch("sequential", server).items()}


@pytest.mark.parametrize("backend", strategies())
def test_a_coded_body_gives_the_same_record_under_every_strategy(
    backend: str, server: str, reference: dict[str, dict[str, Any]]
):
    results = fetch(backend, server)
    outcomes = {name: result.body if result.error is None else result.error.code for name, result in results.items()}
    assert outcomes == EXPECTED
    assert {result.status for result in results.values()} == {200}
    assert {name: comparable(result) for name, result in results.items()} == reference


def test_sizes_are_of_the_decoded_body_and_of_what_arrived(reference: dict[str, dict[str, Any]]):
    record = reference["gzip"]
    assert record["body_size"] == len(TEXT)
    assert len(BODIES["gzip"][1]) < record["wire_size"] < len(TEXT)
