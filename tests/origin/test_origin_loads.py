"""What the origin does for comparisons: silence, losses, TLS."""

from __future__ import annotations

import collections
import ssl
from pathlib import Path

from fetchmux.compare import certificate
from fetchmux.origin.launch import Origin
from tests.needs import tool
from tests.origin.talk import collect, connect, numbers, say


def test_silence_lasts_until_the_client_hangs_up_and_is_counted(own_good: Origin) -> None:
    with connect(own_good) as client:
        client.sendall(b"GET /silent HTTP/1.0\r\n\r\n")
        while numbers(own_good, "/waiting")["silent"] != 1:
            pass
    while numbers(own_good, "/waiting")["silent"]:
        pass


def test_of_so_many_lossy_requests_one_is_refused_and_one_is_reset(own_good: Origin) -> None:
    ends: collections.Counter[str] = collections.Counter()
    for _ in range(20):
        with connect(own_good) as client:
            client.sendall(b"GET /bytes/5?lossy=10 HTTP/1.0\r\n\r\n")
            data, ending = collect(client)
            ends[data[9:12].decode() or ending] += 1
    assert ends == {"200": 16, "503": 2, "reset": 2}


def test_a_number_that_is_none_is_refused(good: Origin) -> None:
    assert b" 400 " in say(good, b"GET /bytes/5?lossy=x HTTP/1.0\r\n\r\n")


@tool("openssl")
def test_with_a_certificate_tls_is_spoken(tmp_path: Path) -> None:
    files = certificate.make(tmp_path)
    with Origin(certificate=files) as origin:
        context = ssl.create_default_context(cafile=files[0])
        with connect(origin) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            client.sendall(b"GET /bytes/5 HTTP/1.0\r\n\r\n")
            assert client.recv(1 << 16).startswith(b"HTTP/1.0 200 ")
