"""A frontier driven at random: whatever happens in whatever order, its promises hold."""

from __future__ import annotations

import errno

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Exchange
from fetchmux.frontier import TICK
from tests.frontier.world import CLOSING, KEEPING, World, talk

SLOW = ("slow", "slow2")
ITEMS = st.sampled_from(
    ["http://a/", "http://b/", "http://a/", "http://slow/", "http://slow2/", "http://[", "http://nowhere/", None]
)
NO_SUCH_NAME = FetchError(Code.RESOLVE_FAILED, "no such name", Phase.RESOLVE)


class Drive(RuleBasedStateMachine):
    """A strategy that does what it may do, in any order, in a world where anything may happen."""

    @initialize(items=st.lists(ITEMS, max_size=25), concurrency=st.integers(1, 4))
    def begin(self, items: list[str | None], concurrency: int) -> None:
        self.world = World(items, concurrency=concurrency, connect_timeout=5.0)
        self.world.names.known["nowhere", 80] = NO_SUCH_NAME
        self.flying: list[Exchange] = []
        self.begun: dict[int, int] = {}
        self.excused: dict[int, int] = {}
        self.cancelled = False

    # What a strategy does

    def lift_off(self, exchange: Exchange) -> None:
        index = exchange.job.request.index
        assert index not in [other.job.request.index for other in self.flying]
        assert not any(result.index == index for result in self.world.results)
        assert not exchange.done
        self.begun[index] = self.begun.get(index, 0) + 1
        self.flying.append(exchange)

    def land(self, exchange: Exchange) -> None:
        self.flying.remove(exchange)
        before = len(self.world.results)
        again = exchange.scarce or (exchange.reused and not exchange.collector.wire_size)
        successor = self.world.settle(exchange)
        written = self.world.results[before:]
        mine = [result for result in written if result.index == exchange.job.request.index]
        assert len(mine) == 1 or (again and not mine and not self.cancelled)
        if not mine:
            self.excused[exchange.job.request.index] = self.excused.get(exchange.job.request.index, 0) + 1
        if successor is not None:
            assert exchange.error is None
            assert successor.reused
            assert successor.job.url.origin is exchange.job.url.origin
            self.lift_off(successor)

    @rule()
    def take(self) -> None:
        carried = self.world.frontier.take()
        if carried is not None:
            assert not carried.core.reused
            self.lift_off(carried.core)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), wire=st.sampled_from([CLOSING, KEEPING, KEEPING, b"", b"nonsense", CLOSING[:-1]]))
    def answer(self, data: st.DataObject, wire: bytes) -> None:
        exchange = data.draw(st.sampled_from(self.flying))
        talk(exchange, wire)
        self.land(exchange)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def starve(self, data: st.DataObject) -> None:
        exchange = data.draw(st.sampled_from(self.flying))
        if not exchange.reused:
            exchange.fail(OSError(errno.EMFILE, "Too many open files"))
            self.land(exchange)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        exchange = data.draw(st.sampled_from(self.flying))
        exchange.fail(ConnectionResetError(errno.ECONNRESET, "reset"))
        if not exchange.done:
            exchange.feed(b"")
        self.land(exchange)

    @rule()
    def sleep(self) -> None:
        timeout = self.world.frontier.timeout()
        assert 0 < timeout <= TICK
        self.world.clock.move(timeout)
        self.sweep()

    @rule(seconds=st.sampled_from([0.2, 6.0, 31.0]))
    def oversleep(self, seconds: float) -> None:
        self.world.clock.move(seconds)
        self.sweep()

    def sweep(self) -> None:
        for exchange in list(self.flying):
            if exchange.deadline <= self.world.clock.now:
                exchange.fail(TimeoutError())
                self.land(exchange)

    # What befalls it

    @rule(host=st.sampled_from(SLOW), known=st.booleans())
    def resolve(self, host: str, known: bool) -> None:
        if (host, 80) not in self.world.names.known:
            self.world.names.answer(host, None if known else NO_SUCH_NAME)

    @rule(host=st.sampled_from(SLOW))
    def forget(self, host: str) -> None:
        """A name may be dropped from the cache at any time."""
        self.world.names.known.pop((host, 80), None)

    @precondition(lambda self: not self.cancelled)
    @rule(really=st.integers(0, 9))
    def cancel(self, really: int) -> None:
        if not really:
            self.cancelled = True
            self.world.frontier.cancel()

    # What always holds

    @invariant()
    def promises_hold(self) -> None:
        world, frontier = self.world, self.world.frontier
        indexes = [result.index for result in world.results]
        assert len(indexes) == len(set(indexes))
        assert frontier.in_flight == len(self.flying) <= frontier.window <= world.options.concurrency
        assert frontier.failure is None
        all_done = world.source.ended and len(indexes) == world.source.read
        assert frontier.exhausted == (not self.flying and (self.cancelled or all_done))

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        if not self.cancelled:
            self.finish()
        self.world.frontier.close()
        self.world.check_one_record_each()
        for result in self.world.results:
            begun = self.begun.get(result.index, 0) - self.excused.get(result.index, 0)
            if begun:
                assert result.attempts == begun or result.error is not None
            if result.ok:
                assert result.attempts == 1

    def finish(self) -> None:
        """From any state, a run in a kind world comes to its end, and reads its input whole."""
        for host in SLOW:
            self.world.names.answer(host)
        for _ in range(200):
            self.take()
            for exchange in list(self.flying):
                talk(exchange, CLOSING)
                self.land(exchange)
            self.sleep()
        assert self.world.source.ended
        assert self.world.frontier.exhausted


Drive.TestCase.settings = settings(deadline=None, max_examples=150, stateful_step_count=40)
TestDrive = Drive.TestCase
