"""Gates: how many requests a host may have in flight, how fast they may follow, and until when it wants peace.

Pure; every call is given the time. Gates that hold back nothing are forgotten, so that an endless row of hosts takes no
memory.
"""

from __future__ import annotations

from fetchmux.policy.pace import Pace

# From so many gates on, those that hold back nothing are sought out.
MOST_IDLE = 1_024


class Gate:
    """The limits of one host."""

    __slots__ = ("busy", "pace", "paused_until")

    def __init__(self, rate: float | None) -> None:
        self.busy = 0
        self.pace = None if rate is None else Pace(rate)
        self.paused_until = 0.0

    def opens_at(self) -> float:
        """From when on time does not keep it shut."""
        return self.paused_until if self.pace is None else max(self.paused_until, self.pace.opens_at())

    def idle(self, now: float) -> bool:
        """It is as good as a new one. It may be open before that, with less slack left than a new one has."""
        return not self.busy and self.paused_until <= now and (self.pace is None or self.pace.rested_at() <= now)


class Gates:
    """The gates of all hosts.

    Args:
        most: requests in flight to one host, or None.
        rate: requests a second to one host, or None.
    """

    def __init__(self, most: int | None, rate: float | None) -> None:
        self._most = most
        self._rate = rate
        self._gates: dict[str, Gate] = {}
        self._most_gates = MOST_IDLE

    def wait(self, host: str, now: float) -> float | None:
        """Seconds until a request to `host` may start, 0.0 being now; None: only when one there has ended."""
        gate = self._gates.get(host)
        if gate is None:
            return 0.0
        if self._most is not None and gate.busy >= self._most:
            return None
        return max(0.0, gate.opens_at() - now)

    def enter(self, host: str, now: float) -> None:
        """A request starts."""
        gate = self._gates.get(host)
        if gate is None:
            if self._most is None and self._rate is None:
                return
            self._make_room(now)
            gate = self._gates[host] = Gate(self._rate)
        gate.busy += 1
        if gate.pace is not None:
            gate.pace.spend(now)

    def leave(self, host: str, now: float) -> None:
        """A request has ended."""
        gate = self._gates.get(host)
        if gate is None:
            return
        gate.busy = max(0, gate.busy - 1)
        if gate.idle(now):
            del self._gates[host]

    def pause(self, host: str, until: float) -> None:
        """Start nothing there before `until`."""
        gate = self._gates.setdefault(host, Gate(self._rate))
        gate.paused_until = max(gate.paused_until, until)

    def _make_room(self, now: float) -> None:
        """Forget the gates that hold back nothing. Rarely enough that it costs each request next to nothing."""
        if len(self._gates) >= self._most_gates:
            self._gates = {host: gate for host, gate in self._gates.items() if not gate.idle(now)}
            self._most_gates = max(MOST_IDLE, 2 * len(self._gates))
