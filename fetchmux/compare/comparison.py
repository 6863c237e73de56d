"""One comparison from its setting to its reports: the rounds, one trial after another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

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
        urls: the setting's, with their passwords.
    """

    def __init__(self, setting: Setting, urls: Sequence[str]) -> None:
        self._setting = setting
        self._urls = tuple(urls)

    def reports(self) -> Iterator[tuple[str, Report | None]]:
        """Each trial twice: the strategy's name and None as it begins, and with its report when it has ended."""
        setting = self._setting
        with self._origin() as origin:
            urls = self._urls if origin is None else tuple(origin.url(path) for path in self._urls)
            server = None if origin is None else origin.pid
            for number, backend in plan.interleave(setting.backends, setting.rounds, setting.seed):
                yield backend, None
                trial = Trial(
                    backend, number, urls, setting.requests, setting.warm_up, setting.options, setting.limit, server
                )
                yield backend, launch.conduct(trial)

    def ideals(self) -> dict[str, float]:
        """The shortest possible time of each strategy, where the server's delay is known."""
        setting = self._setting
        if not setting.embedded or not setting.delay:
            return {}
        windows = {name: 1 if registry.find(name).serial else setting.concurrency for name in setting.backends}
        return {name: ideal_time(setting.delay, setting.requests, window) for name, window in windows.items()}

    def _origin(self) -> AbstractContextManager[Origin | None]:
        return Origin() if self._setting.embedded else contextlib.nullcontext()
