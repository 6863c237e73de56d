"""An endless list takes constant memory: what 300,000 inputs take at most is what a few thousand take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fetchmux.origin.launch import refused_port
from tests.cli import shell
from tests.needs import tool

# The program, which tells at its end how much memory it ever had, in KiB.
_TOLD = """
import re, sys
from fetchmux.__main__ import main
try:
    main()
finally:
    sys.stderr.write(re.search("VmHWM:\\\\s*([0-9]+)", open("/proc/self/status").read())[1])
"""
_MANY, _FEW = 300_000, 3_000
# Small beside what any trace of 300,000 inputs would take: at 32 bytes each, nine MiB.
_MARGIN = 4 * 1024


def peak(port: int, count: int, *options: str) -> tuple[int, int]:
    """Fetch so many URLs of a list that comes through a pipe; the memory that this took, in KiB, and the records."""
    urls = subprocess.Popen(["seq", "-f", f"http://127.0.0.1:{port}/%.0f", str(count)], stdout=subprocess.PIPE)
    command = [sys.executable, "-c", _TOLD, "get", "-q", "--retries", "0", *options]
    with urls, subprocess.Popen(command, stdin=urls.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=shell.ENVIRONMENT) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        records = sum(1 for _ in process.stdout)
        return int(process.stderr.read()), records


@tool("seq")
def test_memory_stays_flat_for_an_endless_list(tmp_path: Path):
    """In the order of the list and with a journal, so that whatever keeps track of inputs is held to it, too."""
    with refused_port() as port:
        few, records = peak(port, _FEW, "--ordered", "--journal", str(tmp_path / "few"))
        assert records == _FEW
        many, records = peak(port, _MANY, "--ordered", "--journal", str(tmp_path / "many"))
        assert records == _MANY
        assert many < few + _MARGIN
        # What is known of earlier runs takes five bytes for each input.
        resumed, records = peak(port, _MANY, "--journal", str(tmp_path / "many"), "--resume=missing")
        assert records == 0
        assert resumed < few + _MARGIN
