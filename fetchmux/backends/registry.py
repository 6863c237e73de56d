"""The table of strategies, and how to load one by name.

Knows names and one line about each, and imports a strategy only when it is asked for: some are heavy, and gevent must
come first in its process. Other packages add rows by the entry point group `fetchmux.backends`.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from fetchmux.backends import Backend
from fetchmux.backends.peers import PEERS
from fetchmux.backends.spec import Spec as Spec
from fetchmux.errors import UsageError

if TYPE_CHECKING:
    import importlib.metadata

GROUP = "fetchmux.backends"
# Somebody else's module may raise anything, or try to leave; the other strategies have nothing to do with it.
_ANYTHING = (Exception, SystemExit)


BUILT_IN = (
    Spec(
        "sequential", "fetchmux.backends.sequential", "blocking",
        "blocks in each call, one request after another",
        "one wait at a time: the run takes the sum of all waits",
        serial=True,
    ),
    Spec(
        "threads", "fetchmux.backends.threads", "threads",
        "a thread for each request, each in blocking calls",
        "a stack for each and one interpreter lock for all",
    ),
    Spec(
        "thread-pool", "fetchmux.backends.thread_pool", "threads",
        "a fixed set of threads, each with one connection at a time in blocking calls",
        "a stack for each and one interpreter lock for all",
    ),
    Spec(
        "select", "fetchmux.backends.select_loop", "readiness loop",
        "one loop on select(2)",
        "descriptors below 1,024, every one walked at each call",
    ),
    Spec(
        "poll", "fetchmux.backends.poll_loop", "readiness loop",
        "one loop on poll(2)",
        "every descriptor walked at each call",
    ),
    Spec(
        "epoll", "fetchmux.backends.epoll_loop", "readiness loop",
        "one loop on epoll(7)",
        "one core's CPU; silent connections cost nothing",
    ),
    Spec(
        "epoll-et", "fetchmux.backends.epoll_edge", "readiness loop",
        "one loop on epoll(7), edge-triggered: registered once, drained when something has come",
        "one core's CPU; an edge that is missed does not come again",
    ),
    Spec(
        "callbacks", "fetchmux.backends.callbacks_loop", "callbacks",
        "request objects with a fileno and a callback, in a loop on select by hand",
        "descriptors below 1,024; a conversation cut in pieces",
    ),
    Spec(
        "generator", "fetchmux.backends.generator_hub", "generators",
        "each conversation a generator that yields what it waits for, in a scheduler by hand",
        "one core's CPU; only generators may wait",
    ),
    Spec(
        "greenlet", "fetchmux.backends.greenlet_hub", "greenlets",
        "each conversation on a stack of its own, in a hub by hand",
        "one core's CPU; a piece of stack copied at each switch",
    ),
    Spec(
        "gevent", "fetchmux.backends.gevent_patched", "greenlets",
        "the blocking code of threads, unchanged, after monkey patching",
        "one core's CPU, more of it for each switch than a bare loop takes",
        solitary=True,
    ),
    Spec(
        "gevent-native", "fetchmux.backends.gevent_native", "greenlets",
        "greenlets on gevent's own sockets, nothing patched",
        "one core's CPU, more of it for each switch than a bare loop takes",
    ),
    Spec(
        "asyncio", "fetchmux.backends.asyncio_loop", "coroutines",
        "coroutines on the standard library's loop, which waits in epoll(7)",
        "one core's CPU, most of it on the way from the event to the coroutine",
    ),
    Spec(
        "asyncio-uvloop", "fetchmux.backends.asyncio_uvloop", "coroutines",
        "the coroutines of asyncio, unchanged, on libuv's loop",
        "one core's CPU, more of it in the coroutines than in the loop",
    ),
    Spec(
        "twisted", "fetchmux.backends.twisted_reactor", "callbacks",
        "a Protocol on Twisted's reactor, which waits in epoll(7) where there is one",
        "one core's CPU, most of it in the layers between the event and the method",
        solitary=True,
    ),
    Spec(
        "processes", "fetchmux.backends.processes", "processes",
        "a pool of processes that sleep in poll(2), one connection at a time each",
        "hundreds of processes, and every byte copied once more between two of them",
    ),
    Spec(
        "io_uring", "fetchmux.backends.io_uring_ring", "completion loop",
        "one loop on io_uring_enter(2): the kernel makes the calls and says what came of them",
        "one core's CPU; a buffer lent for each connection that waits",
    ),
)  # fmt: skip


class UnknownBackend(UsageError):
    """No strategy has this name."""


class BackendUnavailable(UsageError):
    """The strategy cannot run here; the message says why and what to do."""


def specs() -> tuple[Spec, ...]:
    """Every strategy, built in and installed by others, in the order of the staircase."""
    # Loaded late: it is slow to import, and it imports socket, before which gevent has to come.
    import importlib.metadata

    return (*BUILT_IN, *(_installed(entry) for entry in importlib.metadata.entry_points(group=GROUP)))


def find(name: str) -> Spec:
    """The strategy, or the peer, called `name`. Raises UnknownBackend with the near names."""
    for spec in (*BUILT_IN, *PEERS):
        if spec.name == name:
            return spec
    # Only now: scanning what is installed takes longer than fetching a page.
    import difflib
    import importlib.metadata

    installed = {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)}
    if name in installed:
        return _installed(installed[name])
    every = (*(spec.name for spec in (*BUILT_IN, *PEERS)), *installed)
    near = difflib.get_close_matches(name, every, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(every)}"
    raise UnknownBackend(f"no backend is called {name!r}: {hint}")


def load(spec: Spec) -> Backend:
    """Import the strategy. Raises BackendUnavailable where it cannot run."""
    reason = missing(spec)
    if reason is not None:
        raise BackendUnavailable(f"the backend {spec.name} cannot run here: {reason}")
    return cast(Backend, importlib.import_module(spec.module))


def prepare(spec: Spec) -> None:
    """Let the strategy change the process, before anything else is imported. Raises BackendUnavailable."""
    ready = getattr(load(spec), "prepare", None)
    if ready is None:
        return
    try:
        ready()
    except _ANYTHING as error:
        raise BackendUnavailable(f"the backend {spec.name} cannot prepare its process: {_told(error)}") from error


def missing(spec: Spec) -> str | None:
    """Why the strategy cannot run here, with the remedy; None when it can."""
    try:
        module: Any = importlib.import_module(spec.module)
        ask = getattr(module, "missing", None)
        reason: str | None = None if ask is None else ask()
    except ImportError as error:
        return f"{error}; install what it needs"
    except _ANYTHING as error:
        return f"{_told(error)}; ask its author"
    if not callable(getattr(module, "run", None)):
        return f"{spec.module} has no function run(frontier, options)"
    return None if reason is None else str(reason)


def default() -> str:
    """The strategy that `get` uses when none is named: epoll where there is one."""
    return "epoll" if sys.platform == "linux" else "select"


def _installed(entry: importlib.metadata.EntryPoint) -> Spec:
    """A row for somebody else's strategy: its module's SPEC, or else the first line of its docstring."""
    try:
        module: ModuleType = importlib.import_module(entry.module)
    except _ANYTHING as error:
        return Spec(entry.name, entry.module, "third party", f"cannot be imported: {_told(error)}", "unknown")
    spec = getattr(module, "SPEC", None)
    if isinstance(spec, Spec):
        return spec
    first = (module.__doc__ or "").strip().partition("\n")[0]
    return Spec(entry.name, entry.module, "third party", first or "says nothing of itself", "says nothing of its limit")


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
