"""fetchmux from Python."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import assert_type

import pytest

import fetchmux
from fetchmux import Code, Mux, Options, Result, Tally, UsageError, fetch, library, limits, stream
from fetchmux.backends import registry
from fetchmux.backends.peers import PEERS
from fetchmux.origin.launch import Origin

README = Path(__file__).parents[1] / "README.md"
IN_PROCESS = [
    spec.name
    for spec in (*registry.BUILT_IN, *PEERS)
    if not spec.solitary and not spec.serial and registry.missing(spec) is None
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
    results.close()
    assert threading.active_count() == before


def test_a_stream_of_which_nobody_takes_anything_fetches_nothing(origin: Origin) -> None:
    before, taken = threading.active_count(), list[str]()
    stream(taken.append(url) or url for url in [origin.url("/bytes/1")] * 10)  # type: ignore[func-returns-value]
    assert threading.active_count() == before
    assert taken == []


def test_whoever_takes_slowly_from_a_stream_makes_nothing_late(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    """While results wait, what is in flight goes on: no deadline passes because of the one who takes."""
    monkeypatch.setattr(library, "_MOST_WAITING", 4)
    urls = [origin.url("/delay/0.05"), *[origin.url("/bytes/1")] * 60, origin.url("/delay/0.05")]
    results = stream(urls, options=limits(concurrency=8, idle_timeout=0.4, timeout=0.4, retries=0))
    first = next(results)
    # Longer than any attempt may take.
    threading.Event().wait(1.0)
    assert all(result.ok for result in [first, *results])


def test_a_stream_begins_no_more_while_many_results_wait(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_MOST_WAITING", 4)
    read = threading.Event()
    most = 4 + 8 + 256 + 2

    def urls() -> Iterator[str]:
        for number in range(10 * most):
            if number >= most:
                read.set()
            yield origin.url(f"/bytes/1?n={number}")

    results = stream(urls(), options=limits(concurrency=8))
    next(results)
    assert not read.wait(0.5)
    results.close()


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


def test_a_mux_whose_callback_has_raised_can_be_used_again(origin: Origin) -> None:
    mux, seen = Mux(), list[int]()

    def refuse(result: Result) -> None:
        raise LookupError("not this one")

    for number in range(10):
        mux.add(origin.url(f"/bytes/1?n={number}"), refuse)
    with pytest.raises(LookupError, match="not this one"):
        mux.run()
    mux.add(origin.url("/bytes/1"), lambda result: seen.append(result.index))
    assert mux.run().ok == 1
    assert len(seen) == 1


def test_there_is_a_result_for_each_url_and_for_a_blank_one_too(origin: Origin) -> None:
    results = fetch([origin.url("/bytes/1"), "", " ", origin.url("/bytes/2")])
    assert [result.ok for result in results] == [True, False, False, True]
    ended: list[Result] = []
    mux = Mux()
    mux.add("", ended.append)
    mux.run()
    assert [result.error.code for result in ended if result.error] == [Code.BAD_URL]


def test_a_single_string_is_not_taken_for_a_list_of_urls(origin: Origin) -> None:
    with pytest.raises(UsageError, match="put it into a list"):
        fetch(origin.url("/bytes/1"))


def test_the_types_are_those_that_a_reader_expects(origin: Origin) -> None:
    """A type checker reads this file, too."""
    urls = [origin.url("/bytes/1")]
    assert_type(fetch(urls), list[Result])
    assert_type(fetch(urls, on_result=lambda result: None), Tally)
    assert_type(stream(urls), Generator[Result, None, None])
    assert_type(Mux().run(), Tally)
    for result in stream(urls):
        assert_type(result.status, int | None)
        assert_type(result.headers, list[tuple[str, str]])
    assert isinstance(fetch(urls, on_result=lambda result: None), Tally)


def test_the_crawler_of_the_readme_follows_links_once(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (source,) = [block for block in blocks if "def follow(result)" in block]
    assert len([line for line in source.splitlines() if line]) <= 20
    with site({"/": "/a /b", "/a": "/ /b /c", "/b": "", "/c": "/a"}) as address:
        exec(compile(source.replace("http://127.0.0.1:8092", address), "README.md", "exec"), {})
    assert sorted(capsys.readouterr().out.split("\n")) == [
        "",
        *(f"200 {address}/{page}" for page in ("", "a", "b", "c")),
    ]


@contextmanager
def site(pages: dict[str, str]) -> Iterator[str]:
    """A site whose pages have links."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = "".join(f'<a href="{link}">' for link in pages[self.path].split()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", [spec.name for spec in (*registry.BUILT_IN, *PEERS) if spec.solitary])
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
