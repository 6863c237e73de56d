"""Threads that stay, each with a session of requests: it brings its open connections along.

Sessions are not shared, because nobody promises that they may be. No call of requests can be interrupted from outside:
what is past its deadline is given up, and its thread ends by itself when the call returns.
"""

from __future__ import annotations

import queue
import threading
import time

from fetchmux.backends import Work
from fetchmux.exchange import Carried, Exchange
from fetchmux.peers import _requests
from fetchmux.peers.reply import Reply, begin, fill, late, lose
from fetchmux.settings import Options

# How long threads that have nothing to do may take to end, in seconds.
_PARTING = 1.0


def work(frontier: Work, options: Options, most: int) -> None:
    """Fetch everything in at most `most` threads."""
    crew = Crew(frontier, options, most)
    try:
        crew.work()
    finally:
        crew.dismiss()


class Crew:
    """All threads of one run, at most `most`. Whoever holds the turnstile may talk to the frontier."""

    def __init__(self, frontier: Work, options: Options, most: int) -> None:
        self._frontier = frontier
        self._options = options
        self._meanings = _requests.meanings()
        self._turnstile = threading.Condition()
        self._waiting: queue.SimpleQueue[Carried | None] = queue.SimpleQueue()
        self._most = most
        self._idle = 0
        self._carried: dict[threading.Thread, Exchange | None] = {}
        self._accident: BaseException | None = None

    def work(self) -> None:
        """Hand out exchanges until the frontier is exhausted. Raises what a thread stumbled over."""
        with self._turnstile:
            while self._accident is None and not self._frontier.exhausted:
                room = self._idle or len(self._carried) < self._most
                carried = self._frontier.take() if room else None
                if carried is not None:
                    self._hand_out(carried)
                    continue
                self._turnstile.wait(self._frontier.timeout())
                self._sweep(time.monotonic())
        if self._accident is not None:
            raise self._accident

    def dismiss(self) -> None:
        """Let idle threads end, and do not wait for others."""
        with self._turnstile:
            idle = [thread for thread, exchange in self._carried.items() if exchange is None]
            self._carried.clear()
        for _ in idle:
            self._waiting.put(None)
        patience = time.monotonic() + _PARTING
        for thread in idle:
            thread.join(max(0.0, patience - time.monotonic()))

    def _hand_out(self, carried: Carried) -> None:
        """Give an exchange to a thread that is idle, or else to a new one."""
        if self._idle:
            self._idle -= 1
        else:
            thread = threading.Thread(target=self._serve, daemon=True)
            self._carried[thread] = None
            thread.start()
        self._waiting.put(carried)

    def _sweep(self, now: float) -> None:
        """Give up what is past its deadline, be it late or cancelled, and its thread with it."""
        for thread, exchange in list(self._carried.items()):
            if exchange is not None and now >= exchange.deadline:
                del self._carried[thread]
                late(exchange, self._options)
                self._frontier.settle(exchange)

    def _serve(self) -> None:
        """One thread's life: exchange after exchange, until None is handed out or the thread has been given up."""
        try:
            with _requests.open_session() as session:
                while (carried := self._waiting.get()) is not None:
                    while carried is not None:
                        exchange = self._note(carried)
                        outcome: Reply | Exception
                        try:
                            outcome = _requests.fetch(session, exchange, self._options)
                        except Exception as error:
                            outcome = error
                        if not self._hand_in(exchange, outcome):
                            return
                        carried = self._go_on()
        except BaseException as error:
            with self._turnstile:
                self._accident = error
                self._turnstile.notify()

    def _note(self, carried: Carried) -> Exchange:
        with self._turnstile:
            exchange = begin(carried, self._options)
            self._carried[threading.current_thread()] = exchange
        return exchange

    def _hand_in(self, exchange: Exchange, outcome: Reply | Exception) -> bool:
        """Settle, unless the exchange has been given up meanwhile."""
        with self._turnstile:
            if self._carried.get(threading.current_thread()) is not exchange:
                return False
            if isinstance(outcome, Reply):
                fill(exchange, outcome)
            else:
                lose(exchange, outcome, self._meanings)
            self._frontier.settle(exchange)
        return True

    def _go_on(self) -> Carried | None:
        with self._turnstile:
            carried = self._frontier.take()
            self._carried[threading.current_thread()] = None
            if carried is None:
                self._idle += 1
                self._turnstile.notify()
        return carried
