"""Each call of liburing that the strategy uses does what it says: some of them say that they are untested."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchmux.model import Address
from tests.backends.available import strategy

pytestmark = strategy("io_uring")
liburing = pytest.importorskip("liburing")

from fetchmux.backends._uring import Result, Ring, socket_address  # noqa: E402, after the skip

STREAM = socket.SOCK_STREAM | socket.SOCK_CLOEXEC


class Desk:
    """A ring, and results by token."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.results: dict[int, Result] = {}

    def put(self, token: int, prepare, *arguments) -> None:
        entry = liburing.Sqe()
        prepare(entry, *arguments)
        self.ring.put(entry, token)

    def until(self, *tokens: int) -> list[Result]:
        """Wait until these have completed."""
        while not set(tokens) <= set(self.results):
            self.ring.wait(5.0)
            self.results.update(self.ring.completed())
        return [self.results.pop(token) for token in tokens]

    def perform(self, prepare, *arguments) -> Result:
        self.put(2, prepare, *arguments)
        return self.until(2)[0]


@pytest.fixture
def desk() -> Iterator[Desk]:
    ring = Ring(8)
    yield Desk(ring)
    ring.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@contextlib.contextmanager
def listener(family: int, host: str) -> Iterator[socket.socket]:
    with socket.socket(family) as listening:
        listening.bind((host, 0))
        listening.listen()
        yield listening


def number(result: Result) -> int | None:
    assert isinstance(result, OSError)
    return result.errno


def test_socket_opens_one_that_children_do_not_inherit(desk: Desk) -> None:
    fd = desk.perform(liburing.io_uring_prep_socket, socket.AF_INET, STREAM, 0, 0)
    assert isinstance(fd, int)
    with socket.socket(fileno=fd) as opened:
        assert (opened.family, opened.type) == (socket.AF_INET, socket.SOCK_STREAM)
        assert not os.get_inheritable(fd)
        assert opened.getblocking()


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_connect_reaches_the_address_that_it_was_given(desk: Desk, family: int, host: str) -> None:
    with listener(family, host) as listening, socket.socket(family) as sock:
        address = socket_address(Address(family, listening.getsockname()))
        assert desk.perform(liburing.io_uring_prep_connect, sock.fileno(), address) == 0
        assert sock.getpeername() == listening.getsockname()


