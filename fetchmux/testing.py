"""The contract kit: what every strategy must do, as a class of tests that anybody's strategy can run.

    from fetchmux.testing import BackendContract

    class TestMine(BackendContract):
        backend = "mine"

Needs no test library beyond one that collects classes and their `test_` methods (pytest does). The strategy runs in a
process of its own and meets the bad origin, which misbehaves by name. A strategy that holds one connection at a time
by its nature says `concurrent = False`.
"""

from __future__ import annotations

import collections
import hashlib
import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, NamedTuple

from fetchmux.errors import Code, Phase
from fetchmux.model import Result
from fetchmux.origin.launch import Origin, refused_port
from fetchmux.rehearsal import Outcome, Rehearsal, Scene

__all__ = ["ANSWERS", "FAULTS", "BackendContract", "Expected", "stranded_port"]


class Expected(NamedTuple):
    """How the record of a misbehaviour ends."""

    code: Code
    phase: Phase


# What the bad origin does wrong, by name, and what the record must call it.
FAULTS: dict[str, Expected] = {
    "bad-chunk": Expected(Code.MALFORMED_BODY, Phase.BODY),
    "bad-length": Expected(Code.MALFORMED_HEAD, Phase.HEAD),
    "chunk-short": Expected(Code.TRUNCATED_BODY, Phase.BODY),
    "drip": Expected(Code.TIMEOUT, Phase.BODY),
    "drip-head": Expected(Code.TIMEOUT, Phase.HEAD),
    "empty": Expected(Code.EMPTY_REPLY, Phase.HEAD),
    "endless": Expected(Code.BODY_TOO_LARGE, Phase.BODY),
    "half-head": Expected(Code.CONNECTION_LOST, Phase.HEAD),
    "http09": Expected(Code.MALFORMED_HEAD, Phase.HEAD),
    "huge-head": Expected(Code.HEAD_TOO_LARGE, Phase.HEAD),
    "junk": Expected(Code.MALFORMED_HEAD, Phase.HEAD),
    "many-fields": Expected(Code.HEAD_TOO_LARGE, Phase.HEAD),
    "never": Expected(Code.TIMEOUT, Phase.HEAD),
    "no-colon": Expected(Code.MALFORMED_HEAD, Phase.HEAD),
    "nul-head": Expected(Code.MALFORMED_HEAD, Phase.HEAD),
    "reset": Expected(Code.CONNECTION_LOST, Phase.HEAD),
    "reset-body": Expected(Code.CONNECTION_LOST, Phase.BODY),
    "short": Expected(Code.TRUNCATED_BODY, Phase.BODY),
    "stall-body": Expected(Code.TIMEOUT, Phase.BODY),
    "stray-cr": Expected(Code.MALFORMED_HEAD, Phase.HEAD),
    "two-lengths": Expected(Code.MALFORMED_HEAD, Phase.HEAD),
}

# What looks odd and is right, and the status it ends with.
ANSWERS: dict[str, int] = {
    "ok": 200,
    "bare-lf": 200,
    "big": 200,
    "chunked": 200,
    "chunked-1.0": 200,
    "close-delimited": 200,
    "fold": 200,
    "informational": 200,
    "keep": 200,
    "keep-then-close": 200,
    "no-content": 204,
    "not-modified": 304,
    "same-lengths": 200,
    "slow": 200,
    "status-404": 404,
    "status-503": 503,
    "trailing": 200,
}

# Short limits, so that what never answers ends soon; nothing here asserts how long it took.
LIMITS: dict[str, Any] = {
    "concurrency": 8,
    "connect_timeout": 2.0,
    "idle_timeout": 0.6,
    "timeout": 1.2,
    "max_body": 6 * 1024 * 1024,
    "body": "digest",
}
_MEBI = 1024 * 1024


