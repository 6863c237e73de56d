"""Limits of pace and of hosts: they work together with parallelism, and leave nothing stuck and nobody idle."""

from __future__ import annotations

import errno
import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Exchange
from fetchmux.frontier import TICK, frontier
from fetchmux.inputs.requests import Recipe
from fetchmux.policy.gates import Gates
from tests.frontier.world import CLOSING, KEEPING, World, page, talk

BUSY = b"HTTP/1.0 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"


def host(exchange: Exchange) -> str:
    return exchange.job.url.origin.name[0]


def hosts(exchanges: Iterable[Exchange]) -> Counter[str]:
    return Counter(map(host, exchanges))


class Run:
    """A strategy in a world where each reply takes `latency` seconds; it sleeps as long as it is told."""

    def __init__(self, world: World, latency: float, wire: bytes = CLOSING) -> None:
        self.world = world
        self.began: list[tuple[float, str]] = []
        self.most: Counter[str] = Counter()
        self.sleeps = 0
        self._latency = latency
        self._wire = wire
        self._flying: list[tuple[float, Exchange]] = []

    def __call__(self, seconds: float = 1e6) -> Run:
        """Until the run is exhausted, or for so many seconds."""
        world, clock = self.world, self.world.clock
        end = clock.now + seconds
        while not world.frontier.exhausted and clock.now < end:
            while (carried := world.frontier.take()) is not None:
                self._begin(carried.core)
            timeout = world.frontier.timeout()
            assert timeout <= TICK
            soonest = min((due for due, _ in self._flying), default=float("inf"))
            clock.move(max(0.0, min(timeout, soonest - clock.now)) + 1e-6)
            self.sleeps += 1
            assert self.sleeps < 200_000
            self._land()
        return self

    def _land(self) -> None:
        now = self.world.clock.now
        due = [exchange for moment, exchange in self._flying if moment <= now]
        self._flying = [(moment, exchange) for moment, exchange in self._flying if moment > now]
        for exchange in due:
            talk(exchange, self._wire)
            successor = self.world.settle(exchange)
            if successor is not None:
                self._begin(successor)

    def _begin(self, exchange: Exchange) -> None:
        self.began.append((self.world.clock.now, host(exchange)))
        self._flying.append((self.world.clock.now + self._latency, exchange))
        for name, count in hosts(exchange for _, exchange in self._flying).items():
            self.most[name] = max(self.most[name], count)
        self.most["all"] = max(self.most["all"], len(self._flying))

    def rate(self, name: str = "") -> float:
        """Starts a second, over the whole run."""
        times = [moment for moment, other in self.began if name in ("", other)]
        return (len(times) - 1) / (times[-1] - times[0])


def pages(count: int, *names: str) -> list[str]:
    """So many URLs, of the hosts by turns."""
    return [f"http://{name}/{number}" for number, name in zip(range(count), itertools.cycle(names), strict=False)]


# Requests in flight to one host


def test_no_host_has_more_in_flight_than_it_may():
    world = World(pages(60, "a", "b", "c"), per_host=2, concurrency=50)
    assert hosts(world.take_all()) == {"a": 2, "b": 2, "c": 2}


def test_a_host_that_is_full_takes_no_slot_of_others():
    world = World([*pages(100, "a"), *pages(5, "b")], per_host=1, concurrency=4)
    taken = world.take_all()
    assert hosts(taken) == {"a": 1, "b": 1}
    for _ in range(4):
        world.answer(taken.pop())
        taken += world.take_all()
        assert hosts(taken) == {"a": 1, "b": 1}


def test_the_next_of_a_full_host_starts_when_one_has_ended_in_their_order():
    world = World(pages(6, "a"), per_host=2, concurrency=9)
    first, second = world.take_all()
    assert world.frontier.take() is None
    world.answer(second)
    assert [page(exchange) for exchange in world.take_all()] == ["http://a/2"]
    world.answer(first)
    assert [page(exchange) for exchange in world.take_all()] == ["http://a/3"]


