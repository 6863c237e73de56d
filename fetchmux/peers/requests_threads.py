"""requests in threads: as many as the window is wide, each with a session of its own.

How it is used at its best: threads that stay, because each brings its session and so its open connections.
"""

from __future__ import annotations

from fetchmux.backends import Work
from fetchmux.peers import _crew, _requests
from fetchmux.settings import Options

missing = _requests.missing


def run(frontier: Work, options: Options) -> None:
    """Hire threads as exchanges come, up to the window."""
    _crew.work(frontier, options, options.concurrency)
