"""The order of trials: every round runs each strategy once, in an order of its own.

Interleaving makes the machine's drift hit all alike; shuffling keeps one strategy from always following another.
"""

from __future__ import annotations

import random
from collections.abc import Sequence


def interleave(backends: Sequence[str], rounds: int, seed: int) -> list[tuple[int, str]]:
    """Round and strategy of each trial, in the order in which they run; the same for the same seed."""
    dice = random.Random(seed)
    return [(number, backend) for number in range(rounds) for backend in dice.sample(backends, len(backends))]
