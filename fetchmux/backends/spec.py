"""A row of the table of strategies: what is known of one without importing it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spec:
    """One strategy, or one peer.

    Attributes:
        name: as users write it.
        module: where it lives.
        family: what is resumed when a wait is over.
        summary: how it waits; limit: where it stops scaling.
        solitary: it changes the whole process, so it needs one of its own.
        serial: it has one connection at a time, whatever the window.
        peer: it brings an HTTP stack of its own, so it is no strategy and is shown apart.
    """

    name: str
    module: str
    family: str
    summary: str
    limit: str
    solitary: bool = False
    serial: bool = False
    peer: bool = False
