"""Bare bodies: each whole and in one piece, however large, and nothing of one that was cut off."""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from fetchmux.cli import cli
from tests.cli import shell

MIB = 1 << 20
SIZE = 8 * MIB
# The program, which tells at its end how much memory it ever had, in KiB.
_TOLD = """
import re, sys
from fetchmux.__main__ import main
try:
    main()
finally:
    sys.stderr.write(re.search("VmHWM:\\\\s*([0-9]+)", open("/proc/self/status").read())[0])
"""


class Pages(http.server.BaseHTTPRequestHandler):
    """/x is SIZE times the letter x; of /cut/x only the half comes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        for _ in range(SIZE // MIB // (2 if "cut" in self.path else 1)):
            self.wfile.write(self.path[-1].encode() * MIB)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def fetch(folder: Path, *arguments: str) -> tuple[bytes, int]:
    """All bodies, and the most memory that the program had. `folder` is where large ones lie on their way."""
    command = [sys.executable, "-c", _TOLD, "get", "--retries", "0", "--format", "body", *arguments]
    environment = {**shell.ENVIRONMENT, "TMPDIR": str(folder)}
    done = subprocess.run(command, capture_output=True, env=environment, timeout=shell.PATIENCE, check=False)
    peak = re.search(rb"VmHWM:\s*([0-9]+)", done.stderr)
    assert peak is not None, done.stderr
    return done.stdout, int(peak[1]) * 1024


@pytest.mark.parametrize("options", [[], ["--ordered"], ["--processes", "2"], ["-b", "threads"]], ids=" ".join)
def test_large_bodies_are_whole_and_apart_and_not_in_memory(pages: str, options: list[str], tmp_path: Path):
    letters = "abcdefgh"
    output, peak = fetch(tmp_path, *options, *(f"{pages}/{letter}" for letter in letters))
    pieces = [output[at : at + SIZE] for at in range(0, len(output), SIZE)]
    wanted = [letter.encode() * SIZE for letter in letters]
    assert (pieces if "--ordered" in options else sorted(pieces)) == wanted
    # All of them would be more, even once.
    assert peak < 6 * SIZE
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_of_a_large_body_that_was_cut_off(pages: str, tmp_path: Path):
    output, _ = fetch(tmp_path, f"{pages}/cut/a", f"{pages}/b", f"{pages}/cut/c")
    assert output == b"b" * SIZE
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_take_a_large_body_costs_that_body(pages: str, tmp_path: Path):
    # A limit on the size of files stands for a full disk.
    program = ("sh", "-c", 'ulimit -f 4096; exec "$0" "$@"', *shell.PROGRAM)
    environment = {**shell.ENVIRONMENT, "TMPDIR": str(tmp_path)}
    done = shell.run("get", "--format", "body", f"{pages}/a", program=program, env=environment)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"save-failed: File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_place_for_large_bodies_is_told_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    done = CliRunner().invoke(cli, ["get", "--format", "body", "-o", str(tmp_path / "out"), "http://127.0.0.1:1/"])
    assert done.exit_code == 2
    assert "no place for bodies on their way (TMPDIR): No such file or directory" in done.stderr
    assert list(tmp_path.iterdir()) == []
