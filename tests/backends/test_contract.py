"""Every strategy keeps the contract."""

from __future__ import annotations

from fetchmux.testing import BackendContract
from tests.backends.available import strategy


class TestSequential(BackendContract):
    backend = "sequential"
    concurrent = False


class TestThreads(BackendContract):
    backend = "threads"


class TestSelect(BackendContract):
    backend = "select"


class TestEpoll(BackendContract):
    backend = "epoll"


class TestGevent(BackendContract):
    backend = "gevent"


class TestAsyncio(BackendContract):
    backend = "asyncio"


@strategy("asyncio-uvloop")
class TestAsyncioUvloop(BackendContract):
    backend = "asyncio-uvloop"


@strategy("twisted")
class TestTwisted(BackendContract):
    backend = "twisted"


class TestProcesses(BackendContract):
    backend = "processes"


@strategy("io_uring")
class TestIoUring(BackendContract):
    backend = "io_uring"


class TestThreadPool(BackendContract):
    backend = "thread-pool"


class TestPoll(BackendContract):
    backend = "poll"


class TestEpollEdge(BackendContract):
    backend = "epoll-et"


class TestGenerator(BackendContract):
    backend = "generator"


class TestGreenlet(BackendContract):
    backend = "greenlet"


class TestGeventNative(BackendContract):
    backend = "gevent-native"


class TestCallbacks(BackendContract):
    backend = "callbacks"
