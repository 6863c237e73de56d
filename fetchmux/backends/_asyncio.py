"""A conversation as a coroutine on an asyncio loop: it reads like blocking code, and each `await` lets others go on.

Knows tasks and the loop's socket calls. Must not know whose loop it is: the standard library's and uvloop's differ in
who waits and in nothing that is written here. Streams and protocols are left out because their transports take bytes
into a buffer of their own: what was sent when would be a guess, and after a failed write they read no more, though a
server that refuses a long request has often answered.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Callable

from fetchmux.backends import CHUNK, Work
from fetchmux.exchange import Carried


def run(frontier: Work, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Work until the frontier is exhausted. The loop is this run's own; when it ends, its tasks have ended."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(Crew(frontier).work())


class Slot:
    """A task's place in the window: its exchange, and the limit by which the sweep can end it."""

    __slots__ = ("exchange", "limit")

    def __init__(self, exchange: Carried) -> None:
        self.exchange = exchange
        self.limit: asyncio.Timeout | None = None


class Crew:
    """All tasks of one run."""

    def __init__(self, frontier: Work) -> None:
        self._frontier = frontier
        self._slots: dict[asyncio.Task[None], Slot] = {}
        self._accident: BaseException | None = None

    async def work(self) -> None:
        """Launch, sleep, sweep. Raises what a task stumbled over; the runner then cancels the others."""
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        while self._accident is None and not self._frontier.exhausted:
            while (exchange := self._frontier.take()) is not None:
                self._launch(exchange)
            await self._sleep(self._frontier.timeout())
            self._sweep(time.monotonic())
        if self._accident is not None:
            raise self._accident

    def _launch(self, exchange: Carried) -> None:
        slot = Slot(exchange)
        task = self._loop.create_task(self._occupy(slot))
        self._slots[task] = slot
        task.add_done_callback(self._vacate)

    def _vacate(self, task: asyncio.Task[None]) -> None:
        del self._slots[task]
        if not task.cancelled():
            self._accident = self._accident or task.exception()
        self._ended.set()

    async def _sleep(self, seconds: float) -> None:
        """Until a task has ended, but no longer."""
        self._ended.clear()
        alarm = self._loop.call_later(seconds, self._ended.set)
        await self._ended.wait()
        alarm.cancel()

    def _sweep(self, now: float) -> None:
        """End what is past its deadline. A deadline moves with every byte; looking is cheaper than moving a timer."""
        for slot in self._slots.values():
            exchange, limit = slot.exchange, slot.limit
            if now >= exchange.deadline and not exchange.done and limit is not None and not limit.expired():
                limit.reschedule(now)

    async def _occupy(self, slot: Slot) -> None:
        """One task's life: connection after connection, as long as the frontier has something for it."""
        exchange: Carried | None = slot.exchange
        while exchange is not None:
            connection = Connection(self._loop)
            try:
                while exchange is not None:
                    slot.exchange = exchange
                    await connection.carry(slot)
                    exchange = self._frontier.settle(exchange)
            finally:
                connection.close()
            exchange = self._frontier.take()


class Connection:
    """A socket on the loop that carries one exchange after another to the same origin."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._socket: socket.socket | None = None

    async def carry(self, slot: Slot) -> None:
        """Hold the whole conversation; the exchange is done afterwards."""
        exchange = slot.exchange
        while not exchange.done:
            try:
                # Without a time of its own: the sweep sets one once the deadline has passed. Then the call in progress
                # is cancelled, and the cancellation, which is this block's own, becomes a TimeoutError.
                async with asyncio.timeout(None) as slot.limit:
                    await self._converse(exchange)
            except Exception as error:
                exchange.fail(error)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()

    async def _converse(self, exchange: Carried) -> None:
        loop = self._loop
        sock = self._socket or await self._connect(exchange)
        while not exchange.done:
            if exchange.outgoing:
                await self._send(sock, exchange)
            else:
                exchange.feed(await loop.sock_recv(sock, CHUNK))
                if not exchange.done:
                    # What is there already is returned at once: a fast body would keep all others waiting.
                    await asyncio.sleep(0)

    async def _connect(self, exchange: Carried) -> socket.socket:
        """Not by the loop's sock_connect: uvloop's asks a thread for the address of each address."""
        sock = self._socket = socket.socket(exchange.address.family, socket.SOCK_STREAM)
        sock.setblocking(False)
        code = sock.connect_ex(exchange.address.sockaddr)
        if code == errno.EINPROGRESS:
            await self._writable(sock)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "connect")
        exchange.connected()
        return sock

    async def _writable(self, sock: socket.socket) -> None:
        """How every call of the loop waits: a callback, registered for an event, fills the future that is awaited."""
        ready = asyncio.Event()
        self._loop.add_writer(sock, ready.set)
        try:
            await ready.wait()
        finally:
            self._loop.remove_writer(sock)

    async def _send(self, sock: socket.socket, exchange: Carried) -> None:
        """Send a piece: there is no call that sends what fits, and a long request must be seen to move."""
        piece = exchange.outgoing[:CHUNK]
        await self._loop.sock_sendall(sock, piece)
        exchange.sent(len(piece))
        if exchange.outgoing:
            await asyncio.sleep(0)
