"""Manners of gevent's hub that both gevent strategies need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unprinted_interrupts() -> Iterator[None]:
    """The hub raises a KeyboardInterrupt in the main greenlet; within this block it does not print it first."""
    import gevent

    hub = gevent.get_hub()
    before = hub.NOT_ERROR
    hub.NOT_ERROR = (*before, KeyboardInterrupt)
    try:
        yield
    finally:
        hub.NOT_ERROR = before
