"""Every strategy keeps the contract."""

from __future__ import annotations

from fetchmux.testing import BackendContract


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
