"""A process that fetches, as the one sees it that reads the list: what it was sent, what it owes, and its end."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping

from fetchmux import offspring
from fetchmux.model import Request
from fetchmux.spread import words
from fetchmux.spread.words import Charge, Frames, Journey, Kind, Report

_BLOCK = 1 << 20
# A process has so many seconds' worth of requests before it beyond its window, and at least so many of them. It asks
# for more whenever it reports, which a busy one does each hundredth of a second.
_AHEAD = 0.03
_LEAST_AHEAD = 4
_FINEST = 0.01

# How a process is told to start nothing more, and to end soon. It may get them before it knows what they mean: both end
# it then without a word.
STOP, CANCEL = signal.SIGTERM, signal.SIGUSR2


class Worker:
    """One process. Raises OSError when it cannot be started.

    Args:
        backend: the strategy, for which it prepares itself.

    Attributes:
        sock: this end of the line to it.
        owed: the requests that it was sent and has not answered, by index.
        held: requests that are its own and wait for room.
        in_flight: how many requests it had under way when it last said so.
        here: it has loaded everything; ready: and it can fetch.
        ended: it has hung up.
    """

    def __init__(self, backend: str) -> None:
        self.owed: dict[int, Request] = {}
        self.held: deque[Request] = deque()
        self.in_flight = 0
        self.here = self.ready = self.ended = False
        self._opens_at = 0.0
        self._window = 0
        self._ahead = _LEAST_AHEAD
        self._sent = self._taken = 0
        self._reported_at = 0.0
        self._frames = Frames()
        self._outbox = bytearray(backend.encode() + b"\n")
        self._closing = self._closed = False
        self.sock, theirs = socket.socketpair()
        with theirs, offspring.never_asked():
            try:
                self._process = subprocess.Popen(
                    offspring.command("fetchmux.spread.child", str(theirs.fileno())),
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=(theirs.fileno(),),
                    # A group of its own: Ctrl-C is for this process, which tells the others.
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

    @property
    def dismissed(self) -> bool:
        """It has been told that nothing more will come."""
        return self._closing or self._closed

    @property
    def room(self) -> float:
        """How many more requests it should have.

        One whose window is full needs a few more, to go on with. One whose window is not may hold what it has for
        later, for a limit or an address, and is given others instead.
        """
        if self.ended or self.dismissed:
            return float("-inf")
        idle = self._window - self.in_flight
        if idle > 0:
            return idle + self._ahead - (self._sent - self._taken) - len(self.held)
        return self._window + self._ahead - self.load

    def charge(self, charge: Charge, opens_at: float) -> None:
        """Let it get ready; nothing is handed over before the time `opens_at`."""
        self._window = charge.options.concurrency
        self._opens_at = opens_at
        self._outbox += words.frame(Kind.CHARGE, charge)
        self.push()

    def hand_over(self, journeys: Mapping[int, Journey]) -> None:
        """Send what is held, and how far it has come before."""
        if not self.held or self.ended or time.monotonic() < self._opens_at:
            return
        room = self.room + len(self.held)
        orders: list[words.Order] = []
        while self.held and len(orders) < room:
            request = self.held.popleft()
            self.owed[request.index] = request
            orders.append(words.order(request, journeys.get(request.index) if journeys else None))
        if orders:
            self._sent += len(orders)
            self._outbox += words.frame(Kind.ORDERS, orders)
        self.push()

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
        for kind, content in self._frames.feed(data):
            self.here |= kind is Kind.HERE
            self.ready |= kind is Kind.READY
            yield kind, content

    def note(self, report: Report) -> None:
        """It has told how it stands."""
        now = time.monotonic()
        if report.taken > self._taken:
            pace = (report.taken - self._taken) / max(_FINEST, now - self._reported_at)
            # One slow report among quick ones means little.
            self._ahead = max(_LEAST_AHEAD, self._ahead // 2, int(pace * _AHEAD))
            self._reported_at = now
        self.in_flight, self._taken = report.in_flight, report.taken

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended does not mind."""
        self._process.send_signal(number)

    def fate(self) -> str:
        """How the process has come to its end; waits for that."""
        status = self._process.wait()
        return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"

    def hang_up(self) -> None:
        """Let it end, whatever it is doing."""
        self.sock.close()
        self.tell(CANCEL)

    def bury(self, patience: float) -> None:
        """Wait for its end; who does not hear is killed."""
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
