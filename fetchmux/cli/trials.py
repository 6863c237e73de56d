"""Progress of a comparison: which trial runs, how many are left. On standard error, and only for a person."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self


class Watch:
    """A progress bar inside a `with` block; silent where standard error is no terminal. None: nobody knows how many."""

    def __init__(self, trials: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", style="bold"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("trials"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            # Drawing takes CPU from the trial that runs: now and then will do, and when one begins.
            refresh_per_second=1,
            transient=True,
            disable=sys.stderr is None or not sys.stderr.isatty(),
        )
        self._task = self._progress.add_task(f"{'':<14}", total=trials)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begins(self, backend: str) -> None:
        """A trial has begun."""
        self._progress.update(self._task, description=f"{backend:<14}", refresh=True)

    def ends(self) -> None:
        """A trial has ended."""
        self._progress.advance(self._task)
