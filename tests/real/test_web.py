"""The real web without TLS: redirects, retries, pace, addresses, guards; under each strategy the same record."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fetchmux.origin.launch import refused_port
from tests.backends.available import strategies
from tests.needs import tool
from tests.real.servers import HOST, Answering, Visit, failure, free_port, get, nginx, program, record, records

EACH = pytest.mark.parametrize("backend", strategies())
STATUSES = (301, 302, 303, 307, 308)

CONFIGURATION = """
limit_req_zone $binary_remote_addr zone=some:1m rate=20r/s;
limit_req_status 429;
default_type text/plain;
server {{
    listen {host}:{port}; listen [::1]:{port};
    absolute_redirect off;
    {redirects}
    location = /echo {{
        set $asked "$request_method $request_uri $server_protocol $content_length";
        return 200 "$asked cookie=$http_cookie login=$remote_user";
    }}
    location = /scheme-relative {{ return 302 //{host}:{port}/echo; }}
    location = /a/dots {{ return 302 ../echo; }}
    location = /fragment {{ return 302 /echo#part; }}
    location = /loop {{ return 302 /loop; }}
    location = /ftp {{ return 302 ftp://{host}/; }}
    location = /nowhere {{ return 302; }}
    location = /cookie {{ add_header Set-Cookie "seen=yes; Path=/" always; return 302 /hop; }}
    location = /hop {{ return 302 /echo; }}
    location = /elsewhere {{
        add_header Set-Cookie "seen=yes; Path=/" always; return 302 http://localhost:{port}/echo;
    }}
    location = /limited {{
        limit_req zone=some nodelay; add_header Retry-After 1 always; root {folder}; try_files /page =404;
    }}
    location = /page {{ root {folder}; }}
}}
"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An nginx, as the beginning of its URLs."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "page").write_text("page")
    port = free_port()
    redirects = "".join(f"location = /r{number} {{ return {number} /echo?{number}; }}\n" for number in STATUSES)
    with nginx(folder, port, CONFIGURATION.format(port=port, host=HOST, folder=folder, redirects=redirects)):
        yield f"http://{HOST}:{port}"


def lines(*items: Any) -> str:
    return "".join(f"{item if isinstance(item, str) else json.dumps(item)}\n" for item in items)


# Redirects


@tool("nginx")
@EACH
def test_methods_and_bodies_change_as_rfc_9110_has_it(web: str, backend: str):
    wanted = [(number, method) for number in STATUSES for method in ("GET", "POST", "PUT", "HEAD")]
    items = [
        {"url": f"{web}/r{number}", "method": method, **({"body": "12345"} if method in ("POST", "PUT") else {})}
        for number, method in wanted
    ]
    found = records("-b", backend, "--body", "text", "-c", "4", "-", stdin=lines(*items))
    for (number, method), told in zip(wanted, found, strict=True):
        changed = (method == "POST" and number < 307) or (number == 303 and method != "HEAD")
        after = "GET" if changed else method
        length = "5" if after in ("POST", "PUT") else ""
        assert told["redirects"] == [{"url": f"{web}/r{number}", "status": number}]
        assert (told["status"], told["method"], told["attempts"]) == (200, method, 1)
        assert told["final_url"] == f"{web}/echo?{number}"
        expected = f"{after} /echo?{number} HTTP/1.0 {length} cookie= login="
        assert told["body"] == ("" if method == "HEAD" else expected)


@tool("nginx")
@EACH
def test_every_way_to_write_a_location_is_followed_or_named(web: str, backend: str):
    paths = ("/scheme-relative", "/a/dots", "/fragment", "/cookie", "/loop", "/ftp", "/nowhere", "/elsewhere", "/echo")
    options = ("-b", backend, "--body", "text", "--max-redirects", "4", "-c", "3", "--http", "1.1")
    found = dict(zip(paths, records(*options, *(web + path for path in paths)), strict=True))
    echo = "GET /echo HTTP/1.1  cookie={} login="
    for path in ("/scheme-relative", "/a/dots", "/fragment", "/echo"):
        assert (found[path]["body"], found[path]["final_url"]) == (echo.format(""), f"{web}/echo")
    assert found["/cookie"]["body"] == echo.format("seen=yes")
    assert [hop["url"] for hop in found["/cookie"]["redirects"]] == [f"{web}/cookie", f"{web}/hop"]
    assert found["/elsewhere"]["body"] == echo.format("")
    assert found["/elsewhere"]["final_url"] == f"{web.replace(HOST, 'localhost')}/echo"
    assert failure(found["/loop"]) == ("too-many-redirects", "head")
    assert len(found["/loop"]["redirects"]) == 4
    assert failure(found["/ftp"]) == ("bad-redirect", "head")
    # nginx writes an empty Location, which means the same page again.
    assert failure(found["/nowhere"]) == ("too-many-redirects", "head")


@tool("nginx")
def test_a_login_and_the_users_cookies_stay_at_their_origin(web: str):
    with_login = web.replace("http://", "http://me:secret@")
    found = records("--body", "text", "-H", "Cookie: own=1", f"{with_login}/hop", f"{with_login}/elsewhere")
    assert found[0]["body"].endswith("cookie=own=1 login=me")
    assert found[1]["body"].endswith("cookie= login=")
    assert "secret" not in json.dumps(found)
    assert "bWU6c2VjcmV0" not in json.dumps(found)


@tool("nginx")
def test_where_redirects_are_not_followed_they_are_the_record(web: str):
    told = record("--no-follow", f"{web}/cookie")
    assert (told["status"], told["redirects"], told["final_url"]) == (302, [], f"{web}/cookie")
    assert ["Location", "/hop"] in told["headers"]


@tool("nginx")
@EACH
def test_a_kept_connection_serves_redirects_and_successors(web: str, backend: str):
    found = records("-b", backend, "-c", "1", *[f"{web}/hop"] * 5)
    assert [told["reused"] for told in found] == [True] * 5
    found = records("-b", backend, "-c", "1", "--no-keep-alive", *[f"{web}/hop"] * 3)
    assert [told["reused"] for told in found] == [False] * 3


# Pace and retries


@tool("nginx")
@EACH
def test_a_server_that_limits_its_clients_gets_what_it_asks_for(web: str, backend: str):
    """Twelve at once are too many; those refused wait as long as they are told and come through."""
    found = records("-b", backend, "-c", "12", "--retries", "20", "--rate-per-host", "15/s", *[f"{web}/limited"] * 12)
    assert [told["status"] for told in found] == [200] * 12


@tool("nginx")
def test_without_retries_a_server_that_limits_its_clients_is_seen(web: str):
    found = records("-c", "12", "--retries", "0", *[f"{web}/limited"] * 12)
    statuses = Counter(told["status"] for told in found)
    assert statuses[429] > 0
    assert statuses[429] + statuses[200] == 12
    assert {told["attempts"] for told in found} == {1}


class Moody:
    """Answers each path with 503, a cut body, a closed connection and so on, as often as the path says, then well."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __call__(self, visit: Visit) -> None:
        while head := visit.read():
            method, path = head.decode().split(" ")[:2]
            self.seen[f"{method} {path}"] += 1
            kind, times = path[1:].split("/")[:2]
            if self.seen[f"{method} {path}"] > int(times):
                visit.say("200 OK", f"good {path}", keep=True)
                continue
            if kind == "busy":
                visit.say("503 Busy", "bad body", "Retry-After: 0", keep=True)
                continue
            if kind == "cut":
                visit.sock.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\nbad body")
            return


@EACH
def test_what_may_pass_is_tried_again_and_no_body_is_shown_twice(backend: str):
    paths = ("/busy/0", "/busy/1", "/busy/2", "/cut/1", "/hang/2", "/busy/9", "/cut/9", "/hang/9")
    moody = Moody()
    with Answering(moody) as server:
        url = f"http://{HOST}:{server.port}"
        options = ("-b", backend, "-c", "4", "--no-keep-alive", "--retries", "2", "--body", "text")
        found = records(*options, *(url + path for path in paths))
        assert [told["attempts"] for told in found] == [1, 2, 3, 2, 3, 3, 3, 3]
        assert [told["body"] for told in found[:5]] == [f"good {path}" for path in paths[:5]]
        assert (found[5]["status"], found[5]["body"], found[5]["ok"]) == (503, "bad body", True)
        assert [failure(told) for told in found[6:]] == [("truncated-body", "body"), ("empty-reply", "head")]
        assert [moody.seen[f"GET {path}"] for path in paths] == [told["attempts"] for told in found]

        moody.seen.clear()
        done = get("-b", backend, "--retries", "2", "--format", "body", f"{url}/busy/1", f"{url}/cut/1")
        assert sorted(done.stdout.decode().split("good ")[1:]) == ["/busy/1", "/cut/1"]
        assert b"bad" not in done.stdout


@EACH
def test_post_is_tried_again_only_when_asked(backend: str):
    moody = Moody()
    with Answering(moody) as server:
        url = f"http://{HOST}:{server.port}"
        for kind, code in (("busy", None), ("hang", "empty-reply")):
            told = record("-b", backend, "-d", "x=1", "--retries", "3", f"{url}/{kind}/1")
            assert (told["attempts"], told["error"] and told["error"]["code"]) == (1, code)
            assert moody.seen[f"POST /{kind}/1"] == 1
            moody.seen.clear()
            told = record("-b", backend, "-d", "x=1", "--retries", "3", "--retry-all", f"{url}/{kind}/1")
            assert (told["attempts"], told["status"]) == (2, 200)
            moody.seen.clear()


def test_a_server_that_asks_for_more_than_there_is_has_given_the_answer():
    def answer(visit: Visit) -> None:
        while visit.read():
            visit.say("503 Busy", "", "Retry-After: 3600", keep=True)

    with Answering(answer) as server:
        url = f"http://{HOST}:{server.port}/"
        found = records("--retries", "5", "--retry-max-time", "10s", url, url)
    assert [(told["status"], told["attempts"]) for told in found] == [(503, 1)] * 2


@tool("nginx")
@EACH
def test_limits_of_hosts_and_pace_leave_nothing_stuck(web: str, backend: str):
    urls = [f"{web if number % 2 else web.replace(HOST, 'localhost')}/echo?{number}" for number in range(60)]
    options = ("--per-host", "2", "--rate", "500/s", "--rate-per-host", "300/s", "-c", "8")
    found = records("-b", backend, *options, *urls)
    assert [told["status"] for told in found] == [200] * 60


# Names and addresses


@EACH
def test_an_address_that_refuses_leaves_the_next_one_its_turn(backend: str):
    """Nobody listens at 127.0.0.9."""

    def listen_only(visit: Visit) -> None:
        visit.read()

    with Answering(listen_only, host="::1") as server:
        url = f"http://two.test:{server.port}/"
        options = ("-b", backend, "--retries", "0", url, "--resolve")
        told = record(*options, f"two.test:{server.port}:127.0.0.9,[::1]")
        assert (failure(told), told["attempts"]) == (("empty-reply", "head"), 1)
        assert told["remote_address"] == f"[::1]:{server.port}"
        told = record(*options, f"two.test:{server.port}:127.0.0.9")
        assert failure(told) == ("connect-refused", "connect")


@tool("nginx")
def test_the_family_of_addresses_may_be_chosen(web: str):
    port = web.rsplit(":", 1)[1]
    fixed = ("--resolve", f"both.test:{port}:{HOST},::1")
    url = f"http://both.test:{port}/echo"
    assert record("-4", *fixed, url)["remote_address"] == f"{HOST}:{port}"
    assert record("-6", *fixed, url)["remote_address"] == f"[::1]:{port}"
    assert record("-6", f"http://[::1]:{port}/echo")["status"] == 200
    assert failure(record("-6", f"{web}/echo")) == ("resolve-failed", "resolve")
    assert failure(record("-4", f"http://[::1]:{port}/echo")) == ("resolve-failed", "resolve")


def test_the_host_field_is_the_names_and_not_the_addresses():
    def answer(visit: Visit) -> None:
        visit.read()
        visit.say("200 OK")

    with Answering(answer) as server:
        record("--resolve", f"bücher.test:{server.port}:{HOST}", f"http://Bücher.test:{server.port}/")
        assert f"Host: xn--bcher-kva.test:{server.port}\r\n".encode() in server.heads[0]


SLOW_NAMES = """
import socket, threading
real = socket.getaddrinfo
def getaddrinfo(host, *rest, **more):
    if host.startswith("unknown"):
        threading.Event().wait(0.02)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return real(host, *rest, **more)
socket.getaddrinfo = getaddrinfo
"""


@tool("nginx")
@EACH
def test_a_thousand_unknown_names_hold_up_no_known_one(web: str, backend: str, tmp_path: Path):
    """A few threads ask for them, for longer than one may take to connect; each is asked for nevertheless."""
    if backend == "gevent":
        pytest.skip("gevent asks by its own resolver")
    (tmp_path / "sitecustomize.py").write_text(SLOW_NAMES)
    urls = [f"http://unknown{number}.test/" for number in range(1_000)] + [f"{web}/echo"] * 20
    options = ("-b", backend, "--connect-timeout", "1s", "--retries", "0", "-c", "8")
    done = get(*options, "-", stdin=lines(*urls), PYTHONPATH=str(tmp_path))
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(one["index"] for one in told) == list(range(1_020))
    known = [place for place, one in enumerate(told) if one["status"] == 200]
    assert len(known) == 20
    assert max(known) < 500
    assert Counter(failure(one)[0] for one in told if one["status"] is None) == {"resolve-failed": 1_000}


# Guards


@tool("nginx")
@EACH
def test_no_private_address_is_reached_by_any_way(web: str, backend: str):
    port = web.rsplit(":", 1)[1]
    urls = [
        f"{web}/echo", f"http://localhost:{port}/", f"http://[::1]:{port}/", f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://0x7f.1:{port}/", f"http://2130706433:{port}/", f"http://0.0.0.0:{port}/", "http://10.0.0.1/",
        "http://169.254.169.254/", f"http://[fe80::1]:{port}/", f"http://[64:ff9b::7f00:1]:{port}/",
        f"http://[::127.0.0.1]:{port}/", f"http://named.test:{port}/",
    ]  # fmt: skip
    found = records("-b", backend, "--no-private", "--resolve", f"named.test:{port}:192.168.0.1,::1", *urls)
    assert {failure(told) for told in found} == {("address-blocked", "resolve")}
    assert {told["remote_address"] for told in found} == {None}


def test_no_private_address_is_reached_by_a_redirect(tmp_path: Path):
    """The first hop is on an address that is declared public for this test: there is no public one in it."""
    (tmp_path / "sitecustomize.py").write_text(
        "import fetchmux.resolve as it\nreal = it.is_public\n"
        "it.is_public = lambda text: text == '127.0.0.1' or real(text)\n"
    )
    targets = ("http://10.0.0.1/", "http://[::1]/", "http://localhost.localhost:1/", "//[::ffff:10.0.0.1]/")

    def answer(visit: Visit) -> None:
        while head := visit.read():
            visit.say("302 Found", "", f"Location: {targets[int(head.split()[1][1:])]}", keep=True)

    with Answering(answer) as server:
        urls = [f"http://{HOST}:{server.port}/{number}" for number in range(len(targets))]
        found = records(
            "--no-private", "--resolve", "localhost.localhost:1:10.1.2.3", *urls, PYTHONPATH=str(tmp_path)
        )  # fmt: skip
    assert {failure(told) for told in found} == {("address-blocked", "resolve")}
    assert [len(told["redirects"]) for told in found] == [1] * 4


@pytest.mark.parametrize("field", ["A: b\r\nC: d", "A: b\nC: d", "A: b\0", "A\r\nB: c", "A B: c", ": c"])
def test_a_header_that_would_write_lines_of_its_own_is_refused_before_anything_is_sent(field: str):
    with Answering(lambda visit: None) as server:
        url = f"http://{HOST}:{server.port}/"
        if "\0" not in field:
            assert get("-H", field, url).returncode == 2
        name, _, value = field.partition(": ")
        told = records("-", stdin=lines({"url": url, "headers": {name: value}}))
        assert [failure(one) for one in told] == [("bad-request", "input")]
        assert server.heads == []


def test_control_characters_of_a_server_are_harmless_in_a_table_and_intact_in_json():
    def answer(visit: Visit) -> None:
        while visit.read():
            visit.say("302 \x1b]0;pwned\x07", "\x1b[31mred", "Location: /\x1b[2J", "X-Evil: \x1b[31m\x9b", keep=False)
            return

    with Answering(answer) as server:
        url = f"http://{HOST}:{server.port}/"
        told = record("--no-follow", "--body", "text", url)
        assert told["reason"] == "\x1b]0;pwned\x07"
        assert ["X-Evil", "\x1b[31m\xc2\x9b"] in told["headers"]
        assert told["body"] == "\x1b[31mred"
        done = get("-v", "--format", "table", "--max-redirects", "1", url)
        assert done.returncode == 1
        for stream in (done.stdout, done.stderr):
            assert not set(stream.decode()) & set(map(chr, [*range(10), *range(11, 32), *range(127, 160)]))


# Logins, sockets, versions


def test_a_login_of_a_netrc_file_is_used_and_never_shown(tmp_path: Path):
    path = tmp_path / "netrc"
    path.write_text(f"machine {HOST} login me password hush\n")

    def answer(visit: Visit) -> None:
        while visit.read():
            visit.say("302 Found", "", "Location: http://localhost:1/", keep=True)

    with Answering(answer) as server:
        url = f"http://{HOST}:{server.port}/"
        done = get("--netrc-file", str(path), "-v", "--no-follow", url, url.replace("http://", "http://other:own@"))
        assert done.returncode == 0
        assert sorted(line for head in server.heads for line in head.split(b"\r\n") if line[:5] == b"Autho") == [
            b"Authorization: Basic b3RoZXI6b3du", b"Authorization: Basic bWU6aHVzaA==",
        ]  # fmt: skip
        for secret in (b"hush", b"own@", b"bWU6aHVzaA", b"b3RoZXI6b3du"):
            assert secret not in done.stdout + done.stderr
        server.heads.clear()
        record("--netrc", "--no-follow", url, NETRC=str(path))
        assert b"Basic bWU6aHVzaA==" in server.heads[0]


@EACH
def test_a_host_that_a_redirect_leads_to_gets_the_login_that_the_netrc_file_has_for_it(backend: str, tmp_path: Path):
    path = tmp_path / "netrc"
    path.write_text("machine localhost login me password hush\n")

    def arrive(visit: Visit) -> None:
        while visit.read():
            visit.say("200 OK", "ok", keep=True)

    with Answering(arrive) as there:

        def lead(visit: Visit) -> None:
            while visit.read():
                visit.say("302 Found", "", f"Location: http://localhost:{there.port}/", keep=True)

        with Answering(lead) as here:
            told = record("-b", backend, "--netrc-file", str(path), f"http://{HOST}:{here.port}/")
            assert (told["status"], len(told["redirects"])) == (200, 1)
            assert b"Authorization" not in here.heads[0]
            assert b"Authorization: Basic bWU6aHVzaA==" in there.heads[0]


@pytest.mark.parametrize("content", [b"machine \xff login a password hush\n", b"machine h login a hush b c\n"])
def test_a_netrc_file_that_cannot_be_used_is_told_in_one_line_without_what_stands_in_it(tmp_path: Path, content: bytes):
    path = tmp_path / "netrc"
    path.write_bytes(content)
    for name in (str(path), str(tmp_path / "none"), str(tmp_path)):
        done = get("--netrc-file", name, "http://h.test/")
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.decode().startswith(f"fetchmux: cannot read '{name}': ")
        assert done.stderr.count(b"\n") == 1
        assert b"hush" not in done.stderr


@EACH
def test_a_unix_socket_serves_whatever_the_host(backend: str, tmp_path: Path):
    path = str(tmp_path / "socket")

    def answer(visit: Visit) -> None:
        while visit.read():
            visit.say("200 OK", "hi", keep=True)

    with Answering(answer, path=path) as server:
        found = records(
            "-b", backend, "--unix-socket", path, "-c", "1", "--body", "text", "http://app/1", "http://app/2",
            "http://10.0.0.1/", http_proxy="http://127.0.0.1:1",
        )  # fmt: skip
        assert [(told["status"], told["body"], told["remote_address"]) for told in found] == [(200, "hi", path)] * 3
        assert [told["reused"] for told in found] == [False, True, False]
        assert server.heads[0].startswith(b"GET /1 HTTP/1.0\r\nHost: app\r\n")
    told = record("-b", backend, "--retries", "0", "--unix-socket", str(tmp_path / "none"), "http://app/")
    assert failure(told) == ("connect-failed", "connect")


@EACH
def test_a_server_of_the_newer_version_only_is_asked_in_it(backend: str):
    def answer(visit: Visit) -> None:
        while head := visit.read():
            if b" HTTP/1.1\r\n" not in head:
                visit.say("505 HTTP Version Not Supported")
                return
            body = b"5\r\nhello\r\n0\r\n\r\n"
            visit.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)

    with Answering(answer) as server:
        url = f"http://{HOST}:{server.port}/"
        done = get("-b", backend, url, url)
        assert done.stderr.decode() == "fetchmux: replies to HTTP/1.0: 2 of status 505; --http 1.1 may help\n"
        found = records("-b", backend, "--http", "1.1", "--body", "text", "-c", "1", url, url)
        assert [(told["status"], told["body"], told["reused"]) for told in found] == [
            (200, "hello", False), (200, "hello", True),
        ]  # fmt: skip


@EACH
def test_pythons_own_server_is_fetched_from(backend: str, tmp_path: Path):
    pages = tmp_path / "pages"
    (pages / "sub").mkdir(parents=True)
    (pages / "page.txt").write_text("from a file")
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", HOST, "--directory", str(pages)]
    with program(command, port, tmp_path):
        url = f"http://{HOST}:{port}"
        found = records("-b", backend, "--body", "text", f"{url}/page.txt", f"{url}/sub", f"{url}/none", url)
    assert [told["status"] for told in found] == [200, 200, 404, 200]
    assert found[0]["body"] == "from a file"
    assert (found[1]["final_url"], len(found[1]["redirects"])) == (f"{url}/sub/", 1)


# Connections that live on


@EACH
def test_bytes_after_a_reply_reach_nobody(backend: str):
    def answer(visit: Visit) -> None:
        while head := visit.read():
            path = head.split()[1].decode()
            late = "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nevil"
            reply = f"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: {len(path)}\r\n\r\n{path}"
            visit.sock.sendall((reply + late).encode())

    with Answering(answer) as server:
        url = f"http://{HOST}:{server.port}"
        paths = [f"/{number}" for number in range(6)]
        found = records("-b", backend, "-c", "2", "--body", "text", *(url + path for path in paths))
        assert [(told["body"], told["reused"]) for told in found] == [(path, False) for path in paths]


@EACH
def test_a_kept_connection_that_died_is_replaced_without_a_word(backend: str):
    def answer(visit: Visit) -> None:
        if visit.read():
            visit.say("200 OK", "once", keep=True)

    with Answering(answer) as server:
        url = f"http://{HOST}:{server.port}/"
        found = records("-b", backend, "-c", "1", "--retries", "0", "--body", "text", *[url] * 5)
        assert [(told["body"], told["attempts"], told["reused"]) for told in found] == [("once", 1, False)] * 5
        told = records("-b", backend, "-c", "1", "--retries", "0", "-d", "x", *[url] * 2)
        assert [one["attempts"] for one in told] == [1, 1]


def test_a_port_where_nobody_listens_is_tried_again_and_told():
    with refused_port() as port:
        told = record("--retries", "1", f"http://{HOST}:{port}/")
    assert (failure(told), told["attempts"]) == (("connect-refused", "connect"), 2)
