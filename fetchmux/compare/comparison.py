"""One comparison from its setting to its reports: the rounds, one trial after another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from fetchmux.backends import registry
from fetchmux.compare import launch, plan
from fetchmux.compare.export import Setting
from fetchmux.compare.summary import ideal_time
from fetchmux.compare.trial import Report, Trial
from fetchmux.origin.launch import Origin


class Comparison:
    """Runs the trials of a setting; the embedded origin lives as long as the iteration.

    Args:
        setting: what is compared.
        options: fields of `model.Options` for every trial, beside those that the setting fixes.
        limit: seconds that one trial may take.
    """

    def __init__(self, setting: Setting, options: dict[str, Any], limit: float) -> None:
        self._setting = setting
        self._limit = limit
        # A request is a whole conversation unless asked otherwise, and what it fetched is compared by hash.
        self._options = {"keep_alive": False, **options, "concurrency": setting.concurrency, "body": "digest"}

    def reports(self) -> Iterator[tuple[str, Report | None]]:
        """Each trial twice: the strategy's name and None as it begins, and with its report when it has ended."""
        setting = self._setting
        with self._origin() as origin:
            urls = setting.urls if origin is None else tuple(origin.url(url) for url in setting.urls)
            server = None if origin is None else origin.pid
            for number, backend in plan.interleave(setting.backends, setting.rounds, setting.seed):
                yield backend, None
                trial = Trial(backend, number, urls, setting.requests, setting.warm_up, self._options)
                yield backend, launch.conduct(trial, self._limit, server)

    def ideals(self) -> dict[str, float]:
        """The shortest possible time of each strategy, where the server's delay is known."""
        setting = self._setting
        if not setting.embedded or not setting.delay:
            return {}
        windows = {name: 1 if registry.find(name).serial else setting.concurrency for name in setting.backends}
        return {name: ideal_time(setting.delay, setting.requests, window) for name, window in windows.items()}

    def _origin(self) -> AbstractContextManager[Origin | None]:
        return Origin() if self._setting.embedded else contextlib.nullcontext()
