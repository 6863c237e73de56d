"""Keep-alive: who follows on an open connection, who must not wait for that, and what a dead connection costs."""

from __future__ import annotations

import errno
import itertools
import socket

import pytest

from fetchmux.exchange import Carried, Exchange
from fetchmux.model import Address, Result
from tests.frontier.world import CLOSING, KEEPING, World, page, talk


def test_the_next_input_of_an_origin_follows_on_its_connection():
    world = World(["http://h/1", "http://h/2"])
    first = world.take()
    second = world.keep(first)
    assert second is not None
    assert page(second) == "http://h/2"
    assert (first.reused, second.reused) == (False, True)
    assert second.address is first.address
    assert world.keep(second) is None
    assert [result.reused for result in world.results] == [False, True]
    assert [result.attempts for result in world.results] == [1, 1]
    assert world.finished


def test_a_successor_goes_to_the_address_of_its_connection():
    """A name may have another first address by now; the record tells where the request went."""
    world = World(["http://h/1", "http://h/2"])
    first = world.take()
    world.names.known["h", 80] = (Address(socket.AF_INET, ("elsewhere", 80)),)
    second = world.keep(first)
    assert second is not None
    world.answer(second)
    assert [result.remote_address for result in world.results] == ["ip-of-h:80"] * 2


