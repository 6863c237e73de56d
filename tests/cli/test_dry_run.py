"""What would be sent is printed as it would go out; nothing is sent, and no name is looked up."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from fetchmux import __version__
from tests.cli import shell


def dry(*arguments: str, **more: object) -> str:
    done = shell.run("get", "--dry-run", *arguments, **more)  # type: ignore[arg-type]
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def test_a_head_is_that_which_a_server_gets():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(shell.PATIENCE)
        arguments = [f"http://127.0.0.1:{listener.getsockname()[1]}/a?b", "-H", "X: y", "-d", "text", "--http", "1.1"]
        with shell.running("get", *arguments) as process:
            connection, _ = listener.accept()
            with connection:
                received = b""
                while not received.endswith(b"text"):
                    received += connection.recv(65536)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            process.communicate()
    head = received.decode().partition("\r\n\r\n")[0].replace("\r\n", "\n")
    assert dry(*arguments) == f"# 0 {arguments[0]}, with a body of 4 bytes\n{head}\n\n"


def test_nobody_is_asked_for_anything():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for options in ([], ["-b", "gevent"], ["--processes", "2"]):
            assert "GET / HTTP/1.0" in dry(url, *options)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_no_name_is_looked_up():
    """A run that looked one up would ask the C library, which the audit hook sees."""
    spy = """
import sys
sys.addaudithook(lambda event, arguments: event.startswith(("socket.getaddrinfo", "socket.connect")) and sys.exit(9))
from fetchmux.cli import cli
cli()
"""
    done = shell.run("get", "--dry-run", "http://name.invalid/", program=[shell.PROGRAM[0], "-c", spy])
    assert done.returncode == 0
    assert b"Host: name.invalid\n" in done.stdout


def test_secrets_are_masked(tmp_path: Path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine h login me password hunter2")
    text = dry(
        "http://me:hunter2@a/", "http://h/", "--netrc-file", str(netrc), "-x", "http://me:hunter2@proxy:1",
        "-H", "Cookie: hunter2", "-H", "X-Api-Key: hunter2", "-H", "X-Auth-Token: hunter2",
    )  # fmt: skip
    assert "hunter2" not in text
    assert text.count("\nAuthorization: ***\n") == text.count("\nProxy-Authorization: ***\n") == 2
    assert "bWU6aHVudGVyMg" not in text
    assert "GET http://a/ HTTP/1.0" in text


def test_keys_json_lines_and_repeats_are_read_as_in_a_run():
    lines = b'{"key": "a b", "method": "PUT", "headers": {"X": "1"}}\nc\nc\n'
    text = dry("--template", "http://h/{key}", "--unique", stdin=lines)
    assert [line for line in text.splitlines() if "HTTP/" in line] == ["PUT /a%20b HTTP/1.0", "GET /c HTTP/1.0"]
    assert f"User-Agent: fetchmux/{__version__}" in text


def test_what_could_not_be_sent_is_told_and_fails():
    done = shell.run("get", "--dry-run", "http://h/", "ftp://me:hunter2@h/")
    assert (done.returncode, done.stdout.count(b"GET ")) == (1, 1)
    assert b"bad-url: only http and https are fetched" in done.stderr
    assert b"hunter2" not in done.stderr


def test_no_output_is_touched(tmp_path: Path):
    for option in ("-o", "--save-dir"):
        dry("http://h/", option, str(tmp_path / "it"))
        assert os.listdir(tmp_path) == []


def test_a_peer_writes_requests_of_its_own():
    done = shell.run("get", "--dry-run", "-b", "requests", "http://h/")
    assert (done.returncode, done.stdout) == (2, b"")
