"""The parent's side of `processes`: a process that forks, and the lines to those that it has borne.

Knows how they are started, spoken to and ended. Must not know what an exchange says, nor wait for anybody.
"""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import sys

from fetchmux import offspring
from fetchmux.backends import CHUNK
from fetchmux.exchange import Carried

_PROGRAM = str(pathlib.Path(__file__).with_name("_courier.py"))
_LARGEST = CHUNK + 1


class Courier:
    """A process of the pool, and what it is doing.

    Attributes:
        line: the socket to it; a message is an order or an answer.
        exchange: whose errands it runs, or None.
        errand: the order that it has not answered yet: b"C", b"S", b"R", or b"" when it has.
    """

    __slots__ = ("errand", "exchange", "line")

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.exchange: Carried | None = None
        self.errand = b""

    def order(self, errand: bytes, data: bytes | memoryview = b"") -> None:
        """Send it on its way. Raises OSError when it is dead."""
        self.errand = errand
        self.line.sendmsg((errand, data))

    def answer(self) -> tuple[bytes, bytes | OSError] | None:
        """The errand that is done and what came of it, or None: the process has ended."""
        try:
            message = self.line.recv(_LARGEST)
        except OSError:
            return None
        errand, self.errand = self.errand, b""
        if message.startswith(b"+"):
            return errand, message[1:]
        return (errand, OSError(int(message[1:]), os.strerror(int(message[1:])))) if message else None


class Nursery:
    """The process that forks."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-S", _PROGRAM]
        with theirs, offspring.never_asked():
            try:
                # A session of its own: Ctrl-C is for the parent, which ends them all.
                self._process = subprocess.Popen(
                    command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
                )
            except BaseException:
                self._control.close()
                raise

    def bear(self) -> socket.socket:
        """A new process, as the line to it. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def close(self) -> None:
        """End it; it ends its children first."""
        self._control.close()
        self._process.wait()
