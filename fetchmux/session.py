"""A run: joins an input, a strategy and an output.

Knows which parts a run needs and in which order they begin and end. Must not know what is printed, nor how a strategy
waits.
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fetchmux import __version__
from fetchmux.backends import registry
from fetchmux.frontier import Frontier
from fetchmux.http.codings import accept_encoding
from fetchmux.http.request import RequestBuilder
from fetchmux.inputs.urls import Logins
from fetchmux.model import Job, Known, Request, Result
from fetchmux.peers.direct import Direct, refuse
from fetchmux.reach import Reach
from fetchmux.settings import Network, Options
from fetchmux.sinks import Sink
from fetchmux.sinks.stores import store_opener

USER_AGENT = f"fetchmux/{__version__}"
# Descriptors kept back for everything that is no connection: the resolver, files, imports.
_RESERVE = 16


class Tally:
    """Counts of a run, kept while it goes on."""

    def __init__(self) -> None:
        self.done = 0
        self.ok = 0
        self.bytes = 0
        self.codes: dict[str, int] = {}
        self.statuses: dict[int, int] = {}

    @property
    def failed(self) -> int:
        """Inputs that are done and not ok."""
        return self.done - self.ok

    def count(self, result: Result) -> None:
        """Add one result."""
        self.done += 1
        self.ok += result.ok
        self.bytes += result.wire_size
        if result.error is not None:
            self.codes[result.error.code] = self.codes.get(result.error.code, 0) + 1
        if result.status is not None:
            self.statuses[result.status] = self.statuses.get(result.status, 0) + 1


class Counted:
    """A sink before another one: counts what passes."""

    def __init__(self, sink: Sink) -> None:
        self.tally = Tally()
        self._sink = sink

    def write(self, result: Result) -> None:
        self.tally.count(result)
        self._sink.write(result)

    def flush(self) -> None:
        self._sink.flush()


class Slot(NamedTuple):
    """One request that is under way.

    Attributes:
        phase: what it waits for, as failures name it.
        seconds: how long its attempt has lasted, where that is known.
    """

    url: str
    phase: str
    seconds: float | None


class Session:
    """One run of one strategy over one input.

    Args:
        source: yields requests, None when there is nothing to read yet, and jobs that have begun elsewhere.
        options: the limits.
        sink: takes every result.
        backend: the strategy's name. One that changes the whole process must have been prepared in it.
        network: how hosts are reached; directly and by the system's means when it is not given.
        notice: takes a sentence for the user.
        elsewhere: takes a job over after a redirect, for another run to go on with it; False: it stays.

    Raises:
        UnknownBackend, BackendUnavailable, UsageError (a certificate that cannot be used, an option that a peer would
        ignore).
    """

    def __init__(
        self,
        source: Iterator[Request | Job | None],
        options: Options,
        sink: Sink,
        *,
        backend: str,
        network: Network | None = None,
        notice: Callable[[str], None] = lambda sentence: None,
        elsewhere: Callable[[Job], bool] | None = None,
    ) -> None:
        network = network or Network()
        self._options = options
        spec = registry.find(backend)
        self._name = backend
        self._backend = registry.load(spec)
        reach: Reach | Direct
        if spec.peer:
            refuse(backend, options, network, os.environ)
            reach = Direct()
        else:
            reach = Reach(network, os.environ, USER_AGENT, time.monotonic)
        self._reach = reach
        output = Counted(sink)
        self.tally = output.tally
        self.frontier = Frontier(
            source,
            options,
            reach=reach,
            builder=request_builder(options, reach),
            output=output,
            open_store=store_opener(options),
            notice=notice,
            clock=time.monotonic,
            calendar=time.time,
            chance=_chance,
            logins=_logins(network.netrc),
            elsewhere=elsewhere,
            confirmed=_confirmed,
            backend=backend,
        )

    def run(self) -> Tally:
        """Fetch until the input ends or `cancel` is called. Raises what the input or the sink raised."""
        self._make_room()
        try:
            self._backend.run(self.frontier, self._options)
            if not self.frontier.exhausted:
                raise RuntimeError(f"the backend {self._name} returned before the run was over")
        finally:
            self.frontier.close()
            self._reach.close()
        if self.frontier.failure is not None:
            raise self.frontier.failure
        return self.tally

    @property
    def overdue(self) -> bool:
        """The run's deadline has ended it."""
        return self.frontier.overdue

    def stop(self) -> None:
        """Start nothing more, and let what is in flight end, for a while. May be called from a signal handler."""
        self.frontier.stop()

    def expire(self) -> None:
        """End the run because its time is over. May be called from a signal handler."""
        self.frontier.expire()

    def cancel(self) -> None:
        """End the run soon; what is in flight becomes `cancelled`. May be called from a signal handler."""
        self.frontier.cancel()

    @property
    def in_flight(self) -> int:
        """How many requests are under way."""
        return self.frontier.in_flight

    def slots(self) -> list[Slot]:
        """What is under way and what each waits for. Takes no lock: a signal handler may call it."""
        now = time.monotonic()
        return [
            Slot(exchange.job.url.text, exchange.phase, now - exchange.started_at)
            for exchange in self.frontier.exchanges()
        ]

    def _make_room(self) -> None:
        """Raise the soft limit of open descriptors as far as the window needs, or narrow the window."""
        used = _open_descriptors()
        needed = used + _RESERVE + self._options.concurrency
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY or soft >= needed:
            return
        if hard == resource.RLIM_INFINITY or hard > soft:
            wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                soft = wanted
        if soft < needed:
            room = max(1, soft - used - _RESERVE)
            self.frontier.narrow(room, f"{soft:,} descriptors may be open here (ulimit -n)")


def request_builder(options: Options, reach: Reach | Direct) -> RequestBuilder:
    """What makes the bytes of a run's requests."""
    return RequestBuilder(
        USER_AGENT,
        keep_alive=options.keep_alive,
        version=options.http,
        forwarded=reach.forwarded,
        accept_encoding=accept_encoding() if options.compressed else None,
    )


def _chance() -> float:
    """Uniform between 0 and 1. Few runs need chance, and its module takes a while to load."""
    import random

    return random.random()


def _confirmed(known: Known, fields: list[tuple[str, str]]) -> bool:
    """Few runs ask whether something has changed."""
    from fetchmux.sinks.validators import confirmed

    return confirmed(known, fields)


def _logins(netrc: str | None) -> Logins | None:
    if netrc is None:
        return None
    from fetchmux.inputs.logins import Netrc

    return Netrc(netrc or None).authorization


def _open_descriptors() -> int:
    """How many descriptors this process has open."""
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return 3
