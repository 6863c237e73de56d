"""Who tells us that a socket is ready: the kernel's interfaces side by side, differing only where the kernel does.

Each watches a descriptor for one direction at a time and answers `wait` with the descriptors that can go on. A peer's
hang-up and an error count as ready: the next call on the socket tells what happened.
"""

from __future__ import annotations

import errno
import math
import select
from collections.abc import Iterable
from typing import Protocol

# FD_SETSIZE of every common C library: select's sets are bit fields of this fixed size.
SELECT_LIMIT = 1024


class Poller(Protocol):
    """Readiness of many descriptors."""

    def watch(self, fd: int, *, writing: bool) -> None:
        """Begin to watch. Raises OSError EMFILE where one more descriptor is too many."""
        ...

    def turn(self, fd: int, *, writing: bool) -> None:
        """Watch the other direction from now on."""
        ...

    def forget(self, fd: int) -> None:
        """Stop watching; to be called before the descriptor is closed."""
        ...

    def wait(self, timeout: float) -> Iterable[int]:
        """Sleep until something is ready, at most `timeout` seconds; the descriptors that are."""
        ...

    def close(self) -> None:
        """Give the kernel back what it holds."""
        ...


class SelectPoller:
    """select(2): both sets are copied into the kernel and walked at every call."""

    def __init__(self) -> None:
        self._readers: set[int] = set()
        self._writers: set[int] = set()

    def watch(self, fd: int, *, writing: bool) -> None:
        if fd >= SELECT_LIMIT:
            raise OSError(errno.EMFILE, f"select watches no descriptor above {SELECT_LIMIT - 1:,}")
        (self._writers if writing else self._readers).add(fd)

    def turn(self, fd: int, *, writing: bool) -> None:
        self.forget(fd)
        (self._writers if writing else self._readers).add(fd)

    def forget(self, fd: int) -> None:
        self._readers.discard(fd)
        self._writers.discard(fd)

    def wait(self, timeout: float) -> list[int]:
        readable, writable, _ = select.select(self._readers, self._writers, (), timeout)
        return readable + writable

    def close(self) -> None:
        self._readers.clear()
        self._writers.clear()


class PollPoller:
    """poll(2): a list of descriptors, copied into the kernel and walked at every call."""

    def __init__(self) -> None:
        self._poll = select.poll()

    def watch(self, fd: int, *, writing: bool) -> None:
        self._poll.register(fd, select.POLLOUT if writing else select.POLLIN)

    def turn(self, fd: int, *, writing: bool) -> None:
        self._poll.modify(fd, select.POLLOUT if writing else select.POLLIN)

    def forget(self, fd: int) -> None:
        self._poll.unregister(fd)

    def wait(self, timeout: float) -> list[int]:
        # Whole milliseconds, rounded up: a short sleep must not become a busy loop.
        return [fd for fd, _ in self._poll.poll(math.ceil(timeout * 1000))]

    def close(self) -> None:
        """The list is this process's own."""


class EpollPoller:
    """epoll(7): the kernel keeps the list and hands out only what has happened.

    Some facts about epoll, and what follows here:

    What is registered is not a descriptor but the open file behind it, under the descriptor's number. A socket that is
    closed leaves the list by itself, since nothing here duplicates descriptors; `forget` therefore makes no system
    call. Were a socket duplicated (by a fork, say), its registration would live on under a number that means another
    socket by then, and events for it could be neither understood nor cancelled.

    It is level-triggered unless asked otherwise: an event comes again as long as bytes are waiting. So a step may read
    once and go back to sleep; nothing is lost and no socket is drained while others wait.

    Reading and writing are one registration with one mask, so turning from writing to reading is one epoll_ctl, and a
    keep-alive successor, which is sent at once and then read, needs none.

    EPOLLHUP and EPOLLERR are reported whether asked for or not: `wait` returns them like any readiness.

    The timeout is in milliseconds; Python rounds it up, so that a short sleep does not become a busy loop.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def watch(self, fd: int, *, writing: bool) -> None:
        self._epoll.register(fd, select.EPOLLOUT if writing else select.EPOLLIN)

    def turn(self, fd: int, *, writing: bool) -> None:
        self._epoll.modify(fd, select.EPOLLOUT if writing else select.EPOLLIN)

    def forget(self, fd: int) -> None:
        """Closing the socket is enough."""

    def wait(self, timeout: float) -> list[int]:
        return [fd for fd, _ in self._epoll.poll(timeout)]

    def close(self) -> None:
        self._epoll.close()


def best_poller() -> Poller:
    """Epoll where there is one, else poll, else select."""
    if hasattr(select, "epoll"):
        return EpollPoller()
    return PollPoller() if hasattr(select, "poll") else SelectPoller()
