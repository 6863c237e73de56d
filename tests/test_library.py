"""fetchmux from Python."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import fetchmux
from fetchmux import Mux, Options, Result, UsageError, fetch, limits, stream
from fetchmux.backends import registry
from fetchmux.origin.launch import Origin

IN_PROCESS = [
    spec.name for spec in registry.BUILT_IN if not spec.solitary and not spec.serial and registry.missing(spec) is None
]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def test_fetch_returns_results_in_the_order_of_the_urls(origin: Origin) -> None:
    results = fetch([origin.url("/delay/0.2"), "no url at all", origin.url("/bytes/10")])
    assert [(result.index, result.ok) for result in results] == [(0, True), (1, False), (2, True)]
    assert results[2].body is not None
    assert len(results[2].body) == 10


def test_fetch_calls_on_result_as_they_end_and_returns_the_counts(origin: Origin) -> None:
    ended: list[int] = []
    tally = fetch([origin.url("/delay/0.3"), origin.url("/bytes/1")], on_result=lambda r: ended.append(r.index))
    assert ended == [1, 0]
    assert (tally.done, tally.ok, tally.failed) == (2, 2, 0)


def test_what_a_callback_raises_ends_the_run(origin: Origin) -> None:
    def refuse(result: Result) -> None:
        raise LookupError("not this one")

    with pytest.raises(LookupError, match="not this one"):
        fetch([origin.url("/bytes/1")] * 100, on_result=refuse)


@pytest.mark.parametrize("backend", IN_PROCESS)
def test_stream_yields_what_has_ended_while_the_rest_goes_on(backend: str, origin: Origin) -> None:
    results = stream([origin.url("/delay/0.5"), origin.url("/bytes/1")], backend=backend)
    assert [result.index for result in results] == [1, 0]


def test_leaving_a_stream_early_ends_its_run(origin: Origin) -> None:
    before = threading.active_count()
    results = stream((origin.url(f"/bytes/1?n={number}") for number in range(10**9)), options=limits(concurrency=4))
    assert next(results).ok
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_a_stream_raises_what_its_input_raises(origin: Origin) -> None:
    def broken() -> Iterator[str]:
        yield origin.url("/bytes/1")
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(stream(broken()))


@pytest.mark.parametrize("backend", IN_PROCESS)
def test_a_callback_may_add_urls_while_the_run_goes_on(backend: str, origin: Origin) -> None:
    """A crawler in a few lines: each page leads to the next."""
    mux, seen = Mux(backend), list[int]()

    def visit(number: int) -> None:
        def follow(result: Result) -> None:
            seen.append(number)
            if number < 5:
                visit(number + 1)

        mux.add(origin.url(f"/bytes/1?n={number}"), follow)

    visit(0)
    tally = mux.run()
    assert seen == [0, 1, 2, 3, 4, 5]
    assert tally.ok == 6


@pytest.mark.parametrize("name", [spec.name for spec in registry.BUILT_IN if spec.solitary])
def test_a_strategy_that_changes_its_process_is_refused_with_the_remedy(name: str) -> None:
    with pytest.raises(UsageError, match=f"fetchmux get --backend {name}"):
        fetch([], backend=name)


def test_an_unknown_strategy_is_refused_with_the_near_names() -> None:
    with pytest.raises(UsageError, match="did you mean epoll"):
        stream([], backend="epol")


def test_limits_are_the_usual_options_with_some_changed() -> None:
    assert limits(timeout=5.0) == Options(follow=True, retries=2, timeout=5.0)
    with pytest.raises(TypeError):
        limits(no_such_limit=1)


def test_public_names_are_all_there() -> None:
    assert all(getattr(fetchmux, name) is not None for name in fetchmux.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = fetchmux.no_such_name
