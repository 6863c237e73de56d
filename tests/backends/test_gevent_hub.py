"""Manners of gevent's hub."""

from __future__ import annotations

import gevent

from fetchmux.backends._gevent_hub import unprinted_interrupts


def test_what_others_tell_the_hub_not_to_print_outlives_a_run():
    hub = gevent.get_hub()
    before = hub.NOT_ERROR
    try:
        with unprinted_interrupts():
            assert KeyboardInterrupt in hub.NOT_ERROR
            hub.NOT_ERROR += (LookupError,)
        assert set(hub.NOT_ERROR) == {*before, LookupError}
    finally:
        hub.NOT_ERROR = before
