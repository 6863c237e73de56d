"""The query parameters that work on every path: `delay`, `jitter`, `size`, `seed`, `lossy`, checked before believed.

Knows numbers and their bounds; no page and no request. Numbers are read by a pattern, since float() and int() also
take `nan`, `1_0` and digits of other scripts.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

MAX_DELAY = 3600
MAX_SIZE = 1 << 30
MAX_LOSSY = 1 << 20
MAX_SEED = (1 << 63) - 1

_SECONDS = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{0,24})?|\.[0-9]{1,24})(?:[eE][+-]?[0-9]{1,3})?")
_COUNT = re.compile(r"[0-9]{1,24}")


class BadValue(ValueError):
    """A value that a path or a query cannot have; the text is a sentence for the client."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """A query, read: `delay` and `jitter` in seconds, `size` in bytes or None; of `lossy` requests two fail.

    `others` are all parameters as text.
    """

    delay: float
    jitter: float
    size: int | None
    seed: int
    lossy: int
    others: dict[str, str]


def read(query: str) -> Knobs:
    """Read a query string; of a repeated parameter the last one counts."""
    given = dict(parse_qsl(query, keep_blank_values=True, errors="replace"))
    return Knobs(
        delay=seconds("delay", given.get("delay", "0")),
        jitter=seconds("jitter", given.get("jitter", "0")),
        size=count("size", given["size"], MAX_SIZE) if "size" in given else None,
        seed=count("seed", given.get("seed", "0"), MAX_SEED),
        lossy=count("lossy", given.get("lossy", "0"), MAX_LOSSY),
        others=given,
    )


def seconds(what: str, text: str) -> float:
    """Read a time in seconds, at most an hour."""
    if not _SECONDS.fullmatch(text) or float(text) > MAX_DELAY:
        raise BadValue(f"{what} is a number of seconds from 0 to {MAX_DELAY}, not {text[:40]!r}.")
    return float(text)


def count(what: str, text: str, most: int, least: int = 0) -> int:
    """Read a whole number between two bounds."""
    if not _COUNT.fullmatch(text) or not least <= int(text) <= most:
        raise BadValue(f"{what} is a whole number from {least} to {most}, not {text[:40]!r}.")
    return int(text)


def chance(seed: int, target: str) -> float:
    """Return a number in [0, 1), the same for the same arguments, so that a repeated run waits the same times."""
    digest = hashlib.blake2b(f"{seed} {target}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
