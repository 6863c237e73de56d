"""A strategy in a process of its own, run on request: what came of a scene, and what the strategy left behind.

Knows how to feed a child one scene after another and how to count sockets and threads. Must not know what is right;
`fetchmux.testing` does. Every strategy runs here, also one that changes its whole process, because that is all the
process is for.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import msgspec

from fetchmux.model import Request, Result
from fetchmux.settings import Options


class Scene(msgspec.Struct):
    """What a strategy is to fetch, and what befalls it meanwhile.

    Attributes:
        urls: the input, in order.
        options: fields of `settings.Options`.
        post: size of a body to send with each request; nought sends a GET.
        gaps: how often the input says "nothing yet" between two URLs.
        alarm: seconds after which a signal arrives, and `on_alarm` what it does: "cancel" or "interrupt".
        descriptors: how many more may be open once the run has begun.
        sink_fails_after: results after which the output raises OSError.
    """

    urls: list[str]
    options: dict[str, Any] = {}
    post: int = 0
    gaps: int = 0
    alarm: float = 0.0
    on_alarm: str = "cancel"
    descriptors: int = 0
    sink_fails_after: int = 0


class Outcome(msgspec.Struct):
    """What came of a scene.

    Attributes:
        results: in the order in which they ended.
        raised: the name of the exception that left the run, or "".
        notices: what the run told the user.
        sockets, threads, children: how many of each were left behind.
    """

    results: list[Result]
    raised: str
    notices: list[str]
    sockets: int
    threads: int
    children: int


class Rehearsal:
    """A child that plays scenes with one strategy, inside a `with` block."""

    def __init__(self, backend: str) -> None:
        self._backend = backend

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-W", "error", "-m", "fetchmux.rehearsal", self._backend],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._child as child:
            child.kill()

    def play(self, scene: Scene) -> Outcome:
        """Let the strategy fetch a scene. Raises EOFError when the child died of it."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(msgspec.json.encode(scene) + b"\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise EOFError(f"the process of {self._backend} ended in the middle of a scene")
        return msgspec.json.decode(line, type=Outcome)


class _Gathering:
    """A sink that keeps results, and fails when the scene says so."""

    def __init__(self, fails_after: int) -> None:
        self.results: list[Result] = []
        self._fails_after = fails_after

    def write(self, result: Result) -> None:
        self.results.append(result)
        if len(self.results) == self._fails_after:
            raise OSError("the scene wants the output to fail")

    def flush(self) -> None:
        """Nothing is kept back."""


def _input(scene: Scene, begin: Callable[[], None]) -> Iterator[Request | None]:
    from fetchmux.inputs.requests import Recipe, read_requests

    recipe = Recipe(method="POST", body=bytes(scene.post)) if scene.post else Recipe()
    begin()
    for request in read_requests(scene.urls, recipe):
        for _ in range(scene.gaps):
            yield None
        yield request


def _perform(backend: str, scene: Scene) -> Outcome:
    """Play one scene in this process."""
    import signal

    from fetchmux.session import Session

    before = _census()
    sink, notices, raised = _Gathering(scene.sink_fails_after), list[str](), ""

    def ring(number: int, frame: object) -> None:
        if scene.on_alarm == "interrupt":
            raise KeyboardInterrupt
        session.cancel()

    def begin() -> None:
        if scene.descriptors:
            _limit_descriptors(scene.descriptors)
        signal.setitimer(signal.ITIMER_REAL, scene.alarm)

    signal.signal(signal.SIGALRM, ring)
    options = msgspec.convert(scene.options, Options)
    session = Session(_input(scene, begin), options, sink, backend=backend, notice=notices.append)
    try:
        session.run()
    except (Exception, KeyboardInterrupt) as error:
        raised = type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _limit_descriptors(0)
    left = [now - then for now, then in zip(_census(), before, strict=True)]
    return Outcome(sink.results, raised, notices, *left)


def _limit_descriptors(more: int) -> None:
    """Let `more` descriptors be opened beside those that are; nought lifts the limit."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    highest = max(int(fd) for fd in os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1 + more if more else hard, hard))


def _census() -> tuple[int, int, int]:
    """Open sockets, threads and children of this process."""
    import threading

    sockets = 0
    for fd in os.listdir("/dev/fd"):
        try:
            sockets += os.readlink(f"/dev/fd/{fd}").startswith("socket:")
        except OSError:
            # The descriptor of the listing itself.
            continue
    try:
        children = len(pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    except OSError:
        children = 0
    return sockets, threading.active_count(), children


def _serve(backend: str) -> None:
    """The child: prepare the strategy before anything else, then play what comes."""
    from fetchmux.backends import registry

    registry.prepare(registry.find(backend))
    # The channel is taken out of reach of whatever a strategy might print.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        outcome = _perform(backend, msgspec.json.decode(line, type=Scene))
        answers.write(msgspec.json.encode(outcome) + b"\n")
        answers.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])
