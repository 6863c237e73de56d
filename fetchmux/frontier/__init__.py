"""What comes next: the queue between an input and a strategy.

A strategy sees four words of it: `take`, `settle`, `timeout`, `exhausted`. Nothing here does input or output, and
all time comes from an injected clock, so that tests move it.
"""

from fetchmux.frontier.frontier import TICK, Frontier

__all__ = ["TICK", "Frontier"]
