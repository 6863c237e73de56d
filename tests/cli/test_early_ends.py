"""A run that ends before its list, while a server is silent: under every strategy no record is lost or torn.

No attempt's own limits could end these runs: whoever waited for them would lose patience.
"""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from fetchmux.origin.launch import Origin, refused_port
from tests.cli import shell
from tests.cli.conftest import BACKENDS

PATIENT = ("--timeout", "1h", "--idle-timeout", "1h", "--connect-timeout", "1h", "--retries", "0", "-c", "4")
HOW = {name: ("-b", name) for name in BACKENDS} | {"two processes": ("--processes", "2")}
EACH = pytest.mark.parametrize("how", HOW.values(), ids=HOW)


def silent(origin: Origin, how: tuple[str, ...]) -> list[str]:
    """What never gets an answer; nothing where a strategy would come to nothing else any more."""
    return [] if "sequential" in how else [origin.url("/delay/3600")] * 2


def check(done: subprocess.CompletedProcess[bytes], reason: str) -> list[str | None]:
    """The records are whole, each input that was read has one, and they are as many as is told. Gives their codes."""
    assert done.returncode == 1
    records = shell.records(done.stdout)
    codes = [record["error"] and record["error"]["code"] for record in records]
    assert [record["index"] for record in records] == list(range(len(records)))
    cancelled = codes.count("cancelled")
    line = f"fetchmux: {reason}: {len(codes) - cancelled} done, {cancelled} cancelled"
    assert re.fullmatch(re.escape(line) + "(; .*)?\n", done.stderr.decode())
    return codes


@EACH
def test_too_many_failures_end_a_run_within_its_grace(origin: Origin, how: tuple[str, ...]):
    waiting = silent(origin, how)
    with refused_port() as port:
        urls = [*waiting, *[f"http://127.0.0.1:{port}/"] * 500]
        done = shell.run(
            "get", *how, *PATIENT, "--grace", "100ms", "--max-failures", "10", stdin="\n".join(urls).encode()
        )
    codes = check(done, "too many failures")
    assert 10 < codes.count("connect-refused") < 500
    # Several processes have been given more than they had begun.
    assert codes.count("cancelled") == len(waiting) or "--processes" in how


def test_too_large_a_share_of_failures_ends_a_run_but_not_before_a_hundred(origin: Origin):
    with refused_port() as port:
        urls = [f"http://127.0.0.1:{port}/", *[origin.url("/bytes/1")] * 9] * 30
        many, few = (
            # In the order of the list: on a connection that lives on, those that work overtake the others.
            shell.run("get", *PATIENT, "--no-keep-alive", "--max-failures", share, stdin="\n".join(urls).encode())
            for share in ("5%", "11%")
        )
    assert 100 <= len(check(many, "too many failures")) < 300
    assert (few.returncode, len(shell.records(few.stdout)), few.stderr) == (1, 300, b"")


@EACH
def test_the_run_s_time_ends_it_and_what_waits_for_its_turn_is_written(origin: Origin, how: tuple[str, ...]):
    urls = [origin.url("/delay/3600"), origin.url("/bytes/1"), origin.url("/bytes/2")]
    done = shell.run("get", *how, *PATIENT, "--deadline", "1500ms", "--ordered", stdin="\n".join(urls).encode())
    codes = check(done, "the deadline has passed")
    assert codes == (["cancelled"] if "sequential" in how else ["cancelled", None, None])
    assert [json.loads(line)["index"] for line in done.stdout.splitlines()] == list(range(len(codes)))


@EACH
def test_a_reader_that_leaves_is_waited_for_by_no_silent_server(origin: Origin, how: tuple[str, ...]):
    urls = [*silent(origin, how), origin.url("/bytes/1"), origin.url("/delay/0.2")]
    command = " ".join([*shell.PROGRAM, "get", *how, *PATIENT, *urls])
    result = shell.run(program=["sh", "-c", f"{{ {{ {command}; echo $? >&3; }} | head -n 1 >/dev/null; }} 3>&1"])
    assert (result.stdout, result.stderr) == (b"0\n", b"")
