"""The order of trials: every round runs each strategy once, in an order of its own.

Interleaving makes the machine's drift hit all alike; shuffling keeps one strategy from always following another.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence


def rounds(backends: Sequence[str], seed: int) -> Iterator[list[str]]:
    """The strategies in the order in which a round runs them, for each round; the same for the same seed."""
    dice = random.Random(seed)
    while True:
        yield dice.sample(backends, len(backends))