def test_connect_reaches_a_path(desk: Desk, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as sock:
        listening.bind(path)
        listening.listen()
        address = socket_address(Address(socket.AF_UNIX, path))
        assert desk.perform(liburing.io_uring_prep_connect, sock.fileno(), address) == 0
        assert sock.getpeername() == path


def test_an_address_with_a_scope_keeps_it(desk: Desk) -> None:
    """Link-local addresses need their interface: without one the kernel says EINVAL, with a strange one it does not."""
    with socket.socket(socket.AF_INET6) as sock:
        plain = socket_address(Address(socket.AF_INET6, ("fe80::1", 9, 0, 0)))
        assert number(desk.perform(liburing.io_uring_prep_connect, sock.fileno(), plain)) == errno.EINVAL
        scoped = socket_address(Address(socket.AF_INET6, ("fe80::1", 9, 0, 9_999)))
        assert number(desk.perform(liburing.io_uring_prep_connect, sock.fileno(), scoped)) != errno.EINVAL


def test_a_refused_connect_completes_with_the_reason(desk: Desk) -> None:
    with listener(socket.AF_INET, "127.0.0.1") as listening:
        address = socket_address(Address(socket.AF_INET, listening.getsockname()))
    with socket.socket() as sock:
        assert number(desk.perform(liburing.io_uring_prep_connect, sock.fileno(), address)) == errno.ECONNREFUSED


def test_send_sends_bytes_and_says_how_many(desk: Desk, pair) -> None:
    ours, theirs = pair
    assert desk.perform(liburing.io_uring_prep_send, ours.fileno(), b"hello", 0) == 5
    assert theirs.recv(100) == b"hello"


def test_send_to_nobody_is_an_error_and_no_signal(desk: Desk, pair) -> None:
    ours, theirs = pair
    theirs.close()
    assert number(desk.perform(liburing.io_uring_prep_send, ours.fileno(), b"hello", 0)) == errno.EPIPE


def test_receive_waits_in_the_kernel_and_fills_the_buffer(desk: Desk, pair) -> None:
    ours, theirs = pair
    buffer = bytearray(8)
    desk.put(2, liburing.io_uring_prep_recv, ours.fileno(), buffer, 0)
    desk.ring.wait(0.0)
    assert list(desk.ring.completed()) == []
    theirs.send(b"later")
    assert desk.until(2) == [5]
    assert bytes(buffer) == b"later\0\0\0"
    theirs.close()
    assert desk.perform(liburing.io_uring_prep_recv, ours.fileno(), buffer, 0) == 0


def test_close_closes_the_descriptor(desk: Desk) -> None:
    fd = socket.socket().detach()
    assert desk.perform(liburing.io_uring_prep_close, fd) == 0
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_cancel_ends_a_wait_and_both_complete(desk: Desk, pair) -> None:
    buffer = bytearray(8)
    desk.put(2, liburing.io_uring_prep_recv, pair[0].fileno(), buffer, 0)
    desk.put(3, liburing.io_uring_prep_cancel64, 2, 0)
    cancelled, found = desk.until(2, 3)
    assert number(cancelled) == errno.ECANCELED
    assert found == 0


def test_cancel_says_that_there_is_nothing_only_after_the_completion(desk: Desk, pair) -> None:
    """The loop relies on it at its end: "nothing" for what it still waits for means that it never got there."""
    pair[1].send(b"x")
    buffer = bytearray(8)
    desk.put(2, liburing.io_uring_prep_recv, pair[0].fileno(), buffer, 0)
    desk.put(3, liburing.io_uring_prep_cancel64, 2, 0)
    desk.put(5, liburing.io_uring_prep_cancel64, 4, 0)
    order: list[tuple[int, Result]] = []
    while len(order) < 3:
        desk.ring.wait(5.0)
        order += list(desk.ring.completed())
    tokens = [token for token, _ in order]
    assert tokens.index(2) < tokens.index(3)
    results = dict(order)
    assert results[2] == 1
    assert number(results[3]) == number(results[5]) == errno.ENOENT


def test_what_was_lent_may_go_once_its_completion_is_here(desk: Desk, pair) -> None:
    """A piece that only the ring knew of arrives unharmed when it was held until then."""
    ours, theirs = pair
    held = [os.urandom(1_000) for _ in range(8)]
    for index, piece in enumerate(held):
        desk.put(2 + 2 * index, liburing.io_uring_prep_send, ours.fileno(), piece, 0)
    gc.collect()
    assert desk.until(*range(2, 18, 2)) == [1_000] * 8
    assert theirs.recv(8_000, socket.MSG_WAITALL) == b"".join(held)


def test_a_full_queue_is_handed_in_and_nothing_is_lost(desk: Desk) -> None:
    for token in range(2, 202, 2):
        desk.put(token, liburing.io_uring_prep_socket, -1, STREAM, 0, 0)
    results = desk.until(*range(2, 202, 2))
    assert {number(result) for result in results} == {errno.EAFNOSUPPORT}


def test_completions_of_a_loop_that_was_left_are_seen_again(desk: Desk) -> None:
    for token in (2, 4, 6):
        desk.put(token, liburing.io_uring_prep_close, 99_999)
    desk.ring.wait(5.0)
    assert next(desk.ring.completed())[0] == 2
    assert [token for token, _ in desk.ring.completed()] == [2, 4, 6]
    assert list(desk.ring.completed()) == []


def test_a_wait_ends_by_itself_and_lets_other_threads_run_meanwhile(desk: Desk) -> None:
    """Each wait lasts until a thread that can only run meanwhile has said so: nobody holds the interpreter's lock."""
    turns = 0
    done = threading.Event()

    def turn() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            time.sleep(0.001)

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        before = turns
        desk.ring.wait(0.5)
        assert turns > before + 10
    finally:
        done.set()
        thread.join()


def test_a_signal_ends_a_wait_and_its_handler_runs(desk: Desk) -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        desk.ring.wait(60.0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rung == [1]


def test_a_ring_gives_its_descriptor_back() -> None:
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        Ring(8).close()
    assert len(os.listdir("/dev/fd")) == before
