"""fetchmux: fetch many URLs at once, by the strategy you name, and find out which one deserves it.

    from fetchmux import Mux, fetch, limits, stream

The names are loaded when they are used, so that the command line starts quickly and gevent can come first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fetchmux.errors import Code, FetchmuxError, Phase, UsageError
    from fetchmux.library import Mux, fetch, limits, stream
    from fetchmux.model import Result
    from fetchmux.session import Tally
    from fetchmux.settings import Network, Options

__all__ = ["Code", "FetchmuxError", "Mux", "Network", "Options", "Phase", "Result", "Tally", "UsageError", "fetch",
           "limits", "stream"]  # fmt: skip

_PLACES = {
    "errors": ("Code", "FetchmuxError", "Phase", "UsageError"),
    "library": ("Mux", "fetch", "limits", "stream"),
    "model": ("Result",),
    "session": ("Tally",),
    "settings": ("Network", "Options"),
}


def __getattr__(name: str) -> Any:
    """Load a public name from where it lives."""
    import importlib

    for module, names in _PLACES.items():
        if name in names:
            return getattr(importlib.import_module(f"fetchmux.{module}"), name)
    raise AttributeError(f"module 'fetchmux' has no attribute {name!r}")
