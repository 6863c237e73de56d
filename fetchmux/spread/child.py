"""One of the processes that fetch: `python -m fetchmux.spread.child FD`, FD being its end of a socket.

Knows a session and how to talk to the process that reads the list. A strategy may change the whole process, so it is
prepared before anything else is imported. Ends when the orders end, or when a signal ends it, or with its parent.
"""

from __future__ import annotations

import os
import signal
import sys

from fetchmux.backends import registry

# What `worker` calls STOP and CANCEL. It must not be imported so early.
_STOP, _CANCEL = signal.SIGTERM, signal.SIGUSR2


def main() -> None:
    """Be told how, fetch, and tell of it."""
    fd = int(sys.argv[1])
    # A strategy that reads signals itself would end the run in its own way.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pending: list[int] = []
    for number in (_STOP, _CANCEL):
        signal.signal(number, lambda number, frame: pending.append(number))
    backend = _backend(fd)
    registry.prepare(registry.find(backend))

    from fetchmux.spread.shift import Shift

    shift = Shift(fd)
    signal.signal(_STOP, lambda number, frame: shift.stop())
    signal.signal(_CANCEL, lambda number, frame: shift.cancel())
    if pending:
        shift.cancel()
    shift.work()


def _backend(fd: int) -> str:
    """The strategy's name, on the first line: nothing may be imported before it is known."""
    name = b""
    while not name.endswith(b"\n"):
        name += os.read(fd, 1) or b"\n"
    return name.decode().strip()


if __name__ == "__main__":
    main()
