"""The catalogue of behaviours: what the bad origin can do, by the name in the path.

The behaviours themselves are in `heads`, `bodies` and `manners`; importing those fills the registry.
Loads no gevent, so that a test may take the names from here.
"""

from __future__ import annotations

import http
import re

from fetchmux.origin.bad import bodies, heads, manners
from fetchmux.origin.bad.visit import REGISTRY, Behaviour, Visit, proper

# Named so that the imports are seen to be needed.
_SOURCES = (bodies, heads, manners)

NAMES: tuple[str, ...] = tuple(sorted(REGISTRY))
"""Every name but the family `status-NNN`, which `find` knows as well."""

_STATUS = re.compile(r"status-([2-9][0-9][0-9])")


def find(name: str) -> Behaviour | None:
    """Return the behaviour of a name, or None."""
    if number := _STATUS.fullmatch(name):
        return status(int(number[1]))
    return REGISTRY.get(name)


def meaning(name: str) -> str:
    """Return the sentence that says what a behaviour does."""
    found = find(name)
    return (found.__doc__ or "") if found else ""


def status(number: int) -> Behaviour:
    """Return the behaviour that answers with a status."""
    phrase = next((known.phrase for known in http.HTTPStatus if known == number), "Unknown")

    def answer(visit: Visit) -> None:
        """Answer properly with the status in its name."""
        body = b"" if number in (204, 205, 304) else f"{number} {phrase}\n".encode()
        visit.say(proper(visit, body, f"{number} {phrase}", keep=False))

    return answer
