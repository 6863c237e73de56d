"""The processes of a run together: how they begin, who takes the place of one that has died, and how all end.

Knows processes. Must not know what they are told to fetch, nor what becomes of it.
"""

from __future__ import annotations

import select
import signal
from collections.abc import Sequence

from fetchmux.errors import UsageError
from fetchmux.spread.words import Charge
from fetchmux.spread.worker import Worker

# So many processes in a row may die at a place before they can begin.
_MOST_TRIES = 3
_PARTING = 5.0


class Crew:
    """The processes.

    Args:
        backend: the strategy, for which they prepare themselves.
        count: how many there are to be.

    Raises:
        UsageError: one cannot be started.

    Attributes:
        workers: each at its place; one that has ended and has no successor keeps it.
    """

    def __init__(self, backend: str, count: int) -> None:
        self._backend = backend
        self._charges: Sequence[Charge] = ()
        self._tries = [0] * count
        self.workers: list[Worker] = []
        try:
            for _ in range(count):
                self.workers.append(Worker(backend))
        except OSError as error:
            self.close()
            raise UsageError(f"a process cannot be started: {error.strerror}") from None

    def charge(self, charges: Sequence[Charge], openings: Sequence[float]) -> None:
        """Tell each what it needs to know, and when it may begin; those for whom there is nothing are let go."""
        self._charges = charges
        for worker in self.workers[len(charges) :]:
            worker.hang_up()
            worker.bury(_PARTING)
        del self.workers[len(charges) :]
        for worker, charge, opening in zip(self.workers, charges, openings, strict=True):
            worker.charge(charge, opening)

    def replace(self, worker: Worker) -> bool:
        """Let another process take the place of one that has ended. False: that has been tried too often in vain."""
        place = self.workers.index(worker)
        worker.sock.close()
        self._tries[place] = 0 if worker.ready else self._tries[place] + 1
        if self._tries[place] >= _MOST_TRIES:
            return False
        try:
            successor = Worker(self._backend)
        except OSError:
            return False
        successor.charge(self._charges[place], 0.0)
        self.workers[place] = successor
        return True

    def wait(self, patience: float) -> list[Worker]:
        """Those who have something to say, after `patience` seconds at most; those who can take more get it."""
        poller = select.poll()
        alive = {worker.sock.fileno(): worker for worker in self.workers if not worker.ended}
        for fd, worker in alive.items():
            poller.register(fd, select.POLLIN | (select.POLLOUT if worker.talking else 0))
        speaking = []
        for fd, events in poller.poll(patience * 1000):
            worker = alive[fd]
            if events & select.POLLOUT:
                worker.push()
            if events & ~select.POLLOUT:
                speaking.append(worker)
        return speaking

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to all."""
        for worker in self.workers:
            if not worker.ended:
                worker.tell(number)

    def kill(self) -> None:
        """End those that are still there, whatever they are doing."""
        for worker in self.workers:
            if not worker.ended:
                worker.bury(0.0)

    def close(self) -> None:
        """Hang up and wait for all to end."""
        for worker in self.workers:
            worker.hang_up()
        for worker in self.workers:
            worker.bury(_PARTING)
