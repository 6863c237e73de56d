"""Threads: a thread for each request, all of them in blocking calls.

How it waits: the kernel parks each thread in its own call and wakes it when its socket has something. One more
connection costs a thread: a stack, a clone, and a turn at the interpreter's lock for each wake-up. Where it stops
scaling: at thousands of threads, or as soon as the work between two waits is more than the lock lets through.

With keep-alive a thread goes on with the successor that `settle` returns, and ends when there is none.
"""

from __future__ import annotations

import _thread
import errno
import threading
import time

from fetchmux.backends import Work
from fetchmux.backends._blocking import Connection
from fetchmux.exchange import Carried
from fetchmux.settings import Options

# How often to look whether all threads have ended, in seconds.
_PARTING = 0.01


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
        self._turnstile = threading.Lock()
        self._bell = threading.Condition(self._turnstile)
        # What each thread that has begun and not ended is at, by its number.
        self._carried: dict[int, Carried] = {}
        self._accident: BaseException | None = None
        self._dismissed = False

    def work(self) -> None:
        """Launch until the frontier is exhausted. Raises what a thread stumbled over."""
        while True:
            with self._turnstile:
                if self._accident is not None or self._frontier.exhausted:
                    break
                taken = self._take()
                if not taken:
                    self._bell.wait(self._frontier.timeout())
            self._launch(taken)
        if self._accident is not None:
            raise self._accident

    def dismiss(self) -> None:
        """Wake every thread out of its call and wait until it has ended."""
        # A thread enters itself before it looks here: one that is not entered by now finds that it is too late.
        self._dismissed = True
        while self._carried:
            for exchange in list(self._carried.values()):
                exchange.cancel()
            time.sleep(_PARTING)

    def _take(self) -> list[Carried]:
        """All that may start now. Their threads are started later: nobody shall wait at the turnstile for that."""
        taken = []
        while not self._dismissed and (exchange := self._frontier.take()) is not None:
            taken.append(exchange)
        return taken

    def _launch(self, taken: list[Carried]) -> None:
        """Start a thread for each, without waiting until it runs, as `threading.Thread` would."""
        for exchange in taken:
            try:
                _thread.start_new_thread(self._converse, (exchange,))
            except RuntimeError as error:
                # "can't start new thread" is a shortage like that of descriptors: the window becomes narrower.
                exchange.fail(OSError(errno.ENOMEM, str(error)))
                with self._turnstile:
                    self._frontier.settle(exchange)

    def _converse(self, exchange: Carried) -> None:
        """One thread's life: its exchange, and those that follow on the same connection."""
        me = threading.get_ident()
        following: Carried | None = exchange
        taken: list[Carried] = []
        self._carried[me] = exchange
        try:
            with Connection() as connection:
                while following is not None and not self._dismissed:
                    self._carried[me] = following
                    connection.carry(following)
                    with self._turnstile:
                        following = self._frontier.settle(following)
                        if following is None:
                            taken = self._take()
                        if self._frontier.exhausted:
                            self._bell.notify()
        except BaseException as error:
            with self._turnstile:
                self._accident = error
                self._bell.notify()
        # Its last act: waking the main thread for that takes longer.
        self._launch(taken)
        del self._carried[me]
