"""Threads: a thread for each request, all of them in blocking calls.

How it waits: the kernel parks each thread in its own call and wakes it when its socket has something. One more
connection costs a thread: a stack, a clone, and a turn at the interpreter's lock for each wake-up. Where it stops
scaling: at thousands of threads, or as soon as the work between two waits is more than the lock lets through.

With keep-alive a thread goes on with the successor that `settle` returns, and ends when there is none.
"""

from __future__ import annotations

import errno
import threading
import time

from fetchmux.backends import Work
from fetchmux.backends._blocking import Connection
from fetchmux.exchange import Carried
from fetchmux.settings import Options

# How long to wait, in seconds, for a thread whose birth an interrupt has cut short: it may never come.
_BIRTH = 1.0


def run(frontier: Work, options: Options) -> None:
    """Start a thread for each exchange that the frontier hands out; the window bounds how many there are."""
    crew = Crew(frontier)
    try:
        crew.work()
    finally:
        crew.dismiss()


class Crew:
    """The threads of one run. The frontier is used by one of them at a time, under `turnstile`."""

    def __init__(self, frontier: Work) -> None:
        self._frontier = frontier
        self._turnstile = threading.Condition()
        self._carried: dict[threading.Thread, Carried] = {}
        self._accident: BaseException | None = None
        self._dismissed = False

    def work(self) -> None:
        """Launch until the frontier is exhausted. Raises what a thread stumbled over."""
        while True:
            with self._turnstile:
                if self._accident is not None or self._frontier.exhausted:
                    break
                born = self._enlist()
                if not born:
                    self._turnstile.wait(self._frontier.timeout())
            self._launch(born)
        if self._accident is not None:
            raise self._accident

    def dismiss(self) -> None:
        """Wake every thread out of its call and wait until it has ended."""
        self._dismissed = True
        patience = time.monotonic() + _BIRTH
        for thread in list(self._carried):
            while thread.ident is None and time.monotonic() < patience:
                time.sleep(0.001)
            while thread.is_alive():
                if exchange := self._carried.get(thread):
                    exchange.cancel()
                thread.join(0.05)

    def _enlist(self) -> list[threading.Thread]:
        """A thread for each exchange that may start now, not started yet: nobody shall wait at the turnstile for that.

        To be called under the turnstile.
        """
        born = []
        while not self._dismissed and (exchange := self._frontier.take()) is not None:
            thread = threading.Thread(target=self._converse, args=(exchange,), daemon=True)
            self._carried[thread] = exchange
            born.append(thread)
        return born

    def _launch(self, born: list[threading.Thread]) -> None:
        for thread in born:
            try:
                thread.start()
            except RuntimeError as error:
                # "can't start new thread" is a shortage like that of descriptors: the window becomes narrower.
                with self._turnstile:
                    exchange = self._carried.pop(thread)
                    exchange.fail(OSError(errno.ENOMEM, str(error)))
                    self._frontier.settle(exchange)

    def _converse(self, exchange: Carried) -> None:
        """One thread's life: its exchange, and those that follow on the same connection."""
        thread = threading.current_thread()
        following: Carried | None = exchange
        born: list[threading.Thread] = []
        try:
            with Connection() as connection:
                while following is not None and not self._dismissed:
                    self._carried[thread] = following
                    connection.carry(following)
                    with self._turnstile:
                        following = self._frontier.settle(following)
                        if following is None:
                            born = self._enlist()
                        if self._frontier.exhausted:
                            self._turnstile.notify()
        except BaseException as error:
            with self._turnstile:
                self._accident = error
                self._turnstile.notify()
        # Its last act: waking the main thread for that takes longer.
        self._launch(born)
        del self._carried[thread]
