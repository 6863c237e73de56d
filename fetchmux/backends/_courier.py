"""The other side of `processes`: a nursery that forks couriers, and the courier, which runs errands on one socket.

This file is a program of its own, imported by nobody: `python -I -S _courier.py`, with a socket to the parent as its
standard input. It knows the standard library's smallest parts only, so that it starts in a moment, has one thread and
nothing worth copying: a fork of it is cheap, and safe where a fork of the parent would not be.

Orders and answers are messages, one of each at a time. The parent's orders: b"C" and a marshalled (family, address),
connect; b"S" and bytes, send; b"R", receive; b"X", close the socket. All but the last are answered by b"+" and the
result or b"-" and the number of the error. An X that comes before the answer cuts the errand short.
"""

from __future__ import annotations

import errno
import marshal
import os
import select
import socket
import sys

CHUNK = 64 * 1024
_LARGEST = CHUNK + 1
_KILL = 9


def nurse(control: socket.socket) -> None:
    """Fork a courier for each socket that arrives; when the parent is gone or has closed, end them all."""
    couriers: set[int] = set()
    while True:
        message, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if not message:
            break
        for fd in descriptors:
            with socket.socket(fileno=fd) as parent:
                _bear(control, parent, couriers)
        while couriers and (ended := os.waitpid(-1, os.WNOHANG)[0]):
            couriers.discard(ended)
    for courier in couriers:
        os.kill(courier, _KILL)
    for courier in couriers:
        os.waitpid(courier, 0)


def _bear(control: socket.socket, parent: socket.socket, couriers: set[int]) -> None:
    try:
        pid = os.fork()
    except OSError:
        # A shortage like that of descriptors. An order that was left unread would take the answer with it.
        if parent.recv(_LARGEST):
            parent.send(b"-%d" % errno.ENOMEM)
        return
    if pid == 0:
        control.close()
        try:
            Courier(parent).serve()
        finally:
            os._exit(0)
    couriers.add(pid)


class Courier:
    """One process, one socket at a time."""

    def __init__(self, parent: socket.socket) -> None:
        self._parent = parent
        self._socket = socket.socket()

    def serve(self) -> None:
        """Run errands until the parent closes."""
        while order := self._parent.recv(_LARGEST):
            if order == b"X":
                self._socket.close()
                continue
            try:
                answer = b"+" + self._perform(order[:1], order[1:])
            except OSError as error:
                answer = b"-%d" % (error.errno or errno.EIO)
            self._parent.send(answer)

    def _perform(self, errand: bytes, data: bytes) -> bytes:
        if errand == b"C":
            self._connect(*marshal.loads(data))
            return b""
        if errand == b"S":
            self._wait(select.POLLOUT)
            return b"%d" % self._socket.send(data)
        self._wait(select.POLLIN)
        return self._socket.recv(CHUNK)

    def _connect(self, family: int, address: tuple[str, int]) -> None:
        self._socket.close()
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        code = self._socket.connect_ex(address)
        if code == errno.EINPROGRESS:
            self._wait(select.POLLOUT)
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def _wait(self, event: int) -> None:
        """Sleep until the socket is ready. Raises ECANCELED when there is word from the parent first, or its end."""
        poll = select.poll()
        poll.register(self._socket, event)
        poll.register(self._parent, select.POLLIN)
        if any(fd == self._parent.fileno() for fd, _ in poll.poll()):
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))


if __name__ == "__main__":
    nurse(socket.socket(fileno=sys.stdin.fileno()))
