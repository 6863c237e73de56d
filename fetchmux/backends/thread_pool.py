"""Thread pool: as many threads as the window is wide, each with one connection at a time.

How it waits: like threads, in blocking calls that the kernel parks; but a thread that has finished asks for the next
exchange instead of ending. One more connection costs nothing once its thread runs, and a thread costs a stack. Where it
stops scaling: where threads do, at the interpreter's lock; what it saves is the birth and death of a thread for each
request.
"""

from __future__ import annotations

import errno
import queue
import threading
import time

from fetchmux.backends import Work
from fetchmux.backends._blocking import Connection
from fetchmux.exchange import Carried
from fetchmux.settings import Options

# How long to wait, in seconds, for a thread whose birth an interrupt has cut short: it may never come.
_BIRTH = 1.0


def run(frontier: Work, options: Options) -> None:
    """Start threads as exchanges come and keep them to the end; the window bounds how many there are."""
    pool = Pool(frontier)
    try:
        pool.work()
    finally:
        pool.dismiss()


class Pool:
    """The threads of one run. The frontier is used by one of them at a time, under `turnstile`."""

    def __init__(self, frontier: Work) -> None:
        self._frontier = frontier
        self._turnstile = threading.Condition()
        self._waiting: queue.SimpleQueue[Carried | None] = queue.SimpleQueue()
        self._idle = 0
        self._carried: dict[threading.Thread, Carried | None] = {}
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
        self._dismissed = True
        patience = time.monotonic() + _BIRTH
        for _ in list(self._carried):
            self._waiting.put(None)
        for thread in list(self._carried):
            while thread.ident is None and time.monotonic() < patience:
                time.sleep(0.001)
            while thread.is_alive():
                if exchange := self._carried.get(thread):
                    exchange.cancel()
                thread.join(0.05)

    def _hand_out(self, exchange: Carried) -> None:
        """Give an exchange to a thread that is idle, or else to a new one."""
        if self._idle:
            self._idle -= 1
        else:
            try:
                self._hire()
            except RuntimeError as error:
                # "can't start new thread" is a shortage like that of descriptors: the window becomes narrower.
                exchange.fail(OSError(errno.ENOMEM, str(error)))
                self._frontier.settle(exchange)
                return
        self._waiting.put(exchange)

    def _hire(self) -> None:
        thread = threading.Thread(target=self._serve, daemon=True)
        self._carried[thread] = None
        try:
            thread.start()
        except RuntimeError:
            del self._carried[thread]
            raise

    def _serve(self) -> None:
        """One thread's life: exchange after exchange, until None is handed out."""
        thread = threading.current_thread()
        try:
            with Connection() as connection:
                while (exchange := self._waiting.get()) is not None:
                    self._converse(connection, exchange, thread)
        except BaseException as error:
            self._accident = error
        with self._turnstile:
            del self._carried[thread]
            self._turnstile.notify()

    def _converse(self, connection: Connection, exchange: Carried, thread: threading.Thread) -> None:
        """Carry an exchange, those that follow on its connection, and whatever else may start by then."""
        following: Carried | None = exchange
        while following is not None and not self._dismissed:
            self._carried[thread] = following
            connection.carry(following)
            following = self._go_on(connection, following)

    def _go_on(self, connection: Connection, exchange: Carried) -> Carried | None:
        with self._turnstile:
            following = self._frontier.settle(exchange)
            if following is None:
                connection.close()
                following = self._frontier.take()
            if following is None:
                self._idle += 1
                self._turnstile.notify()
        return following
