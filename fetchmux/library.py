"""fetchmux from Python: all results at once, one after another, or with a callback for each.

Knows how to give a session an input and an output that are Python's own. Must not know options by name, nor how a
strategy waits. A strategy that changes its whole process is refused here: it needs one that is prepared for it first.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, overload

import msgspec

from fetchmux.backends import registry
from fetchmux.errors import UsageError
from fetchmux.inputs.requests import Recipe, RequestReader
from fetchmux.model import Request, Result
from fetchmux.session import Session, Tally
from fetchmux.settings import Network, Options

Callback = Callable[[Result], None]

# What a person fetching from Python expects, as from the command line.
DEFAULTS = Options(follow=True, retries=2)
# Results that wait to be taken from a stream; beyond that many it begins nothing more.
_MOST_WAITING = 256


@overload
def fetch(
    urls: Iterable[str], *, backend: str | None = None, options: Options = DEFAULTS, network: Network | None = None
) -> list[Result]: ...


@overload
def fetch(
    urls: Iterable[str],
    *,
    on_result: Callback,
    backend: str | None = None,
    options: Options = DEFAULTS,
    network: Network | None = None,
) -> Tally: ...


def fetch(
    urls: Iterable[str],
    *,
    on_result: Callback | None = None,
    backend: str | None = None,
    options: Options = DEFAULTS,
    network: Network | None = None,
) -> list[Result] | Tally:
    """Fetch `urls` and return when all are done.

    Args:
        urls: as a person writes them; a bad one is a result with an error, like any other failure.
        on_result: takes each result as it ends, and should be quick, since nothing goes on meanwhile; without it all
            results are returned, one for each of `urls`, in their order.
        backend: the strategy's name; the best one of this system when it is not given.
        options: the limits; redirects and two retries are on unless they say otherwise.
        network: how hosts are reached.

    Raises:
        UsageError: an unknown strategy, or one that needs a process of its own.
        Whatever `on_result` or the iteration of `urls` raises; the run ends then.
    """
    results: list[Result] = []
    session = _session(_read(urls), on_result or results.append, backend, options, network)
    tally = session.run()
    return tally if on_result is not None else sorted(results, key=lambda result: result.index)


def stream(
    urls: Iterable[str], *, backend: str | None = None, options: Options = DEFAULTS, network: Network | None = None
) -> Generator[Result]:
    """Fetch `urls` and yield each result as it ends.

    A thread fetches, and reads `urls`, from the first result that is asked for; it begins nothing more while many wait
    to be taken. Leaving the loop early, or `close`, ends the run. Raises like `fetch`.
    """
    waiting: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
    return _results(_session(_held_back(_read(urls), waiting), waiting.put, backend, options, network), waiting)


def _held_back(
    requests: Iterator[Request | None], waiting: queue.SimpleQueue[Result | None]
) -> Iterator[Request | None]:
    """The requests; nothing yet while many results wait. What is in flight goes on, or its deadlines would pass."""
    for request in requests:
        while waiting.qsize() >= _MOST_WAITING:
            yield None
        yield request


def _results(session: Session, waiting: queue.SimpleQueue[Result | None]) -> Generator[Result]:
    """Results until the run has ended; whoever leaves early ends it."""
    failure: list[BaseException] = []

    def work() -> None:
        try:
            session.run()
        except BaseException as error:
            failure.append(error)
        waiting.put(None)

    thread = threading.Thread(target=work, name="fetchmux-stream", daemon=True)
    thread.start()
    ended = False
    try:
        while (result := waiting.get()) is not None:
            yield result
        ended = True
    finally:
        session.cancel()
        while not ended:
            ended = waiting.get() is None
        thread.join()
    if failure:
        raise failure[0]


class Mux:
    """Fetches with a callback for each URL; a callback may add more while the run goes on.

    Args:
        backend: the strategy's name; the best one of this system when it is not given.
        options: the limits.
        network: how hosts are reached.
    """

    def __init__(
        self, backend: str | None = None, *, options: Options = DEFAULTS, network: Network | None = None
    ) -> None:
        self._reader = RequestReader(Recipe())
        self._pending: deque[Request] = deque()
        self._callbacks: dict[int, Callback] = {}
        self._count = 0
        self._how = (backend, options, network)

    def add(self, url: str, callback: Callback) -> None:
        """Fetch `url` too, and call `callback` with what came of it."""
        self._pending.append(self._reader.read(self._count, url))
        self._callbacks[self._count] = callback
        self._count += 1

    def run(self) -> Tally:
        """Fetch until nothing is left. Raises like `fetch`; a callback that raises ends the run.

        What the run has not fetched when it ends is forgotten, so that the next one begins afresh.
        """
        session = _session(self._requests(), self._call, *self._how)
        try:
            return session.run()
        finally:
            self._pending.clear()
            self._callbacks.clear()

    def _requests(self) -> Iterator[Request | None]:
        """What is pending; nothing yet while a callback may still add something."""
        while self._callbacks:
            yield self._pending.popleft() if self._pending else None

    def _call(self, result: Result) -> None:
        self._callbacks[result.index](result)
        del self._callbacks[result.index]


def _read(urls: Iterable[str]) -> Iterator[Request]:
    """A request for each, a blank one too: results have to match what was given."""
    if isinstance(urls, str):
        raise UsageError("urls is a single string: put it into a list")
    reader = RequestReader(Recipe())
    return (reader.read(index, url) for index, url in enumerate(urls))


class _Calls:
    """A sink that is a function."""

    def __init__(self, function: Callback) -> None:
        self.write = function

    def flush(self) -> None:
        """Nothing is kept back."""


def _session(
    requests: Iterator[Request | None],
    on_result: Callback,
    backend: str | None,
    options: Options,
    network: Network | None,
) -> Session:
    name = backend or registry.default()
    if registry.find(name).solitary:
        raise UsageError(
            f"the backend {name} changes its whole process and needs one of its own: "
            f"run `fetchmux get --backend {name}` in a subprocess, or use another one here"
        )
    return Session(requests, options, _Calls(on_result), backend=name, network=network)


def limits(**changes: Any) -> Options:
    """The usual options with some changed: `limits(concurrency=8, timeout=5.0)`.

    Raises TypeError for an option that there is not.
    """
    return msgspec.structs.replace(DEFAULTS, **changes)
