"""TLS with servers that others wrote: what is trusted, what is shown, what is remembered, and what an end means."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.backends.available import strategies
from tests.needs import tool
from tests.real.servers import HOST, Answering, Visit, failure, free_port, get, nginx, record, records

EACH = pytest.mark.parametrize("backend", strategies())
NAMES = ("good", "expired", "elsewhere", "stranger", "selfmade", "guarded", "old", "new")

SERVER = """
server {{
    listen {host}:{port} ssl;
    ssl_certificate {folder}/{certificate}.pem; ssl_certificate_key {folder}/{certificate}.pem;
    ssl_session_cache shared:{name}:1m; ssl_protocols {protocols}; {more}
    default_type text/plain;
    add_header X-Resumed $ssl_session_reused always;
    location = / {{ return 200 "$ssl_protocol $ssl_server_name $ssl_client_s_dn"; }}
    location = /moved {{ return 302 https://$host:{port}/; }}
    location = /down {{ return 302 http://{host}:1/; }}
}}
"""


class Sealed:
    """Servers by name, each at `https://localhost`, and the files that a client needs."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self._ports = ports
        self.authority = str(folder / "authority.pem")
        self.mine = str(folder / "mine.pem")
        self.certificate, self.key = str(folder / "certificate.pem"), str(folder / "key.pem")

    def port(self, name: str) -> int:
        return self._ports[name]

    def url(self, name: str, path: str = "/", host: str = "localhost") -> str:
        return f"https://{host}:{self._ports[name]}{path}"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[Sealed]:
    folder = tmp_path_factory.mktemp("tls")
    stranger = trustme.CA()
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificates = {
        "good": authority.issue_cert("localhost", HOST, "::1").private_key_and_cert_chain_pem,
        "expired": authority.issue_cert(
            "localhost", not_before=past, not_after=past + dt.timedelta(days=9)
        ).private_key_and_cert_chain_pem,
        "elsewhere": authority.issue_cert("elsewhere.test").private_key_and_cert_chain_pem,
        "stranger": stranger.issue_cert("localhost").private_key_and_cert_chain_pem,
    }
    for name, pem in certificates.items():
        pem.write_to_path(str(folder / f"{name}.pem"))
    (folder / "selfmade.pem").write_bytes(stranger.cert_pem.bytes() + stranger.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    mine = authority.issue_cert("me@client.test", common_name="me")
    mine.private_key_and_cert_chain_pem.write_to_path(str(folder / "mine.pem"))
    mine.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    mine.private_key_pem.write_to_path(str(folder / "key.pem"))
    ports = {name: free_port() for name in NAMES}
    guard = f"ssl_verify_client on; ssl_client_certificate {folder}/authority.pem;"
    blocks = [
        SERVER.format(
            name=name, port=port, folder=folder, host=HOST,
            certificate=name if name in certificates or name == "selfmade" else "good",
            protocols={"old": "TLSv1.2", "new": "TLSv1.3"}.get(name, "TLSv1.2 TLSv1.3"),
            more=guard if name == "guarded" else "",
        )
        for name, port in ports.items()
    ]  # fmt: skip
    with nginx(folder, ports["new"], "".join(blocks)):
        yield Sealed(folder, ports)


def headers(told: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in told["headers"]}


# Trust


@tool("nginx")
@EACH
def test_a_fault_of_a_certificate_is_named_and_holds_up_no_other(sealed: Sealed, backend: str):
    names = ("good", "expired", "elsewhere", "stranger", "selfmade", "old", "new")
    urls = [sealed.url(name) for name in names]
    found = dict(zip(names, records("-b", backend, "--cacert", sealed.authority, "--body", "text", *urls), strict=True))
    assert found["good"]["body"] == "TLSv1.3 localhost "
    assert found["old"]["body"] == "TLSv1.2 localhost "
    assert found["new"]["body"] == "TLSv1.3 localhost "
    for name, words in (
        ("expired", "certificate has expired"),
        ("elsewhere", "not valid for 'localhost'"),
        ("stranger", "unable to get local issuer certificate"),
        ("selfmade", "self-signed certificate"),
    ):
        assert (failure(found[name]), found[name]["attempts"]) == (("tls-failed", "tls"), 1)
        assert words in found[name]["error"]["message"].replace("self signed", "self-signed")
        assert found[name]["remote_address"] is not None
    timings = found["good"]["timings"]
    assert timings["tls"] > 0
    assert sum(timings.values()) - timings["total"] == pytest.approx(timings["total"])


@tool("nginx")
@EACH
def test_the_systems_store_is_trusted_and_nobody_else_unless_asked(sealed: Sealed, backend: str):
    url = sealed.url("good")
    told = record("-b", backend, url)
    assert (failure(told), told["attempts"]) == (("tls-failed", "tls"), 1)
    assert record("-b", backend, url, SSL_CERT_FILE=sealed.authority)["status"] == 200
    found = records("-b", backend, "--insecure", *(sealed.url(name) for name in ("expired", "elsewhere", "selfmade")))
    assert [told["status"] for told in found] == [200] * 3


@tool("nginx")
@pytest.mark.parametrize("host", [HOST, "localhost.", "LOCALHOST"])
def test_a_host_is_checked_however_it_is_written(sealed: Sealed, host: str):
    url = sealed.url("good", host=host)
    told = record("--cacert", sealed.authority, "--resolve", f"localhost.:{sealed.port('good')}:{HOST}", url)
    assert (told["status"], told["error"]) == (200, None)


@tool("nginx")
def test_an_address_is_checked_as_such(sealed: Sealed):
    told = record("--cacert", sealed.authority, sealed.url("elsewhere", host=HOST))
    assert failure(told) == ("tls-failed", "tls")


@tool("nginx")
@EACH
def test_a_server_that_knows_its_clients_is_shown_a_certificate(sealed: Sealed, backend: str):
    options = ("-b", backend, "--cacert", sealed.authority, "--body", "text")
    told = record(*options, sealed.url("guarded"))
    assert told["status"] == 400
    assert "No required SSL certificate was sent" in told["body"]
    for files in (("--cert", sealed.mine), ("--cert", sealed.certificate, "--key", sealed.key)):
        told = record(*options, *files, sealed.url("guarded"))
        assert told["status"] == 200
        assert "CN=me" in told["body"]


@tool("nginx")
@EACH
def test_a_version_that_is_too_old_is_refused(sealed: Sealed, backend: str):
    options = ("-b", backend, "--cacert", sealed.authority, "--tls-min", "1.3", "--retries", "0")
    old, new = records(*options, sealed.url("old"), sealed.url("new"))
    assert failure(old) == ("tls-failed", "tls")
    assert "protocol version" in old["error"]["message"]
    assert new["status"] == 200


@tool("nginx")
@pytest.mark.parametrize("oldest", ["1.0", "1.1", "1.2"])
def test_an_older_version_may_be_allowed_without_a_warning(sealed: Sealed, oldest: str):
    assert record("--tls-min", oldest, "--cacert", sealed.authority, sealed.url("old"))["status"] == 200


@tool("nginx")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--cert", "{none}"), "cannot use the certificates in '{none}': No such file or directory"),
        (("--cacert", "{none}"), "cannot use the certificates in '{none}': No such file or directory"),
        (("--cacert", "{key}"), "cannot use the certificates in '{key}': no certificate or crl found"),
        (("--cacert", "{none}", "--cert", "{mine}"), "cannot use the certificates in '{none}': No such file"),
        (("--cacert", "{key}", "--cert", "{mine}"), "cannot use the certificates in '{key}': "),
        (("--cert", "{certificate}"), "cannot use the certificates in '{certificate}': "),
        (("--cert", "{mine}", "--key", "{none}"), "cannot use the certificates in '{mine}' and '{none}': No such file"),
        (("--cert", "{certificate}", "--key", "{certificate}"), "cannot use the certificates in '{certificate}' and "),
    ],
)
def test_a_file_that_cannot_be_used_is_named_before_anything_is_fetched(
    sealed: Sealed, options: tuple[str, ...], words: str
):
    files = {"none": "/none/such", "mine": sealed.mine, "key": sealed.key, "certificate": sealed.certificate}
    done = get(*(option.format(**files) for option in options), "https://h.test/")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"fetchmux: {words.format(**files)}")
    assert done.stderr.count(b"\n") == 1


# Connections


@tool("nginx")
@EACH
@pytest.mark.parametrize("version", ["old", "new"])
def test_later_connections_resume_the_session_of_the_first(sealed: Sealed, backend: str, version: str):
    """The server says so itself."""
    options = ("-b", backend, "-c", "1", "--no-keep-alive", "--cacert", sealed.authority)
    found = records(*options, *[sealed.url(version)] * 4)
    # A name that is known in the meantime lets another input go first.
    assert sorted(headers(told)["x-resumed"] for told in found) == [".", "r", "r", "r"]


@tool("nginx")
@EACH
def test_a_sealed_connection_is_kept_for_redirects_and_successors(sealed: Sealed, backend: str):
    options = ("-b", backend, "-c", "1", "--retries", "0", "--cacert", sealed.authority)
    found = records(*options, *[sealed.url("good", "/moved")] * 3, sealed.url("good", "/down"))
    assert [(told["status"], told["reused"], len(told["redirects"])) for told in found[:3]] == [(200, True, 1)] * 3
    assert failure(found[3]) == ("connect-refused", "connect")
    assert found[3]["final_url"] == f"http://{HOST}:1/"


@pytest.fixture(scope="module")
def serving(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trusted(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("trust") / "authority.pem")
    authority.cert_pem.write_to_path(path)
    return path


def end_as_told(visit: Visit) -> None:
    """/length/… promises a length, /stream/… does not; …/notify says goodbye, …/cut does not."""
    if not (head := visit.read()):
        return
    _, body, end = head.split()[1].decode().split("/")
    fields = {"length": "Content-Length: 5\r\n", "short": "Content-Length: 9\r\n", "stream": ""}[body]
    visit.sock.sendall(f"HTTP/1.0 200 OK\r\n{fields}\r\nhello".encode())
    if end == "notify":
        assert isinstance(visit.sock, ssl.SSLSocket)
        visit.sock.unwrap()


@EACH
def test_a_stream_that_ends_without_a_goodbye_is_torn(serving: ssl.SSLContext, trusted: str, backend: str):
    paths = ("/length/notify", "/length/cut", "/stream/notify", "/stream/cut", "/short/notify", "/short/cut")
    with Answering(end_as_told, serving) as server:
        url = f"https://localhost:{server.port}"
        options = ("-b", backend, "--cacert", trusted, "--retries", "0", "-4", "--body", "text")
        found = records(*options, *(url + path for path in paths))
    assert [told["body"] for told in found[:3]] == ["hello"] * 3
    assert [failure(told) for told in found[3:]] == [("truncated-body", "body")] * 3
    assert found[3]["error"]["message"] == "the connection ended without a close_notify"


@EACH
def test_a_sealed_connection_that_died_is_replaced_without_a_word(serving: ssl.SSLContext, trusted: str, backend: str):
    def answer(visit: Visit) -> None:
        if visit.read():
            visit.say("200 OK", "once", keep=True)

    with Answering(answer, serving) as server:
        options = ("-b", backend, "--cacert", trusted, "--retries", "0", "-4", "-c", "1", "--body", "text")
        found = records(*options, *[f"https://localhost:{server.port}/"] * 4)
    assert [(told["body"], told["attempts"], told["reused"]) for told in found] == [("once", 1, False)] * 4


@EACH
def test_bytes_after_a_sealed_reply_reach_nobody(serving: ssl.SSLContext, trusted: str, backend: str):
    def answer(visit: Visit) -> None:
        while head := visit.read():
            path = head.split()[1].decode()
            visit.say("200 OK", path, keep=True)
            visit.say("200 OK", "evil", keep=True)

    with Answering(answer, serving) as server:
        options = ("-b", backend, "--cacert", trusted, "-4", "-c", "1", "--body", "text")
        found = records(*options, *(f"https://localhost:{server.port}/{number}" for number in range(6)))
    assert [told["body"] for told in found] == [f"/{number}" for number in range(6)]


@EACH
def test_a_broken_record_behind_a_sealed_reply_ends_its_connection_and_no_run(
    serving: ssl.SSLContext, trusted: str, backend: str
):
    def answer(visit: Visit) -> None:
        while visit.read():
            visit.say("200 OK", "page", keep=True)
            # Past the sealing, on the same descriptor.
            socket.socket.sendall(visit.sock, b"\x17\x03\x03\x00\x20" + b"x" * 32)

    with Answering(answer, serving) as server:
        options = ("-b", backend, "--cacert", trusted, "-4", "-c", "1", "--retries", "0", "--body", "text")
        found = records(*options, *[f"https://localhost:{server.port}/"] * 3)
    assert [(told["body"], told["attempts"]) for told in found] == [("page", 1)] * 3


@EACH
def test_who_does_not_speak_tls_is_told_apart_from_who_says_nothing(backend: str):
    def talk_plainly(visit: Visit) -> None:
        visit.sock.recv(1)
        visit.sock.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        while visit.sock.recv(65536):
            pass

    def hang_up(visit: Visit) -> None:
        visit.sock.recv(65536)

    def say_nothing(visit: Visit) -> None:
        while visit.sock.recv(65536):
            pass

    with Answering(talk_plainly) as plain, Answering(hang_up) as gone, Answering(say_nothing) as silent:
        urls = [f"https://{HOST}:{server.port}/" for server in (plain, gone, silent)]
        options = ("-b", backend, "--retries", "0", "--connect-timeout", "1s")
        found = records(*options, *urls)
    assert [failure(told) for told in found] == [("tls-failed", "tls"), ("tls-failed", "tls"), ("timeout", "tls")]


@EACH
def test_a_large_request_and_a_large_reply_go_through(
    serving: ssl.SSLContext, trusted: str, backend: str, tmp_path: Path
):
    size = 3_000_000
    (tmp_path / "body").write_bytes(bytes(size))

    def answer(visit: Visit) -> None:
        while visit.read():
            visit.say("200 OK", "x" * size, keep=True)

    with Answering(answer, serving) as server:
        url = f"https://localhost:{server.port}/"
        options = ("-b", backend, "--cacert", trusted, "-4", "--data-binary", f"@{tmp_path / 'body'}")
        found = records(*options, url, url, url)
    assert [(told["status"], told["body_size"]) for told in found] == [(200, size)] * 3


# Names


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..b", ".".join(["a" * 60] * 5) + ".test"])
@pytest.mark.parametrize("trust", [(), ("--insecure",)], ids=["verified", "insecure"])
def test_a_name_that_no_certificate_can_hold_ends_no_run(host: str, trust: tuple[str, ...]):
    """Behind a proxy it is not looked up, so that it gets as far as this."""

    def refuse(visit: Visit) -> None:
        while visit.read():
            visit.say("403 Forbidden", "no")

    with Answering(refuse) as proxy:
        options = (*trust, "--retries", "0", "-x", f"http://{HOST}:{proxy.port}")
        odd, plain = records(*options, f"https://{host}/", "https://plain.test/")
    assert failure(odd)[0] in ("tls-failed", "proxy-failed")
    assert failure(plain) == ("proxy-failed", "connect")


@tool("nginx")
def test_curl_sees_the_same(sealed: Sealed):
    """That the certificates are what their names say."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    statuses = {
        name: subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "--noproxy", "*", "--cacert", sealed.authority, sealed.url(name)],
            check=False,
            timeout=20,
        ).returncode
        for name in ("good", "expired", "elsewhere", "stranger", "selfmade")
    }
    assert statuses == {"good": 0, "expired": 60, "elsewhere": 60, "stranger": 60, "selfmade": 60}
