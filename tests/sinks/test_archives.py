"""--har and --warc: what was sent and what came back, readable by the tools of others, at any moment of the run."""

from __future__ import annotations

import base64
import gzip
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.frontier import outcome
from fetchmux.inputs.urls import UrlReader
from fetchmux.model import Request
from fetchmux.origin.launch import Origin
from fetchmux.sinks.archive import ArchiveFile
from fetchmux.sinks.warc import Warc
from tests.cli import shell
from tests.sinks.har_schema import entries
from tests.sinks.warc_check import checked


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
    assert origin.complaints == ""


@pytest.mark.parametrize("processes", ["1", "2"])
def test_both_hold_what_was_sent_and_what_came(origin: Origin, tmp_path: Path, processes: str):
    har, warc = tmp_path / "run.har", tmp_path / "run.warc.gz"
    urls = [origin.url("/bytes/5"), origin.url("/status/404?a=1&b=")]
    told = shell.run("get", *urls, "no URL", "--har", str(har), "--warc", str(warc), "-H", "X-Mine: é", "-d", "body",
                     "--processes", processes)  # fmt: skip
    assert told.stderr == b""
    assert all("sent" not in record and record["body"] is None for record in shell.records(told.stdout))
    first, second, third = entries(har)
    assert (first["request"]["method"], first["request"]["postData"]["text"]) == ("POST", "body")
    assert {"name": "X-Mine", "value": "é"} in first["request"]["headers"]
    assert (first["response"]["status"], first["response"]["content"]["size"]) == (200, 5)
    assert second["request"]["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert (third["response"]["status"], third["_error"]["code"]) == (0, "bad-url")
    kinds = [kind for kind, *_ in checked(warc)]
    assert kinds == ["warcinfo", "response", "request", "response", "request"]
    bodies = {(kind, url): body for kind, url, _, body in checked(warc)}
    assert bodies["request", urls[0]] == b"body"
    assert len(bodies["response", urls[0]]) == 5


def test_no_login_is_in_them(origin: Origin, tmp_path: Path):
    har, warc = tmp_path / "run.har", tmp_path / "run.warc.gz"
    url = origin.url("/bytes/5").replace("//", "//me:geheim@")
    shell.run("get", url, "--har", str(har), "--warc", str(warc))
    everything = har.read_bytes() + gzip.decompress(warc.read_bytes())
    assert everything.count(b"***") > 1
    assert b"geheim" not in everything
    assert base64.b64encode(b"me:geheim") not in everything


def test_fields_that_the_collector_made_untrue_have_another_name(tmp_path: Path):
    asked = Request(0, "h", UrlReader().read("http://h/"))
    result = outcome.of_request(asked, FetchError(Code.INTERNAL, "", Phase.INPUT), "none")
    result.error, result.status, result.reason, result.http_version = None, 200, "Gr\xfcn", "1.1"
    result.headers = [("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip"), ("X", "\xfc")]
    result.body, result.sent = b"text", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    path = tmp_path / "run.warc.gz"
    archive = Warc(ArchiveFile(str(path)), "fetchmux", lambda: 0.0, decoded=True)
    archive.write(result)
    archive.close()
    (body,) = [body for kind, _, _, body in checked(path) if kind == "response"]
    assert body == b"text"
    fields = b"X-Archive-Orig-Transfer-Encoding: chunked\r\nX-Archive-Orig-Content-Encoding: gzip\r\nX: \xfc\r\n\r\n"
    assert b"HTTP/1.1 200 Gr\xfcn\r\n" + fields + b"text" in gzip.decompress(path.read_bytes())


def test_a_run_that_is_killed_leaves_files_that_can_be_read(origin: Origin, tmp_path: Path):
    har, warc = tmp_path / "run.har", tmp_path / "run.warc.gz"
    with shell.running("get", "-", "--har", str(har), "--warc", str(warc)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{origin.url('/bytes/5')}\n{origin.url('/delay/30')}\n".encode())
        process.stdin.flush()
        # The archives are written before the record is.
        assert json.loads(process.stdout.readline())["index"] == 0
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(entries(har)) == 1
    assert len(checked(warc)) == 3


def test_a_run_that_is_refused_destroys_nothing(origin: Origin, tmp_path: Path):
    taken, notes = tmp_path / "taken", tmp_path / "notes"
    taken.write_text("mine")
    url = origin.url("/bytes/1")
    for wrong in (
        ["--har", str(tmp_path)],
        ["--har", str(taken), "-i", str(taken)],
        ["--har", str(taken), "-o", str(taken)],
        ["--har", str(taken), "--warc", str(taken)],
        ["--warc", str(taken), "--journal", str(taken), "--resume"],
        ["--har", str(taken), "--backend", "nobody"],
        # Told by the session, when everything is open.
        ["--har", str(taken), "--insecure", "--cacert", str(notes)],
    ):
        assert shell.run("get", url, *wrong).returncode == 2
    assert taken.read_text() == "mine"
