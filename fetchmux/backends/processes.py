"""Processes: a pool of them, one connection at a time each; the frontier and the exchanges stay here.

How it waits: each process sleeps in poll(2) for its one socket, and this one for word from all of them. One more
connection costs a process: its page tables, a place in the scheduler, a pair of sockets to talk to it, and a switch
there and back with a copy of the bytes for each call. Where it stops scaling: at hundreds of processes, or at the CPU
that carrying bytes between them takes. What processes are good for, many cores at work, is not what fetching needs.

An exchange cannot cross to another process, with its sinks and its TLS. So what crosses are errands, one at a time:
connect, send these bytes, receive what comes. The pool grows as far as the window asks and its processes are used
again. They are forked, but not by this process, which has threads, and a fork in the midst of their work copies locks
that nobody will ever release: a small one, started once, does nothing else.
"""

from __future__ import annotations

import marshal
import os
import select
import socket
import sys
import time

from fetchmux.backends import CHUNK, Work
from fetchmux.backends._nursery import Courier, Nursery
from fetchmux.backends._pollers import EpollPoller, Poller, SelectPoller
from fetchmux.exchange import Carried
from fetchmux.frontier import TICK
from fetchmux.settings import Options


def missing() -> str | None:
    """Why this cannot run here."""
    if not hasattr(os, "fork") or not hasattr(socket, "SOCK_SEQPACKET") or sys.platform == "darwin":
        return "this system has no fork, or no messages between processes: use threads"
    return None


def run(frontier: Work, options: Options) -> None:
    """Work until the frontier is exhausted; no process and no pipe is left afterwards."""
    pool = Pool(frontier, EpollPoller() if hasattr(select, "epoll") else SelectPoller())
    try:
        pool.work()
    finally:
        pool.close()


class Pool:
    """All processes of one run, by the descriptor of the line to them."""

    def __init__(self, frontier: Work, poller: Poller) -> None:
        self._frontier = frontier
        self._poller = poller
        self._nursery: Nursery | None = None
        self._couriers: dict[int, Courier] = {}
        self._idle: list[Courier] = []
        self._swept_at = 0.0

    def work(self) -> None:
        """Launch, sleep, step, sweep."""
        frontier, couriers = self._frontier, self._couriers
        while not frontier.exhausted:
            while (exchange := frontier.take()) is not None:
                self._launch(exchange)
            for fd in self._poller.wait(frontier.timeout()):
                self._step(couriers[fd])
            self._sweep(time.monotonic())

    def close(self) -> None:
        """Hang up on every process, and wait until the last one has ended."""
        for courier in self._couriers.values():
            courier.line.close()
        self._couriers.clear()
        self._poller.close()
        if self._nursery is not None:
            self._nursery.close()

    def _launch(self, exchange: Carried) -> None:
        """Send a process to connect: one that is free, or else a new one."""
        order = marshal.dumps((int(exchange.address.family), exchange.address.sockaddr))
        try:
            courier = self._idle.pop() if self._idle else self._spawn()
            try:
                courier.order(b"C", order)
            except OSError:
                # Somebody has killed it while it was idle, and the news is still under way.
                self._discard(courier)
                courier = self._spawn()
                courier.order(b"C", order)
            courier.exchange = exchange
        except Exception as error:
            exchange.fail(error)
            self._frontier.settle(exchange)

    def _spawn(self) -> Courier:
        if self._nursery is None:
            self._nursery = Nursery()
        try:
            line = self._nursery.bear()
        except ConnectionError:
            # Somebody has killed it.
            self._nursery.close()
            self._nursery = Nursery()
            line = self._nursery.bear()
        try:
            self._poller.watch(line.fileno(), writing=False)
        except OSError:
            line.close()
            raise
        courier = self._couriers[line.fileno()] = Courier(line)
        return courier

    def _step(self, courier: Courier) -> None:
        """A process has answered, or has ended."""
        answer = courier.answer()
        exchange = courier.exchange
        if answer is None:
            self._lose(courier)
        elif exchange is None:
            # Back from an errand that was cut short.
            self._idle.append(courier)
        else:
            try:
                _report(exchange, *answer)
            except Exception as error:
                exchange.fail(error)
            self._go_on(courier, exchange)

    def _go_on(self, courier: Courier, exchange: Carried) -> None:
        """The next errand of the conversation."""
        try:
            if exchange.done:
                self._land(courier, exchange)
            elif exchange.outgoing:
                courier.order(b"S", exchange.outgoing[:CHUNK])
            else:
                courier.order(b"R")
        except OSError:
            self._lose(courier)

    def _land(self, courier: Courier, exchange: Carried) -> None:
        """The exchange is done: its successor goes on the same socket, or the process closes it and is free."""
        courier.exchange = self._frontier.settle(exchange)
        if courier.exchange is not None:
            self._go_on(courier, courier.exchange)
            return
        courier.line.send(b"X")
        if not courier.errand:
            self._idle.append(courier)

    def _lose(self, courier: Courier) -> None:
        """The process has ended, which it never does by itself."""
        self._discard(courier)
        if courier.exchange is not None:
            courier.exchange.fail(RuntimeError("the process that carried this has ended"))
            self._frontier.settle(courier.exchange)

    def _discard(self, courier: Courier) -> None:
        del self._couriers[courier.line.fileno()]
        self._poller.forget(courier.line.fileno())
        courier.line.close()
        if courier in self._idle:
            self._idle.remove(courier)

    def _sweep(self, now: float) -> None:
        """Cut short the errands of what is past its deadline."""
        if now - self._swept_at < TICK:
            return
        self._swept_at = now
        for courier in list(self._couriers.values()):
            exchange = courier.exchange
            if exchange is not None and now >= exchange.deadline:
                exchange.fail(TimeoutError())
                self._go_on(courier, exchange)


def _report(exchange: Carried, errand: bytes, result: bytes | OSError) -> None:
    """Tell the exchange what has come of an errand."""
    if isinstance(result, OSError):
        exchange.fail(result)
    elif errand == b"C":
        exchange.connected()
    elif errand == b"S":
        exchange.sent(int(result))
    else:
        exchange.feed(result)
