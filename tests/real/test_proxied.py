"""Real proxies behind the command line: by option and by environment, with a login, without, dead, and left out."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from fetchmux.origin.launch import refused_port
from tests.backends.available import strategies
from tests.needs import tool
from tests.real.servers import HOST, Answering, Visit, failure, free_port, get, program, record, records

pytest.importorskip("socksio")
pytestmark = [tool("tinyproxy"), tool("microsocks")]
EACH = pytest.mark.parametrize("backend", strategies())

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 30
LogFile "{folder}/log"
LogLevel Info
{more}
"""


class Behind:
    """Two servers, plain and sealed, that tell what they were asked, and proxies before them."""

    def __init__(self, plain: Answering, sealed: Answering, authority: str, ports: dict[str, int], log: Path) -> None:
        self.plain = f"http://{HOST}:{plain.port}"
        self.sealed = f"https://{HOST}:{sealed.port}"
        self.authority = authority
        self.ports = ports
        self.log = log

    def proxy(self, scheme: str, name: str = "", login: str = "") -> str:
        return f"{scheme}://{login}{HOST}:{self.ports[name or ('tiny' if scheme == 'http' else 'socks')]}"


def echo(visit: Visit) -> None:
    """Tell the first line, the host and whether a login for a proxy came so far."""
    while head := visit.read():
        lines = head.decode().split("\r\n")
        fields = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in lines[1:]}
        told = f"{lines[0].rsplit(' ', 1)[0]} {'proxy-authorization' in fields} {'via' in fields}"
        visit.say("200 OK", told, keep=True)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST, "localhost").configure_cert(context)
    trusted = str(tmp_path_factory.mktemp("trust") / "authority.pem")
    authority.cert_pem.write_to_path(trusted)
    ports = {name: free_port() for name in ("tiny", "guarded", "socks", "guarded-socks")}
    with contextlib.ExitStack() as stack:
        for name, more in (("tiny", ""), ("guarded", "BasicAuth tiny secret")):
            folder = tmp_path_factory.mktemp(name)
            (folder / "conf").write_text(TINYPROXY.format(port=ports[name], folder=folder, more=more))
            stack.enter_context(program(["tinyproxy", "-d", "-c", str(folder / "conf")], ports[name], folder))
            if name == "tiny":
                log = folder / "log"
        for name, login in (("socks", []), ("guarded-socks", ["-u", "tiny", "-P", "secret"])):
            command = ["microsocks", "-i", HOST, "-p", str(ports[name]), *login]
            stack.enter_context(program(command, ports[name], tmp_path_factory.mktemp(name)))
        plain = stack.enter_context(Answering(echo))
        sealed = stack.enter_context(Answering(echo, context))
        yield Behind(plain, sealed, trusted, ports, log)


@EACH
@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_a_proxy_is_asked_for_plain_and_for_sealed_pages(behind: Behind, backend: str, scheme: str):
    urls = [f"{behind.plain}/1", f"{behind.sealed}/2", f"{behind.sealed}/3", f"{behind.plain}/4"]
    options = ("-b", backend, "-c", "2", "--cacert", behind.authority, "--body", "text", "--retries", "0")
    found = records(*options, "-x", behind.proxy(scheme), *urls)
    via = scheme == "http"
    assert [told["body"] for told in found] == [
        f"GET /1 False {via}", "GET /2 False False", "GET /3 False False", f"GET /4 False {via}",
    ]  # fmt: skip
    port = behind.ports["tiny" if scheme == "http" else "socks"]
    assert {told["remote_address"] for told in found} == {f"{HOST}:{port}"}
    assert all(told["attempts"] == 1 for told in found)


@EACH
def test_a_tunnel_is_kept_for_successors(behind: Behind, backend: str):
    options = ("-b", backend, "-c", "1", "--cacert", behind.authority, "--retries", "0")
    for scheme in ("http", "socks5h"):
        found = records(*options, "-x", behind.proxy(scheme), *[behind.sealed] * 4)
        assert [told["reused"] for told in found] == [False, True, True, True]


@EACH
def test_a_proxy_wants_to_know_who_asks(behind: Behind, backend: str):
    options = ("-b", backend, "--cacert", behind.authority, "--body", "text", "--retries", "0")
    urls = (f"{behind.plain}/1", f"{behind.sealed}/2")
    known = get(*options, "-x", behind.proxy("http", "guarded", "tiny:secret@"), "-v", *urls)
    assert known.returncode == 0
    assert b"GET /1 " in known.stdout
    assert b"GET /2 False False" in known.stdout
    wrong = get(*options, "-x", behind.proxy("http", "guarded", "tiny:mistaken@"), "-v", *urls)
    for done in (known, wrong):
        for secret in (b"secret", b"mistaken", b"dGlueTp"):
            assert secret not in done.stdout + done.stderr
    nobody = records(*options, "-x", behind.proxy("http", "guarded"), *urls)
    # Whoever forwards a request answers it; whoever is to dig a tunnel fails at that.
    assert nobody[0]["status"] == 407
    assert failure(nobody[1]) == ("proxy-failed", "connect")
    assert "demands a user name and password" in nobody[1]["error"]["message"]


