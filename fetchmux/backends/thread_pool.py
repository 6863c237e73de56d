"""Thread pool: as many threads as the window is wide, each with one connection at a time.

How it waits: like threads, in blocking calls that the kernel parks; but a thread that has finished takes the next
exchange instead of ending. One more connection costs nothing once its thread runs, and a thread costs a stack. Where it
stops scaling: where threads do, at the interpreter's lock; what it saves is the birth and death of a thread for each
request.
"""

from __future__ import annotations

import errno
import threading

from fetchmux.backends import Work
from fetchmux.backends._blocking import Connection
from fetchmux.exchange import Carried
from fetchmux.model import Options


def run(frontier: Work, options: Options) -> None:
    """Start threads as exchanges come, up to the window, and keep them until the end."""
    pool = Pool(frontier, options.concurrency)
    try:
        pool.work()
    finally:
        pool.dismiss()


class Pool:
    """The threads of one run. Whatever they share is touched under `turnstile` only."""

    def __init__(self, frontier: Work, most: int) -> None:
        self._frontier = frontier
        self._most = most
        self._turnstile = threading.Condition()
        self._waiting: list[Carried] = []
        self._idle = 0
        self._busy: dict[threading.Thread, Carried | None] = {}
        self._accident: BaseException | None = None
        self._dismissed = False

    def work(self) -> None:
        """Hand out exchanges until the frontier is exhausted. Raises what a thread stumbled over."""
        with self._turnstile:
            while self._accident is None and not self._frontier.exhausted:
                exchange = self._frontier.take()
                if exchange is None:
                    self._turnstile.wait(self._frontier.timeout())
                else:
                    self._hand_out(exchange)
        if self._accident is not None:
            raise self._accident

    def dismiss(self) -> None:
        """Wake every thread out of its call and wait until it has ended."""
        with self._turnstile:
            self._dismissed = True
            self._turnstile.notify_all()
        for thread in list(self._busy):
            while thread.is_alive():
                if exchange := self._busy.get(thread):
                    exchange.cancel()
                thread.join(0.05)

    def _hand_out(self, exchange: Carried) -> None:
        """Give an exchange to a thread that is idle, or to a new one."""
        if len(self._waiting) >= self._idle and len(self._busy) < self._most:
            try:
                self._hire()
            except RuntimeError as error:
                # "can't start new thread" is a shortage like that of descriptors: the window becomes narrower.
                exchange.fail(OSError(errno.ENOMEM, str(error)))
                self._frontier.settle(exchange)
                return
        self._waiting.append(exchange)
        self._turnstile.notify_all()

    def _hire(self) -> None:
        thread = threading.Thread(target=self._serve, daemon=True)
        self._busy[thread] = None
        try:
            thread.start()
        except RuntimeError:
            del self._busy[thread]
            raise

    def _serve(self) -> None:
        """One thread's life: exchange after exchange."""
        thread = threading.current_thread()
        try:
            with Connection() as connection:
                while (exchange := self._await_turn(thread)) is not None:
                    self._converse(connection, exchange, thread)
        except BaseException as error:
            self._accident = error
        with self._turnstile:
            del self._busy[thread]
            self._turnstile.notify_all()

    def _await_turn(self, thread: threading.Thread) -> Carried | None:
        with self._turnstile:
            self._idle += 1
            self._turnstile.wait_for(lambda: self._waiting or self._dismissed)
            self._idle -= 1
            if self._dismissed:
                return None
            exchange = self._busy[thread] = self._waiting.pop()
            return exchange

    def _converse(self, connection: Connection, exchange: Carried, thread: threading.Thread) -> None:
        """Carry an exchange and those that follow on the same connection."""
        successor: Carried | None = exchange
        while successor is not None and not self._dismissed:
            connection.carry(successor)
            with self._turnstile:
                successor = self._busy[thread] = self._frontier.settle(successor)
                if successor is None:
                    connection.close()
                    self._turnstile.notify_all()
