"""Peers that are awaited: a task for each place in the window, on the standard library's loop.

Knows tasks and deadlines. Must not know whose coroutine fetches.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from fetchmux.backends import Work
from fetchmux.exchange import Carried, Exchange
from fetchmux.peers.reply import Meaning, Reply, begin, fill, late, lose
from fetchmux.settings import Options

Fetch = Callable[[Exchange], Awaitable[Reply]]


class Place:
    """A task's place in the window: its exchange, and the limit by which the sweep can end it."""

    __slots__ = ("exchange", "limit")

    def __init__(self) -> None:
        self.exchange: Exchange | None = None
        self.limit: asyncio.Timeout | None = None


class Crew:
    """All tasks of one run.

    Args:
        fetch: awaits a whole reply, or raises.
        meanings: of what it raises.
    """

    def __init__(self, frontier: Work, options: Options, fetch: Fetch, meanings: Sequence[Meaning]) -> None:
        self._frontier = frontier
        self._options = options
        self._fetch = fetch
        self._meanings = meanings
        self._places: dict[asyncio.Task[None], Place] = {}
        self._accident: BaseException | None = None

    async def work(self) -> None:
        """Launch, sleep, sweep. Raises what a task stumbled over; the runner then cancels the others."""
        self._ended = asyncio.Event()
        while self._accident is None and not self._frontier.exhausted:
            while (carried := self._frontier.take()) is not None:
                self._launch(carried)
            await self._sleep(self._frontier.timeout())
            self._sweep(time.monotonic())
        if self._accident is not None:
            raise self._accident

    def _launch(self, carried: Carried) -> None:
        place = Place()
        task = asyncio.get_running_loop().create_task(self._occupy(place, carried))
        self._places[task] = place
        task.add_done_callback(self._vacate)

    def _vacate(self, task: asyncio.Task[None]) -> None:
        del self._places[task]
        if not task.cancelled():
            self._accident = self._accident or task.exception()
        self._ended.set()

    async def _sleep(self, seconds: float) -> None:
        """Until a task has ended, but no longer."""
        self._ended.clear()
        alarm = asyncio.get_running_loop().call_later(seconds, self._ended.set)
        await self._ended.wait()
        alarm.cancel()

    def _sweep(self, now: float) -> None:
        """End what is past its deadline, be it late or cancelled."""
        for place in self._places.values():
            exchange, limit = place.exchange, place.limit
            if exchange is not None and now >= exchange.deadline and limit is not None and not limit.expired():
                limit.reschedule(now)

    async def _occupy(self, place: Place, first: Carried) -> None:
        """One task's life: request after request, as long as the frontier has something for it."""
        carried: Carried | None = first
        while carried is not None:
            place.exchange = exchange = begin(carried, self._options)
            try:
                async with asyncio.timeout(None) as place.limit:
                    reply = await self._fetch(exchange)
            except Exception as error:
                if place.limit is not None and place.limit.expired():
                    late(exchange, self._options)
                else:
                    lose(exchange, error, self._meanings)
            else:
                fill(exchange, reply)
            place.exchange = None
            self._frontier.settle(exchange)
            carried = self._frontier.take()