def test_who_was_held_goes_before_who_was_read_later():
    world = World(["http://a/0", "http://a/1", None, "http://a/2"], per_host=1)
    first = world.take()
    assert world.take_all() == []
    world.answer(first)
    assert page(world.take()) == "http://a/1"


def test_a_held_job_follows_on_its_connection():
    world = World(pages(3, "a"), per_host=1)
    first = world.take()
    assert world.frontier.take() is None
    second = world.keep(first)
    assert second is not None
    assert (page(second), second.reused) == ("http://a/1", True)
    third = world.keep(second)
    assert third is not None
    assert world.keep(third) is None
    assert world.finished
    world.check_one_record_each()


def test_a_held_job_of_another_port_does_not_follow_on_a_connection():
    world = World(["http://a/0", "http://a:81/"], per_host=1)
    first = world.take()
    assert world.frontier.take() is None
    assert world.keep(first) is None
    assert page(world.take()) == "http://a:81/"


def test_a_host_that_is_full_by_one_origin_does_not_wait_for_a_successor_of_it():
    """What waits is for another port; the limit is the host's, so its turn comes."""
    world = World(["http://a/0", "http://a:81/", *pages(50, "a")], per_host=1)
    run = Run(world, 0.01, KEEPING)()
    assert run.most["a"] == 1
    world.check_one_record_each()


@pytest.mark.parametrize("end", ["answer", "die", "lose", "starve"])
def test_however_one_ends_its_place_is_free_again(end: str):
    world = World(pages(8, "a"), per_host=1, concurrency=2)
    for _ in range(7):
        exchange = world.take()
        assert world.frontier.take() is None
        if end == "lose":
            exchange.fail(ConnectionResetError(errno.ECONNRESET, "x"))
            world.settle(exchange)
        else:
            getattr(world, end)(exchange)
        world.clock.move(1.0)
    assert len(world.take_all()) == 1


def test_a_request_that_cannot_be_sent_gives_its_place_back():
    world = World(pages(3, "a"), recipe=Recipe(headers=(("A", "b\r\nC: d"),)), per_host=1)
    assert world.frontier.take() is None
    assert world.codes == ["bad-request"] * 3
    assert world.finished


def test_what_cannot_be_wrapped_is_a_record_and_holds_up_nobody():
    """A name that no certificate can hold, say: it is found out when the request is about to start."""

    def secure(exchange: Exchange, predecessor: object) -> Exchange:
        raise FetchError(Code.TLS_FAILED, "no certificate can hold this name", Phase.TLS)

    world = World(["https://a/1", "https://a/2", "http://a/3"], secure=secure, per_host=1)
    third = world.take()
    assert page(third) == "http://a/3"
    world.answer(third)
    assert world.codes == ["tls-failed", "tls-failed", "ok"]
    assert [result.attempts for result in world.results] == [1, 1, 1]
    assert world.finished
    world.check_one_record_each()


def test_what_is_held_back_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frontier, "MOST_HELD", 300)
    world = World((f"http://a/{number}" for number in itertools.count()), per_host=1)
    for _ in range(5):
        world.take_all()
    assert world.source.read == 301


# Pace


@pytest.mark.parametrize("latency", [0.001, 0.04, 0.5])
def test_a_rate_is_kept_whatever_a_reply_takes(latency: float):
    """At 100/s with replies of half a second there must be fifty in flight: it is a rate and no queue of one."""
    run = Run(World(pages(500, *"abcd"), rate=100.0, concurrency=200), latency)()
    assert run.rate() == pytest.approx(100.0, rel=0.03)
    assert run.most["all"] >= 100 * latency * 0.9
    run.world.check_one_record_each()


def test_a_rate_is_kept_by_a_strategy_that_sleeps_a_tick_each_time():
    world = World(pages(1_000, "a", "b"), rate=100.0, concurrency=64)
    began: list[float] = []
    while not world.frontier.exhausted:
        for exchange in world.take_all():
            began.append(world.clock.now)
            world.answer(exchange)
        world.clock.move(TICK)
    assert (len(began) - 1) / (began[-1] - began[0]) == pytest.approx(100.0, rel=0.03)