@EACH
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_wants_to_know_who_asks(behind: Behind, backend: str, scheme: str):
    options = ("-b", backend, "--retries", "0", f"{behind.plain}/1")
    assert record("-x", behind.proxy(scheme, "guarded-socks", "tiny:secret@"), *options)["status"] == 200
    for login in ("", "tiny:mistaken@"):
        told = record("-x", behind.proxy(scheme, "guarded-socks", login), *options)
        assert failure(told) == ("proxy-failed", "connect")
        assert "user name and password" in told["error"]["message"]


@EACH
@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_a_dead_proxy_is_blamed_and_not_its_target(behind: Behind, backend: str, scheme: str):
    with refused_port() as port:
        options = ("-b", backend, "--retries", "0", "-x", f"{scheme}://{HOST}:{port}")
        found = records(*options, behind.plain, behind.sealed)
    assert [failure(told) for told in found] == [("proxy-failed", "connect")] * 2
    assert {told["error"]["message"] for told in found} == {"the proxy cannot be reached: Connection refused"}


@EACH
def test_a_target_that_refuses_its_proxy_is_told(behind: Behind, backend: str):
    with refused_port() as port:
        for scheme in ("http", "socks5h"):
            told = record("-b", backend, "--retries", "0", "-x", behind.proxy(scheme), f"https://{HOST}:{port}/")
            assert failure(told) == ("proxy-failed", "connect")


def test_a_redirect_changes_the_way(behind: Behind):
    """From a plain page, which a proxy forwards, to a sealed one, which needs a tunnel."""

    def lead(visit: Visit) -> None:
        while visit.read():
            visit.say("302 Found", "", f"Location: {behind.sealed}/end", keep=True)

    with Answering(lead) as server:
        options = ("--cacert", behind.authority, "--body", "text", "-x", behind.proxy("http"))
        told = record(*options, f"http://{HOST}:{server.port}/")
    assert told["body"] == "GET /end False False"


# The environment


def test_each_scheme_has_its_variable(behind: Behind):
    options = ("--cacert", behind.authority, "--retries", "0", behind.plain, behind.sealed)
    direct, tiny = {behind.plain.rsplit("/", 1)[1], behind.sealed.rsplit("/", 1)[1]}, f"{HOST}:{behind.ports['tiny']}"
    plain, sealed = records(*options, http_proxy=behind.proxy("http"))
    assert (plain["remote_address"] == tiny, sealed["remote_address"] in direct) == (True, True)
    plain, sealed = records(*options, https_proxy=behind.proxy("http"))
    assert (plain["remote_address"] in direct, sealed["remote_address"] == tiny) == (True, True)
    plain, sealed = records(*options, all_proxy=behind.proxy("socks5h"))
    assert {plain["remote_address"], sealed["remote_address"]} == {f"{HOST}:{behind.ports['socks']}"}
    plain, sealed = records(*options, HTTP_PROXY=behind.proxy("http"), HTTPS_PROXY=behind.proxy("http"))
    assert (plain["remote_address"] in direct, sealed["remote_address"] == tiny) == (True, True)


@pytest.mark.parametrize("exempt", ["*", HOST, "127.0.0.0/8", f"h.test, {HOST}", "localhost,127.0.0.1"])
def test_hosts_of_no_proxy_are_asked_directly(behind: Behind, exempt: str):
    with refused_port() as port:
        dead = f"http://{HOST}:{port}"
        assert record(behind.plain, http_proxy=dead, no_proxy=exempt)["status"] == 200
        assert record("-x", dead, behind.plain, NO_PROXY=exempt)["status"] == 200
        told = record("--retries", "0", behind.plain, http_proxy=dead, no_proxy="other.test,10.0.0.0/8")
        assert failure(told) == ("proxy-failed", "connect")


def test_an_option_beats_the_environment_and_an_empty_one_means_none(behind: Behind):
    with refused_port() as port:
        dead = f"http://{HOST}:{port}"
        told = record("-x", behind.proxy("http"), behind.plain, http_proxy=dead)
        assert told["remote_address"] == f"{HOST}:{behind.ports['tiny']}"
        assert record("-x", "", behind.plain, http_proxy=dead)["status"] == 200


def test_a_proxy_that_makes_no_sense_is_told_in_one_line_without_its_password():
    for value in ("ftp://me:hush@h:1", "http://me:hush@", "https://me:hush@h"):
        done = get("-x", value, "http://h.test/")
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.count(b"\n") == 1
        assert b"hush" not in done.stderr
        done = get("http://h.test/", http_proxy=value)
        assert done.returncode == 2
        assert b"hush" not in done.stderr


@EACH
def test_a_name_is_looked_up_by_whoever_shall(behind: Behind, backend: str):
    """socks5h and http leave it to the proxy; socks5 looks it up here, where --resolve knows it."""
    port = behind.plain.rsplit(":", 1)[1]
    options = ("-b", backend, "--retries", "0", "--resolve", f"made-up.test:{port}:{HOST}")
    url = f"http://made-up.test:{port}/"
    assert record(*options, "-x", behind.proxy("socks5"), url)["status"] == 200
    assert failure(record(*options, "-x", behind.proxy("socks5h"), url)) == ("proxy-failed", "connect")
    assert record(*options, "-x", behind.proxy("http"), url)["status"] == 500
