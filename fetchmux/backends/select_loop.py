"""Select: one loop, woken by select(2).

How it waits: in one call for all sockets. One more connection costs a bit in a set that is copied into the kernel,
walked there and walked again here at every call, ready or not. Where it stops scaling: at descriptor 1,023, for good;
the window becomes narrower there.
"""

from __future__ import annotations

from fetchmux.backends import Work, _readiness
from fetchmux.backends._pollers import SelectPoller
from fetchmux.settings import Options


def run(frontier: Work, options: Options) -> None:
    """Run the loop on select."""
    _readiness.run(SelectPoller(), frontier)