@pytest.mark.parametrize("wire", [CLOSING, KEEPING + b"x", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"])
def test_nobody_follows_on_a_connection_that_does_not_live(wire: bytes):
    world = World(["http://h/1", "http://h/2"])
    assert world.answer(world.take(), wire) is None
    assert not world.take().reused


def test_nobody_follows_where_keep_alive_is_off():
    world = World(["http://h/1", "http://h/2"], keep_alive=False)
    assert world.keep(world.take()) is None
    assert not world.take().reused


@pytest.mark.parametrize("other", ["http://g/", "http://h:81/", "https://h/", "http://h.h/", "https://h:80/"])
def test_another_origin_does_not_follow(other: str):
    world = World(["http://h/1", other])
    assert world.keep(world.take()) is None
    after = world.take()
    assert (page(after), after.reused) == (other, False)


def test_an_origin_spelled_in_another_way_follows():
    world = World(["http://h/1", "HTTP://u:p@H:80/2#x"])
    second = world.keep(world.take())
    assert second is not None
    assert page(second) == "http://h/2"


def test_origins_that_are_mixed_keep_their_connections():
    world = World([f"http://{host}/{turn}" for turn in range(50) for host in "abc"], concurrency=3)
    flying = {page(exchange)[7]: exchange for exchange in world.take_all()}
    assert sorted(flying) == ["a", "b", "c"]
    opened, order = 3, itertools.cycle("cab")
    while not world.frontier.exhausted:
        host = next(order)
        if host not in flying:
            continue
        successor = world.keep(flying.pop(host))
        if successor is None:
            assert world.frontier.take() is None
        else:
            assert page(successor).startswith(f"http://{host}/")
            flying[host] = successor
    assert opened == sum(not result.reused for result in world.results)
    for host in "abc":
        urls = [result.url for result in world.results if result.url and result.url[7] == host]
        assert urls == [f"http://{host}/{turn}" for turn in range(50)]
    world.check_one_record_each()


def test_an_old_job_of_another_origin_does_not_wait_for_ever():
    """One slot, one connection that never dies, and an endless input for it."""
    world = World(itertools.chain(["http://a/0", "http://b/"], (f"http://a/{n}" for n in itertools.count(1))))
    world.frontier.narrow(1, "one slot makes the contest plain")
    exchange, turns = world.take(), 0
    while (successor := world.keep(exchange)) is not None:
        exchange, turns = successor, turns + 1
        assert turns < 1_000
    assert 200 < turns <= 260
    assert page(world.take()) == "http://b/"


def test_jobs_that_were_passed_over_start_in_their_order():
    world = World(["http://a/1", "http://b/1", "http://c/1", "http://b/2", "http://a/2"], concurrency=1)
    second = world.keep(world.take())
    assert second is not None
    assert page(second) == "http://a/2"
    assert world.keep(second) is None
    assert [page(world.take())] == ["http://b/1"]


def test_nobody_follows_when_the_window_has_become_too_narrow():
    world = World([f"http://h/{number}" for number in range(9)], concurrency=4)
    first, second, third, _ = world.take_all()
    world.frontier.narrow(2, "")
    assert world.keep(first) is None
    assert world.keep(second) is None
    assert world.keep(third) is not None
    assert world.frontier.in_flight == 2


def test_bad_inputs_on_the_way_to_a_successor_become_records():
    world = World(["http://h/1", "http://[", "mailto:x", "http://h/2"])
    assert world.keep(world.take()) is not None
    assert world.codes == ["ok", "bad-url", "bad-url"]


# Connections that died


def die_at_end(exchange: Exchange) -> None:
    talk(exchange, b"")


def die_while_sending(exchange: Exchange) -> None:
    exchange.fail(BrokenPipeError(errno.EPIPE, "x"))
    exchange.feed(b"")


def die_while_waiting(exchange: Exchange) -> None:
    exchange.sent(len(exchange.outgoing))
    exchange.fail(ConnectionResetError(errno.ECONNRESET, "x"))


def die_twice(exchange: Exchange) -> None:
    exchange.fail(ConnectionResetError(errno.ECONNRESET, "x"))
    exchange.fail(ConnectionResetError(errno.ECONNRESET, "x"))


DEATHS = pytest.mark.parametrize("die", [die_at_end, die_while_sending, die_while_waiting, die_twice])


@DEATHS
def test_a_kept_connection_that_died_is_replaced_without_a_word(die):
    world = World(["http://h/1", "http://h/2"])
    second = world.keep(world.take())
    assert second is not None
    die(second)
    assert world.settle(second) is None
    assert len(world.results) == 1
    assert not world.frontier.exhausted
    again = world.take()
    assert (page(again), again.reused) == ("http://h/2", False)
    world.answer(again)
    assert world.codes == ["ok", "ok"]
    assert [(result.attempts, result.reused) for result in world.results] == [(1, False)] * 2
    assert world.finished


@DEATHS
def test_a_fresh_connection_that_dies_is_the_record(die):
    world = World(["http://h/1", "http://h/2"])
    second = world.keep(world.take())
    assert second is not None
    world.die(second)
    fresh = world.take()
    fresh.connected()
    die(fresh)
    assert world.settle(fresh) is None
    assert world.codes == ["ok", "empty-reply" if die is die_at_end else "connection-lost"]
    assert world.results[1].attempts == 1
    assert world.finished


def test_a_fresh_connection_is_not_sought_for_a_reply_that_has_begun():
    world = World(["http://h/1", "http://h/2"])
    second = world.keep(world.take())
    assert second is not None
    world.answer(second, b"H")
    assert world.codes == ["ok", "connection-lost"]


@pytest.mark.parametrize("failure", [TimeoutError(), RuntimeError()])
def test_a_fresh_connection_is_not_sought_for_other_failures(failure: Exception):
    world = World(["http://h/1", "http://h/2"])
    second = world.keep(world.take())
    assert second is not None
    second.fail(failure)
    world.settle(second)
    assert len(world.results) == 2
    assert world.finished


def test_a_job_that_needs_a_fresh_connection_is_not_put_on_an_open_one():
    world = World([f"http://h/{number}" for number in range(5)], concurrency=2)
    left, right = world.take_all()
    doomed = world.keep(left)
    assert doomed is not None
    assert page(doomed) == "http://h/2"
    world.die(doomed)
    successor = world.keep(right)
    assert successor is not None
    assert page(successor) == "http://h/3"
    fresh = world.take()
    assert (page(fresh), fresh.reused) == ("http://h/2", False)


def test_a_job_of_a_dead_connection_comes_before_what_was_read_later():
    world = World(["http://h/1", "http://h/2", "http://g/1", "http://g/2"], concurrency=1)
    second = world.keep(world.take())
    assert second is not None
    world.die(second)
    assert page(world.take()) == "http://h/2"


class Ledger:
    """A store that tells how it ended."""

    def __init__(self, ends: list[str]) -> None:
        self._ends = ends

    def write(self, data: bytes) -> None:
        """Nothing is kept."""

    def finish(self, result: Result) -> None:
        self._ends.append(f"finish {result.url}")

    def drop(self) -> None:
        self._ends.append("drop")


def test_each_attempt_has_a_store_of_its_own_which_is_finished_or_dropped():
    ends: list[str] = []
    world = World(["http://h/1", "http://h/2", "http://h/3"], open_store=lambda _: Ledger(ends), concurrency=1)
    second = world.keep(world.take())
    assert second is not None
    world.die(second)
    world.starve(world.take())
    world.clock.move(1)
    world.answer(world.take())
    world.answer(world.take(), b"nonsense")
    assert ends == ["finish http://h/1", "drop", "drop", "finish http://h/2", "drop"]


# TLS


def test_an_https_exchange_is_wrapped_with_its_predecessor():
    wrapped: list[tuple[Exchange, Carried | None]] = []

    def secure(exchange: Exchange, predecessor: Carried | None) -> Carried:
        wrapped.append((exchange, predecessor))
        return exchange

    world = World(["https://h/1", "https://h/2", "http://h/3"], secure=secure)
    first = world.take()
    second = world.keep(first)
    assert second is not None
    third = world.take()
    assert wrapped == [(first, None), (second, first)]
    assert page(third) == "http://h/3"
