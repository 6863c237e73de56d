"""Many small things from a real server, under each strategy."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backends.available import strategies
from tests.needs import tool
from tests.real.conftest import Nginx

pytestmark = tool("nginx")

MANY = 20_000
FILES = 16
SIZE = 1024


@pytest.fixture(scope="module")
def digests(nginx: Nginx) -> list[str]:
    """The SHA-256 of each file, by its number."""
    bodies = [random.Random(number).randbytes(SIZE) for number in range(FILES)]
    for number, body in enumerate(bodies):
        (nginx.pages / str(number)).write_bytes(body)
    return [hashlib.sha256(body).hexdigest() for body in bodies]


@pytest.mark.parametrize("keep_alive", ["--keep-alive", "--no-keep-alive"])
@pytest.mark.parametrize("backend", strategies())
def test_twenty_thousand_urls_give_as_many_records_with_the_right_bodies(
    backend: str, keep_alive: str, nginx: Nginx, digests: list[str], tmp_path: Path
) -> None:
    urls = tmp_path / "urls"
    urls.write_text("".join(nginx.url(f"/{number % FILES}?{number}\n") for number in range(MANY)))
    command = [sys.executable, "-m", "fetchmux", "get", "-b", backend, "-c", "64", "--body", "hash", keep_alive]
    done = subprocess.run([*command, "-i", str(urls)], capture_output=True, timeout=240, check=False)
    assert done.stderr.decode() == ""
    assert done.returncode == 0
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(record["index"] for record in records) == list(range(MANY))
    assert all(record["ok"] and record["status"] == 200 and record["body_size"] == SIZE for record in records)
    assert all(record["sha256"] == digests[record["index"] % FILES] for record in records)
    reused = sum(record["reused"] for record in records)
    assert (reused >= MANY - 64) if keep_alive == "--keep-alive" else (reused == 0)
