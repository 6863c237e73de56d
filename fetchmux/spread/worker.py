"""A process that fetches, as the one sees it that reads the list: what it was sent, what it owes, and its end."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Iterator

from fetchmux import offspring
from fetchmux.model import Request
from fetchmux.spread import words
from fetchmux.spread.words import Charge, Frames, Kind

_BLOCK = 1 << 20
_PARTING = 5.0


class Worker:
    """One process.

    Attributes:
        sock: this end of the line to it.
        owed: the requests that it was sent and has not answered, by index.
        held: requests that are its own and wait for room.
        room: so many it may owe at once.
        answered: how many results it has given.
        ended: it has hung up.
    """

    def __init__(self, charge: Charge) -> None:
        self.owed: dict[int, Request] = {}
        self.held: deque[Request] = deque()
        self.room = 2 * charge.options.concurrency + 64
        self.answered = 0
        self.ended = False
        self._frames = Frames()
        self._outbox = bytearray(charge.backend.encode() + b"\n" + words.frame(Kind.CHARGE, charge))
        self._closing = self._closed = False
        self.sock, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    offspring.command("fetchmux.spread.child", str(theirs.fileno())),
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=(theirs.fileno(),),
                    env=offspring.environment(), process_group=0,
                )  # fmt: skip
            except BaseException:
                self.sock.close()
                raise
        self.sock.setblocking(False)

    @property
    def load(self) -> int:
        """How much it has to do."""
        return len(self.owed) + len(self.held)

    @property
    def talking(self) -> bool:
        """Something is still to be sent."""
        return bool(self._outbox)

    def hand_over(self) -> None:
        """Send what is held, as far as there is room."""
        if not self.held or len(self.owed) >= self.room or self.ended:
            return
        orders = []
        while self.held and len(self.owed) < self.room:
            request = self.held.popleft()
            self.owed[request.index] = request
            orders.append(words.order(request))
        self._outbox += words.frame(Kind.ORDERS, orders)

    def close_list(self) -> None:
        """Nothing more will come; the process ends when it has answered everything."""
        self._closing = not self._closed
        self.push()

    def push(self) -> None:
        """Send what the socket takes now."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            while self._outbox:
                del self._outbox[: self.sock.send(self._outbox)]
            if self._closing:
                self._closing, self._closed = False, True
                self.sock.shutdown(socket.SHUT_WR)

    def listen(self) -> Iterator[tuple[Kind, bytes]]:
        """What it says now; `ended` when it has hung up."""
        try:
            data = self.sock.recv(_BLOCK)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        self.ended = not data
        yield from self._frames.feed(data)

    def stop(self) -> None:
        """Let it start nothing more."""
        if not self.ended:
            self._process.send_signal(signal.SIGTERM)

    def cancel(self) -> None:
        """Let it end soon, and tell what it has."""
        if not self.ended:
            self._process.send_signal(signal.SIGINT)

    def last_words(self) -> str:
        """How the process has come to its end."""
        status = self._process.wait()
        if status < 0:
            return f"was ended by signal {-status}"
        return f"ended with status {status}"

    def close(self) -> None:
        """Hang up and wait for the end; who does not hear that is killed."""
        self.sock.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_PARTING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
