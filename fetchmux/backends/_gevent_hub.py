"""Manners of gevent's hub that both gevent strategies need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unprinted_interrupts() -> Iterator[None]:
    """The hub raises a KeyboardInterrupt in the main greenlet; within this block it does not print it first."""
    import gevent

    hub = gevent.get_hub()
    hub.NOT_ERROR = (KeyboardInterrupt, *hub.NOT_ERROR)
    try:
        yield
    finally:
        # Others may have added theirs meanwhile: gevent's resolver does, for names that there are not.
        hub.NOT_ERROR = hub.NOT_ERROR[1:]
