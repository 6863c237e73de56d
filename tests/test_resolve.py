"""Names: asked once at a time, outside the strategies, and remembered for a while. The system's resolver is played."""

from __future__ import annotations

import errno
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fetchmux import resolve
from fetchmux.errors import Code, FetchError, Phase
from fetchmux.model import Address
from fetchmux.policy.retries import NAME_PAUSE
from fetchmux.resolve import LIFETIME, MOST_THREADS, STUCK, THREADS, Resolver
from tests.frontier.world import Clock

# Nothing waits for so long; a test that would hang fails.
PATIENCE = 20.0
INFO = [
    (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::5", 80, 0, 0)),
    (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.5", 80)),
]
ADDRESSES = (Address(socket.AF_INET6, ("::5", 80, 0, 0)), Address(socket.AF_INET, ("10.0.0.5", 80)))


class System:
    """A resolver that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.kinds: set[int] = set()
        self._answers: queue.Queue[Any] = queue.Queue()
        self._questions: queue.Queue[str] = queue.Queue()

    def getaddrinfo(self, host: str, port: int, family: int = 0, type: int = 0) -> list[Any]:
        self.asked.append((host, port))
        self.kinds.add(type)
        self._questions.put(host)
        answer = self._answers.get(timeout=PATIENCE)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    def wait_for_question(self) -> str:
        return self._questions.get(timeout=PATIENCE)

    def answer(self, answer: Any = INFO) -> None:
        self._answers.put(answer)


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    system = System()
    monkeypatch.setattr(socket, "getaddrinfo", system.getaddrinfo)
    monkeypatch.setattr(resolve, "SCARCITY_PAUSE", 0.0)
    return system


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def resolver(system: System, clock: Clock) -> Iterator[Resolver]:
    resolver = Resolver(clock)
    yield resolver
    for _ in range(len(system.asked) + MOST_THREADS + 5):
        system.answer()
    resolver.close()
    for thread in resolver._threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def answered(resolver: Resolver, count: int = 1) -> list[tuple[str, int]]:
    """The next names whose answers have come."""
    waiting = threading.Event()
    for _ in range(int(PATIENCE / 0.001)):
        if len(resolver.answered) >= count:
            return [resolver.answered.popleft() for _ in range(count)]
        waiting.wait(0.001)
    raise AssertionError("no answer came")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", Address(socket.AF_INET, ("127.0.0.1", 81))),
        ("::1", Address(socket.AF_INET6, ("::1", 81, 0, 0))),
        ("fe80::1:a", Address(socket.AF_INET6, ("fe80::1:a", 81, 0, 0))),
    ],
)
def test_an_address_is_known_without_asking_anybody(resolver: Resolver, system: System, host: str, address: Address):
    for _ in range(2):
        assert resolver.lookup((host, 81)) == (address,)
    assert resolver.lookup((host, 82)) != (address,)
    assert (system.asked, resolver._threads, list(resolver.answered)) == ([], [], [])


@pytest.mark.parametrize("host", ["h", "host1", "1.2.3", "a.b.1", "x.y"])
def test_a_name_is_asked_for_and_known_afterwards(resolver: Resolver, system: System, host: str):
    assert resolver.lookup((host, 80)) is None
    system.answer()
    assert answered(resolver) == [(host, 80)]
    for _ in range(3):
        assert resolver.lookup((host, 80)) == ADDRESSES
    assert system.asked == [(host, 80)]
    assert system.kinds == {socket.SOCK_STREAM}


def test_a_name_is_asked_for_once_at_a_time(resolver: Resolver, system: System):
    for _ in range(5):
        assert resolver.lookup(("h", 80)) is None
    system.wait_for_question()
    assert resolver.lookup(("h", 80)) is None
    system.answer()
    answered(resolver)
    assert system.asked == [("h", 80)]


def test_each_port_is_a_question_of_its_own(resolver: Resolver, system: System):
    for port in (80, 81):
        assert resolver.lookup(("h", port)) is None
        system.answer()
    assert sorted(answered(resolver, 2)) == [("h", 80), ("h", 81)]


def test_names_are_asked_for_side_by_side_by_a_bounded_number_of_threads(resolver: Resolver, system: System):
    for number in range(3 * THREADS):
        resolver.lookup((f"h{number}", 80))
    for _ in range(THREADS):
        system.wait_for_question()
    assert len(resolver._threads) == THREADS
    assert len(system.asked) == THREADS
    for _ in range(3 * THREADS):
        system.answer()
    assert len(set(answered(resolver, 3 * THREADS))) == 3 * THREADS


def test_a_single_name_needs_a_single_thread(resolver: Resolver, system: System):
    for number in range(5):
        resolver.lookup((f"h{number}", 80))
        system.answer()
        answered(resolver)
    assert len(resolver._threads) == 1


FAILURES = [
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
    (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "Temporary failure"),
    (OSError(errno.EIO, "broken"), "broken"),
    (UnicodeError("label empty or too long"), "the name is too long to be looked up"),
]


@pytest.mark.parametrize(("failure", "words"), FAILURES, ids=lambda value: type(value).__name__)
def test_a_name_without_an_address_fails(resolver: Resolver, system: System, failure: Exception, words: str):
    resolver.lookup(("h", 80))
    system.answer(failure)
    answered(resolver)
    error = resolver.lookup(("h", 80))
    assert isinstance(error, FetchError)
    assert (error.code, error.phase) == (Code.RESOLVE_FAILED, Phase.RESOLVE)
    assert words in error.message


def test_a_failure_of_one_name_leaves_the_thread_for_the_next(resolver: Resolver, system: System):
    resolver.lookup(("h", 80))
    system.answer(UnicodeError())
    answered(resolver)
    resolver.lookup(("g", 80))
    system.answer()
    answered(resolver)
    assert resolver.lookup(("g", 80)) == ADDRESSES


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM], ids=errno.errorcode.get)
def test_want_of_descriptors_is_no_answer(resolver: Resolver, system: System, number: int):
    """It says nothing about the name: the question is asked again."""
    resolver.lookup(("h", 80))
    system.answer(OSError(number, "x"))
    system.answer(OSError(number, "x"))
    assert [system.wait_for_question() for _ in range(3)] == ["h"] * 3
    assert not resolver.answered
    assert resolver.lookup(("h", 80)) is None
    system.answer()
    assert answered(resolver) == [("h", 80)]
    assert resolver.lookup(("h", 80)) == ADDRESSES
    assert len(system.asked) == 3


@pytest.mark.parametrize("answer", [INFO, socket.gaierror(1, "x")], ids=["addresses", "failure"])
def test_an_answer_holds_for_a_while_and_is_then_asked_for_again(
    resolver: Resolver, system: System, clock: Clock, answer: Any
):
    resolver.lookup(("h", 80))
    system.answer(answer)
    answered(resolver)
    first = resolver.lookup(("h", 80))
    clock.move(LIFETIME - 0.1)
    assert resolver.lookup(("h", 80)) is first
    assert len(system.asked) == 1
    clock.move(0.2)
    resolver.lookup(("h", 80))
    resolver.lookup(("h", 80))
    system.answer([(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.6", 80))])
    answered(resolver)
    assert resolver.lookup(("h", 80)) == (Address(socket.AF_INET, ("10.0.0.6", 80)),)
    assert len(system.asked) == 2


def test_an_address_that_is_its_own_name_never_expires(resolver: Resolver, clock: Clock, system: System):
    first = resolver.lookup(("::1", 80))
    clock.move(1e9)
    assert resolver.lookup(("::1", 80)) == first
    assert system.asked == []


def remember_addresses(resolver: Resolver, system: System) -> None:
    for number in range(100):
        assert resolver.lookup((f"10.0.0.{number}", 80)) is not None
        assert len(resolver._answers) <= 10


def remember_names(resolver: Resolver, system: System) -> None:
    for number in range(30):
        resolver.lookup((f"h{number}", 80))
        system.answer()
        answered(resolver)
        assert resolver.lookup((f"h{number}", 80)) == ADDRESSES
        assert len(resolver._answers) <= 10


@pytest.mark.parametrize("remember", [remember_addresses, remember_names])
def test_what_is_remembered_is_bounded(
    resolver: Resolver,
    system: System,
    monkeypatch: pytest.MonkeyPatch,
    remember: Callable[[Resolver, System], None],
):
    monkeypatch.setattr(resolve, "_MOST_NAMES", 10)
    remember(resolver, system)


def test_without_a_thread_a_question_stays_open(resolver: Resolver, monkeypatch: pytest.MonkeyPatch):
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    assert resolver.lookup(("h", 80)) is None
    assert resolver._threads == []


def test_names_behind_silent_ones_get_threads_of_their_own(resolver: Resolver, system: System, clock: Clock):
    for number in range(THREADS + 2):
        assert resolver.lookup((f"h{number}", 80)) is None
    for _ in range(THREADS):
        system.wait_for_question()
    resolver.tend()
    assert len(resolver._threads) == THREADS
    for _ in range(2):
        clock.move(STUCK * 1.1)
        resolver.tend()
        resolver.tend()
        system.wait_for_question()
    assert len(resolver._threads) == THREADS + 2
    # Nobody waits behind them any more.
    clock.move(STUCK * 1.1)
    resolver.tend()
    assert len(resolver._threads) == THREADS + 2


def test_the_threads_for_silent_names_are_bounded(resolver: Resolver, system: System, clock: Clock):
    for number in range(MOST_THREADS + 5):
        assert resolver.lookup((f"h{number}", 80)) is None
    for _ in range(2 * MOST_THREADS):
        clock.move(STUCK * 1.1)
        resolver.tend()
    assert len(resolver._threads) == MOST_THREADS


def test_a_failure_that_may_pass_is_asked_for_again_soon(resolver: Resolver, system: System, clock: Clock):
    assert resolver.lookup(("h", 80)) is None
    system.answer(socket.gaierror(socket.EAI_AGAIN, "Temporary failure"))
    answered(resolver)
    found = resolver.lookup(("h", 80))
    assert isinstance(found, FetchError)
    assert found.passing
    clock.move(NAME_PAUSE)
    assert resolver.lookup(("h", 80)) is None
    system.answer()
    answered(resolver)
    assert resolver.lookup(("h", 80)) == ADDRESSES


def test_closing_ends_the_threads(system: System, clock: Clock):
    resolver = Resolver(clock)
    for number in range(THREADS):
        resolver.lookup((f"h{number}", 80))
        system.answer()
    answered(resolver, THREADS)
    threads = list(resolver._threads)
    assert threads
    assert all(thread.is_alive() for thread in threads)
    resolver.close()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_closing_does_not_wait_for_a_name_that_takes_its_time(system: System, clock: Clock):
    resolver = Resolver(clock)
    resolver.lookup(("h", 80))
    system.wait_for_question()
    resolver.close()
    assert [thread.is_alive() for thread in resolver._threads] == [True]
    # Such a thread does not hold up the end of the process.
    assert [thread.daemon for thread in resolver._threads] == [True]
    system.answer()
    resolver._threads[0].join(PATIENCE)
    assert not resolver._threads[0].is_alive()


def test_closing_a_resolver_that_was_never_asked_is_nothing(clock: Clock):
    Resolver(clock).close()
