"""A ring: the two queues of io_uring, through the liburing package.

Knows how an operation is put into the ring and how its completion comes out. Must not know what the operations are for.
"""

from __future__ import annotations

import ctypes
import errno
import socket
from collections.abc import Iterator
from typing import Any

import liburing

from fetchmux.model import Address

# Linux 6.1: the kernel does its part of the work inside our own calls, not by interrupting us in between.
_OURS_ALONE = liburing.IORING_SETUP_SINGLE_ISSUER | liburing.IORING_SETUP_DEFER_TASKRUN
_WAITING = liburing.IORING_ENTER_GETEVENTS | liburing.IORING_ENTER_EXT_ARG
# The same number on every machine but the Alpha.
_IO_URING_ENTER = 426
_system_call = ctypes.CDLL(None, use_errno=True).syscall

Result = int | OSError


class _Time(ctypes.Structure):
    """struct __kernel_timespec."""

    _fields_ = (("sec", ctypes.c_int64), ("nsec", ctypes.c_longlong))


class _Patience(ctypes.Structure):
    """struct io_uring_getevents_arg."""

    _fields_ = (
        ("sigmask", ctypes.c_uint64),
        ("sigmask_size", ctypes.c_uint32),
        ("min_wait_usec", ctypes.c_uint32),
        ("time", ctypes.c_uint64),
    )


def socket_address(address: Address) -> liburing.Sockaddr:
    """The C structure of an address; it must live until the connect that uses it has completed."""
    if address.family == socket.AF_UNIX:
        return liburing.Sockaddr(address.family, address.sockaddr)
    host, port, *rest = address.sockaddr
    if address.family == socket.AF_INET6 and len(rest) == 2 and rest[1]:
        host = f"{host}%{rest[1]}"
    return liburing.Sockaddr(address.family, host, port)


def refusal(error: OSError) -> str:
    """Why the kernel gives no ring, and who could change that."""
    if error.errno == errno.ENOSYS:
        return "this kernel has no io_uring: use epoll, or Linux 6.1 or later"
    if error.errno != errno.EPERM:
        return f"the kernel gives no ring ({error.strerror}): use epoll"
    try:
        with open("/proc/sys/kernel/io_uring_disabled") as setting:
            disabled = int(setting.read())
    except OSError:
        disabled = 0
    if disabled:
        return "the kernel denies io_uring: sysctl kernel.io_uring_disabled=0 allows it"
    return "the kernel denies io_uring, as containers do: allow its calls in the seccomp profile"


class Ring:
    """Both queues. Raises OSError where the kernel refuses one.

    An entry is prepared in memory of its own and copied into the ring by one call: a signal between two instructions of
    ours finds it there whole, or not at all.
    """

    def __init__(self, entries: int) -> None:
        self._ring = liburing.Ring()
        try:
            liburing.io_uring_queue_init(entries, self._ring, _OURS_ALONE | liburing.IORING_SETUP_CLAMP)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            liburing.io_uring_queue_init(entries, self._ring, liburing.IORING_SETUP_CLAMP)
        self._cqe = liburing.Cqe()
        self._time = _Time()
        self._patience = _Patience(0, 0, 0, ctypes.addressof(self._time))

    def put(self, entry: Any, token: int) -> None:
        """Queue a prepared entry; its completion will carry `token`. Costs no system call until the queue is full."""
        entry.user_data = token
        while not liburing.put_sqe(self._ring, entry):
            liburing.io_uring_submit(self._ring)

    def wait(self, timeout: float) -> None:
        """Hand in what is queued, and sleep until something has completed, at most `timeout` seconds."""
        liburing.io_uring_submit_and_get_events(self._ring)
        if not liburing.io_uring_cq_ready(self._ring):
            self._sleep(timeout)

    def completed(self) -> Iterator[tuple[int, Result]]:
        """Token and result of each completion. Those of a loop that an exception leaves are seen again by the next."""
        count = 0
        for _ in liburing.CqeIter(self._ring, self._cqe):
            entry = self._cqe[0]
            try:
                result: Result = entry.res
            except OSError as error:
                result = error
            count += 1
            yield entry.user_data, result
        liburing.io_uring_cq_advance(self._ring, count)

    def close(self) -> None:
        """Give both queues back. No operation may be under way."""
        liburing.io_uring_queue_exit(self._ring)

    def _sleep(self, timeout: float) -> None:
        """io_uring_enter(2) by way of ctypes: liburing's own call would keep the interpreter's lock while it sleeps."""
        self._time.sec, self._time.nsec = divmod(int(timeout * 1e9), 1_000_000_000)
        size = ctypes.c_size_t(ctypes.sizeof(_Patience))
        fd, patience = self._ring.enter_ring_fd, ctypes.byref(self._patience)
        if _system_call(_IO_URING_ENTER, fd, 0, 1, _WAITING, patience, size) < 0:
            code = ctypes.get_errno()
            if code not in (errno.ETIME, errno.EINTR):
                raise OSError(code, "io_uring_enter")