class BackendContract:
    """Subclass it and name the strategy; the methods are the contract."""

    backend: ClassVar[str]
    concurrent: ClassVar[bool] = True

    _stack: ClassVar[ExitStack]
    _origin: ClassVar[Origin]
    _rehearsal: ClassVar[Rehearsal]

    @classmethod
    def setup_class(cls) -> None:
        """Start the bad origin and the strategy's process."""
        with ExitStack() as stack:
            cls._origin = stack.enter_context(Origin("bad"))
            cls._rehearsal = stack.enter_context(Rehearsal(cls.backend))
            cls._stack = stack.pop_all()

    @classmethod
    def teardown_class(cls) -> None:
        """Stop both."""
        cls._stack.close()

    # What goes wrong has the same name everywhere

    def test_every_fault_has_its_code_and_phase(self) -> None:
        """Each misbehaviour ends as the table says, whatever else is in flight."""
        found = self._by_name(self._fetch(*FAULTS))
        assert {name: (r.error.code, r.error.phase) if r.error else r.status for name, r in found.items()} == FAULTS
        assert not any(result.ok for result in found.values())

    def test_every_odd_but_right_answer_is_taken(self) -> None:
        found = self._by_name(self._fetch(*ANSWERS))
        assert {name: result.status for name, result in found.items()} == ANSWERS
        assert {name: result.error for name, result in found.items() if result.error} == {}
        assert all(result.ok for result in found.values())

    def test_a_refused_connection_is_told_apart_from_a_silent_one(self) -> None:
        with refused_port() as refused, stranded_port() as stranded:
            urls = [f"http://127.0.0.1:{refused}/", f"http://127.0.0.1:{stranded}/"]
            first, second = _in_order(self._play(urls=urls, options={**LIMITS, "connect_timeout": 0.7}))
        assert first.error is not None
        assert second.error is not None
        assert (first.error.code, first.error.phase) == (Code.CONNECT_REFUSED, Phase.CONNECT)
        assert (second.error.code, second.error.phase) == (Code.TIMEOUT, Phase.CONNECT)
        assert first.remote_address is None

    def test_an_answer_that_comes_before_the_request_was_read_is_the_record(self) -> None:
        outcome = self._play(urls=[self._url("early-413")] * 3, post=8 * _MEBI)
        assert [(r.ok, r.status, r.error) for r in outcome.results] == [(True, 413, None)] * 3

    # Bytes

    def test_bodies_arrive_unchanged_through_every_framing(self) -> None:
        """What the standard library reads, the strategy reads too."""
        names = ("ok", "big", "bare-lf", "fold", "same-lengths", "chunked", "close-delimited")
        found = self._by_name(self._fetch(*names))
        assert {name: found[name].sha256 for name in names} == {name: self._digest(name) for name in names}

    def test_a_request_body_larger_than_any_buffer_is_sent_whole(self) -> None:
        with Origin() as echo:
            outcome = self._play(urls=[echo.url("/echo")] * 3, post=3 * _MEBI)
        assert [(result.ok, result.body_size) for result in outcome.results] == [(True, 3 * _MEBI)] * 3

    def test_bytes_after_a_reply_never_reach_the_next_exchange(self) -> None:
        outcome = self._play(urls=[self._url("trailing")] * 6, options={**LIMITS, "concurrency": 1})
        assert [(result.ok, result.reused) for result in outcome.results] == [(True, False)] * 6

    # Queue and window

    def test_one_record_for_each_input_and_each_index_once(self) -> None:
        names = ["ok", "empty", "slow", "chunked"] * 10
        outcome = self._play(urls=[self._url(name) for name in names] + ["no url at all"])
        assert sorted(result.index for result in outcome.results) == list(range(41))
        assert {result.backend for result in outcome.results} == {self.backend}

    def test_the_window_is_filled_and_never_exceeded(self) -> None:
        self._ask("reset-counters")
        options = {**LIMITS, "concurrency": 5, "keep_alive": False}
        outcome = self._play(urls=[self._url("slow")] * 12, options=options)
        assert sum(result.ok for result in outcome.results) == 12
        assert self._ask("peak")["peak"] == (5 if self.concurrent else 1)

    def test_an_empty_input_ends_at_once(self) -> None:
        assert self._play(urls=[]).results == []

    def test_an_input_that_comes_in_drops_is_fetched_whole(self) -> None:
        outcome = self._play(urls=[self._url("ok")] * 10, gaps=3)
        assert [result.ok for result in outcome.results] == [True] * 10

    # Keep-alive

    def test_a_connection_is_handed_to_the_successor(self) -> None:
        self._ask("reset-counters")
        outcome = self._play(urls=[self._url("keep")] * 30, options={**LIMITS, "concurrency": 3})
        most = 3 if self.concurrent else 1
        assert sum(result.ok for result in outcome.results) == 30
        assert 30 - most <= sum(result.reused for result in outcome.results) < 30
        assert self._ask("count")["connections"] <= most

    def test_without_keep_alive_each_request_has_a_connection(self) -> None:
        self._ask("reset-counters")
        outcome = self._play(urls=[self._url("keep")] * 12, options={**LIMITS, "keep_alive": False})
        assert not any(result.reused for result in outcome.results)
        assert self._ask("count")["connections"] == 12

    def test_a_kept_connection_that_died_is_replaced_without_a_word(self) -> None:
        for name in ("keep-then-close", "keep-then-drop"):
            outcome = self._play(urls=[self._url(name)] * 12, options={**LIMITS, "concurrency": 2})
            assert [(result.ok, result.attempts) for result in outcome.results] == [(True, 1)] * 12

    # Ends

    def test_cancelling_ends_what_never_would(self) -> None:
        options = {**LIMITS, "idle_timeout": 60.0, "timeout": 60.0, "concurrency": 6}
        outcome = self._play(urls=[self._url("never")] * 9, options=options, alarm=0.3)
        assert outcome.raised == ""
        assert {result.error.code if result.error else None for result in outcome.results} == {Code.CANCELLED}

    def test_an_interrupt_passes_through_and_leaves_records(self) -> None:
        options = {**LIMITS, "idle_timeout": 60.0, "timeout": 60.0, "concurrency": 6}
        outcome = self._play(
            urls=[self._url("never")] * 6, options=options, alarm=0.3, on_alarm="interrupt", leaves_in_peace=True
        )
        assert outcome.raised == "KeyboardInterrupt"
        assert {result.error.code if result.error else None for result in outcome.results} == {Code.CANCELLED}

    def test_an_output_that_fails_ends_the_run(self) -> None:
        outcome = self._play(urls=[self._url("ok")] * 200, sink_fails_after=5)
        assert outcome.raised == "OSError"
        assert len(outcome.results) == 5

    # Scarcity

    def test_running_out_of_descriptors_narrows_the_window_and_fails_nothing(self) -> None:
        options = {**LIMITS, "concurrency": 40, "keep_alive": False}
        count = 60 if self.concurrent else 6
        outcome = self._play(urls=[self._url("slow")] * count, options=options, descriptors=10)
        assert [result.ok for result in outcome.results] == [True] * count
        assert [notice[:22] for notice in outcome.notices] == ["the window is narrowed"] * self.concurrent

    # How the methods above ask

    def _url(self, name: str) -> str:
        return self._origin.url(f"/{name}")

    def _fetch(self, *names: str) -> Outcome:
        return self._play(urls=[self._url(name) for name in names])

    def _play(self, *, leaves_in_peace: bool = True, **scene: Any) -> Outcome:
        """Play a scene; whatever it was, nothing may be left behind."""
        outcome = self._rehearsal.play(Scene(**{"options": LIMITS, **scene}))
        if leaves_in_peace:
            assert (outcome.sockets, outcome.threads, outcome.children) == (0, 0, 0)
        return outcome

    def _by_name(self, outcome: Outcome) -> dict[str, Result]:
        counts = collections.Counter(result.input for result in outcome.results)
        assert set(counts.values()) <= {1}
        return {result.input.rsplit("/", 1)[1]: result for result in outcome.results}

    def _ask(self, counter: str) -> Any:
        with urllib.request.urlopen(self._url(counter)) as answer:
            return json.load(answer)

    def _digest(self, name: str) -> str:
        with urllib.request.urlopen(self._url(name)) as answer:
            return hashlib.sha256(answer.read()).hexdigest()


def _in_order(outcome: Outcome) -> list[Result]:
    return sorted(outcome.results, key=lambda result: result.index)


@contextmanager
def stranded_port() -> Iterator[int]:
    """A port that neither accepts nor refuses: its queue is full, so a connection to it hangs."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # Linux takes one more than the backlog says; the rest are left hanging.
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
