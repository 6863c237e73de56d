"""Which statuses a run takes for a success."""

from __future__ import annotations

from collections.abc import Callable

from fetchmux.settings import Options

Expected = Callable[[int], bool]


def expected(options: Options) -> Expected | None:
    """Whether a status is one that was asked for; None where every one is."""
    if options.expect_status:
        statuses = frozenset(status for first, last in options.expect_status for status in range(first, last + 1))
        return statuses.__contains__
    return (lambda status: status < 400) if options.fail else None