def test_each_host_has_its_own_pace_and_all_go_on_side_by_side():
    run = Run(World(pages(400, *"abcd"), rate_per_host=20.0, concurrency=64), 0.3)()
    for name in "abcd":
        assert run.rate(name) == pytest.approx(20.0, rel=0.03)
    assert run.most["all"] > 12


def test_a_paced_host_takes_no_slot_of_another():
    """The first thousand are all of one slow host; the others need not wait for them."""
    world = World([*pages(1_000, "paced"), *pages(40, "b")], rate_per_host=1.0, concurrency=2)
    assert hosts(world.take_all()) == {"paced": 1, "b": 1}


def test_the_rate_of_all_and_the_rate_of_each_hold_together():
    run = Run(World(pages(300, *"abcdef"), rate=50.0, rate_per_host=5.0, concurrency=64), 0.05)()
    assert run.rate() == pytest.approx(30.0, rel=0.05)
    run = Run(World(pages(300, *"abcdef"), rate=12.0, rate_per_host=5.0, concurrency=64), 0.05)()
    assert run.rate() == pytest.approx(12.0, rel=0.05)


def test_all_limits_hold_together_and_leave_nothing_stuck():
    world = World(pages(240, *"aabc"), rate=60.0, rate_per_host=30.0, per_host=2, concurrency=5)
    run = Run(world, 0.1, KEEPING)()
    assert run.most["all"] <= 5
    assert max(run.most[name] for name in "abc") <= 2
    assert run.rate() <= 60.0
    assert len(run.began) == 240
    world.check_one_record_each()


def test_a_pace_reads_no_more_than_one_ahead():
    world = World((f"http://a/{number}" for number in itertools.count()), rate=1.0, concurrency=50)
    for _ in range(3):
        world.take_all()
    assert world.source.read == 2


def test_a_successor_is_paced_like_everybody():
    run = Run(World(pages(200, "a"), rate=20.0, concurrency=4), 0.01, KEEPING)()
    assert run.rate() == pytest.approx(20.0, rel=0.03)
    run = Run(World(pages(200, "a"), rate_per_host=20.0, concurrency=4), 0.01, KEEPING)()
    assert run.rate() == pytest.approx(20.0, rel=0.03)


def test_a_slow_rate_is_kept_and_the_run_ends_with_its_last_reply():
    world = World(pages(4, "a"), rate=0.1)
    Run(world, 0.01)()
    assert world.clock.now == pytest.approx(1_030.0, abs=0.1)
    assert len(world.results) == 4
    world.check_one_record_each()


# Waking up


@pytest.mark.parametrize(
    "limits",
    [{"rate": 40.0}, {"rate_per_host": 40.0}, {"rate": 40.0, "rate_per_host": 40.0}],
    ids=lambda limits: "+".join(limits),
)
def test_a_sleep_ends_when_the_next_may_start_and_not_before(limits: dict[str, Any]):
    world = World(pages(9, "a"), concurrency=9, **limits)
    assert len(world.take_all()) == 2
    for _ in range(7):
        timeout = world.frontier.timeout()
        assert timeout == pytest.approx(1 / 40)
        world.clock.move(timeout * 0.9)
        assert world.frontier.take() is None
        world.clock.move(timeout * 0.1 + 1e-9)
        world.take()


def test_a_pace_that_gives_way_between_asking_and_sleeping_is_not_slept_through():
    world = World(pages(2, "a"), rate=1.0)
    world.take()
    world.clock.move(0.9999)
    assert world.frontier.take() is None
    world.clock.move(0.01)
    assert world.frontier.timeout() == 0.0


