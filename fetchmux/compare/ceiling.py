"""Calibration: what the embedded origin can do at a cell's window and size, found with a bare loop."""

from __future__ import annotations

import re

import msgspec

from fetchmux.compare import launch, measure
from fetchmux.compare.bare import Answer, Order
from fetchmux.compare.cell import Ceiling, Setting
from fetchmux.origin.launch import Origin

# Enough replies to see a rate, in few enough seconds.
_FEWEST = 1_000
_DELAY = re.compile(r"delay=[^&]*&?|&?lossy=[^&]*")


def calibrate(setting: Setting, origin: Origin) -> Ceiling | None:
    """The origin's ceiling in this cell, or None where a bare loop cannot tell: behind TLS, or when it fails."""
    if setting.tls:
        return None
    hurried = [_DELAY.sub("", path) for path in setting.urls]
    # A megabyte a reply needs no thousand of them.
    count = max(setting.requests, min(_FEWEST, _FEWEST * 64 * 1024 // max(1, setting.size)))
    before = measure.cpu_of(origin.pid)
    free = _bare(setting, origin, hurried, count)
    after = measure.cpu_of(origin.pid)
    paced = _bare(setting, origin, [re.sub(r"&lossy=\d+", "", path) for path in setting.urls], setting.requests)
    if free is None or paced is None:
        return None
    served = None if before is None or after is None else (after - before) / free.wall
    return Ceiling(count / free.wall, paced.wall, free.cpu / free.wall, served)


def _bare(setting: Setting, origin: Origin, paths: list[str], count: int) -> Answer | None:
    keep_alive = bool(setting.options.get("keep_alive"))
    order = Order(origin.address, paths, count, setting.concurrency, keep_alive)
    answer = launch.ask("bare", msgspec.json.encode(order), setting.limit)
    try:
        return msgspec.json.decode(answer, type=Answer)
    except msgspec.MsgspecError:
        return None