@pytest.mark.parametrize(
    ("items", "limits"),
    [
        (["http://a/", "http://a/"], {"rate": 100.0, "per_host": 1}),
        (["http://a/", "http://a/"], {"rate": 100.0, "rate_per_host": 0.1}),
        (["http://a/", None, None, None], {"rate": 100.0}),
        (["http://a/", "http://slow/"], {"rate": 100.0}),
        (["http://a/"], {"rate": 100.0}),
        (["http://a/", "http://a/", "http://a/"], {"rate": 0.5, "rate_per_host": 25.0}),
        (["http://a/", "http://a/", "http://a/"], {"rate": 0.5, "per_host": 2}),
    ],
)
def test_a_pace_that_holds_nothing_back_is_no_reason_to_stay_awake(items: list[str | None], limits: dict[str, Any]):
    """A timeout of nought while nothing can start is a loop that burns a processor."""
    world = World(items, concurrency=9, **limits)
    world.take()
    for _ in range(15):
        assert world.frontier.take() is None
        assert world.frontier.timeout() > 0.0
        world.clock.move(0.1)


def test_want_of_descriptors_is_slept_through_although_a_retry_is_due():
    world = World(pages(2, "a"), retries=1)
    first, second = world.take_all()
    world.answer(first, b"HTTP/1.0 500 x\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
    world.clock.move(2.0)
    world.starve(second)
    assert world.frontier.take() is None
    assert world.frontier.timeout() == pytest.approx(TICK)
    world.clock.move(TICK)
    assert len(world.take_all()) == 1


def test_a_full_window_sleeps_a_tick_whatever_a_pace_says():
    world = World(pages(9, "a"), rate=1_000.0, concurrency=2)
    assert len(world.take_all()) == 2
    assert world.frontier.timeout() == TICK


def test_a_host_is_watched_once_however_much_of_it_waits(monkeypatch: pytest.MonkeyPatch):
    """What one request costs must not grow with what waits behind it."""
    asked = 0
    wait = Gates.wait

    def counting(gates: Gates, name: str, now: float) -> float | None:
        nonlocal asked
        asked += 1
        return wait(gates, name, now)

    monkeypatch.setattr(Gates, "wait", counting)
    Run(World(pages(1_000, "a"), rate_per_host=100.0, concurrency=64), 0.005)()
    assert asked < 12 * 1_000


# A host that wants peace


def test_a_host_that_asks_for_peace_gets_it_while_others_go_on():
    world = World([*pages(3, "a"), *pages(3, "b")], retries=1, concurrency=2)
    first, second = world.take_all()
    world.answer(first, BUSY)
    assert hosts([world.take()]) == {"b": 1}
    world.answer(second)
    assert hosts([world.take()]) == {"b": 1}
    for _ in range(2):
        world.clock.move(1.4)
        assert world.frontier.take() is None
    for exchange in list(world.frontier._live):
        talk(exchange.core, CLOSING)
        world.settle(exchange.core)
    flying = world.take_all()
    assert hosts(flying) == {"b": 1}
    world.clock.move(0.3)
    assert hosts(world.take_all()) == {"a": 1}
    world.answer(flying[0])
    assert hosts(world.take_all()) == {"a": 1}


def test_peace_is_kept_also_before_the_first_limit_was_known():
    """Several are in flight when the first of them is told; what they leave behind is in order."""
    world = World(pages(12, "a"), retries=2, concurrency=4)
    flying = world.take_all()
    world.answer(flying[0], BUSY)
    for exchange in flying[1:]:
        assert world.answer(exchange, KEEPING) is None
    assert world.frontier.take() is None
    world.clock.move(2.9)
    assert world.frontier.take() is None
    world.clock.move(0.2)
    assert len(world.take_all()) == 4
    assert not world.frontier.exhausted


def test_nobody_follows_on_an_open_connection_into_peace():
    world = World(pages(6, "a"), retries=1, concurrency=2)
    first, second = world.take_all()
    talk(first, b"HTTP/1.0 429 Slow\r\nConnection: keep-alive\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n")
    assert world.settle(first) is None
    assert world.keep(second) is None
    world.clock.move(5.1)
    assert len(world.take_all()) == 2


def test_a_host_that_stays_busy_for_ever_ends_as_well():
    world = World([*pages(20, "a"), *pages(20, "b")], retries=2, concurrency=4)
    run = Run(world, 0.01, BUSY)()
    assert len(run.began) == 120
    assert {result.status for result in world.results} == {503}
    assert {result.attempts for result in world.results} == {3}
    world.check_one_record_each()


def test_peace_is_kept_also_after_a_last_attempt():
    """The host speaks of itself and not of the one request."""
    world = World([*pages(1, "a"), None, *pages(3, "a")], retries=1)
    world.answer(world.take(), b"HTTP/1.0 500 x\r\nContent-Length: 0\r\n\r\n")
    assert world.frontier.take() is None
    world.clock.move(1.0)
    again = world.take()
    assert again.job.attempts == 2
    world.answer(again, BUSY)
    assert [result.status for result in world.results] == [503]
    world.clock.move(2.9)
    assert world.frontier.take() is None
    world.clock.move(0.2)
    assert len(world.take_all()) == 3


def test_peace_is_kept_also_after_what_is_not_retried():
    world = World(pages(3, "a"), recipe=Recipe(method="POST"), retries=2, concurrency=1)
    world.answer(world.take(), BUSY)
    assert [result.status for result in world.results] == [503]
    assert world.frontier.take() is None
    world.clock.move(3.1)
    assert page(world.take()) == "http://a/1"


@pytest.mark.parametrize("options", [{"retries": 0}, {"retries": 2, "retry_max_time": 2.0}])
def test_a_run_that_waits_for_nobody_is_not_held_up(options: dict[str, Any]):
    world = World(pages(3, "a"), concurrency=1, **options)
    world.answer(world.take(), BUSY)
    assert world.codes == ["ok"]
    assert page(world.take()) == "http://a/1"


# Whatever happens

HOSTS = "abc"
ITEMS = st.sampled_from([*(f"http://{name}/" for name in "aaab"), "http://c:81/", "http://slow/", "http://[", None])
REPLIES = st.sampled_from(
    [
        CLOSING, KEEPING, KEEPING, b"", b"nonsense", CLOSING[:-1], BUSY,
        b"HTTP/1.0 500 x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 429 x\r\nConnection: keep-alive\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 302 x\r\nConnection: keep-alive\r\nLocation: http://b/there\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 302 x\r\nLocation: http://slow/there\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 302 x\r\nLocation: ftp://b/\r\nContent-Length: 0\r\n\r\n",
    ]
)  # fmt: skip


class Drive(RuleBasedStateMachine):
    """A strategy that does what it may do, in any order, under limits, with retries and redirects."""

    @initialize(
        items=st.lists(ITEMS, max_size=30),
        concurrency=st.integers(1, 5),
        per_host=st.sampled_from([None, 1, 2]),
        rate=st.sampled_from([None, None, 5.0, 100.0]),
        rate_per_host=st.sampled_from([None, None, 2.0, 50.0]),
        retries=st.integers(0, 2),
    )
    def begin(
        self,
        items: list[str | None],
        concurrency: int,
        per_host: int | None,
        rate: float | None,
        rate_per_host: float | None,
        retries: int,
    ) -> None:
        self.world = World(
            items, concurrency=concurrency, per_host=per_host, rate=rate, rate_per_host=rate_per_host, retries=retries,
            follow=True, max_redirects=3, connect_timeout=5.0,
        )  # fmt: skip
        self.world.frontier._sequels._chance = lambda: 0.5
        self.flying: list[Exchange] = []
        self.began: list[tuple[float, str]] = []
        self.cancelled = False

    def lift_off(self, exchange: Exchange) -> None:
        index = exchange.job.request.index
        assert index not in [other.job.request.index for other in self.flying]
        assert not any(result.index == index for result in self.world.results)
        assert 1 <= exchange.job.attempts <= self.world.options.retries + 1
        self.flying.append(exchange)
        self.began.append((self.world.clock.now, host(exchange)))

    def land(self, exchange: Exchange) -> None:
        self.flying.remove(exchange)
        origin = exchange.job.url.origin
        successor = self.world.settle(exchange)
        if successor is not None:
            assert successor.job.url.origin is origin
            self.lift_off(successor)

    @rule()
    def take(self) -> None:
        carried = self.world.frontier.take()
        if carried is not None:
            self.lift_off(carried.core)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), wire=REPLIES)
    def answer(self, data: st.DataObject, wire: bytes) -> None:
        exchange = data.draw(st.sampled_from(self.flying))
        talk(exchange, wire)
        self.land(exchange)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), number=st.sampled_from([errno.EMFILE, errno.ECONNREFUSED, errno.ECONNRESET]))
    def fail(self, data: st.DataObject, number: int) -> None:
        exchange = data.draw(st.sampled_from(self.flying))
        exchange.fail(OSError(number, "x"))
        if not exchange.done:
            exchange.feed(b"")
        self.land(exchange)

    @rule()
    def sleep(self) -> None:
        timeout = self.world.frontier.timeout()
        assert 0 <= timeout <= TICK
        self.world.clock.move(timeout + 1e-6)
        self.sweep()

    @rule(seconds=st.sampled_from([0.2, 6.0]))
    def oversleep(self, seconds: float) -> None:
        self.world.clock.move(seconds)
        self.sweep()

    def sweep(self) -> None:
        for exchange in list(self.flying):
            if exchange.deadline <= self.world.clock.now:
                exchange.fail(TimeoutError())
                self.land(exchange)

    @rule(known=st.booleans())
    def resolve(self, known: bool) -> None:
        if ("slow", 80) not in self.world.names.known:
            error = FetchError(Code.RESOLVE_FAILED, "no such name", Phase.RESOLVE)
            self.world.names.answer("slow", None if known else error)

    @precondition(lambda self: not self.cancelled)
    @rule(really=st.integers(0, 9))
    def cancel(self, really: int) -> None:
        if not really:
            self.cancelled = True
            self.world.frontier.cancel()

    @invariant()
    def limits_hold(self) -> None:
        world, options = self.world, self.world.options
        assert world.frontier.failure is None
        assert world.frontier.in_flight == len(self.flying) <= world.frontier.window
        if options.per_host is not None:
            assert max(hosts(self.flying).values(), default=0) <= options.per_host
        if options.rate is not None:
            _check_rate([moment for moment, _ in self.began], options.rate)
        if options.rate_per_host is not None:
            for name in {name for _, name in self.began}:
                _check_rate([moment for moment, other in self.began if other == name], options.rate_per_host)

    @invariant()
    def nothing_is_lost(self) -> None:
        indexes = [result.index for result in self.world.results]
        assert len(indexes) == len(set(indexes))
        all_done = self.world.source.ended and len(indexes) == self.world.source.read
        assert self.world.frontier.exhausted == (not self.flying and (self.cancelled or all_done))

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        if not self.cancelled:
            self.finish()
        self.world.frontier.close()
        self.world.check_one_record_each()

    def finish(self) -> None:
        """From any state, a run in a kind world comes to its end, by sleeping as long as it is told."""
        self.world.names.answer("slow")
        for _ in range(4_000):
            if self.world.frontier.exhausted:
                break
            self.take()
            for exchange in list(self.flying):
                talk(exchange, CLOSING)
                self.land(exchange)
            self.sleep()
        assert self.world.source.ended
        assert self.world.frontier.exhausted


def _check_rate(moments: list[float], rate: float) -> None:
    """In no span since any of the latest starts were there more than the rate and its slack allow."""
    for first, begin in enumerate(moments[-12:], max(0, len(moments) - 12)):
        allowed = (moments[-1] - begin) * rate + max(TICK * rate, 1.0)
        assert len(moments) - first <= allowed + 1e-3


Drive.TestCase.settings = settings(deadline=None, max_examples=150, stateful_step_count=40)
TestDrive = Drive.TestCase
