"""Strange strategies, installed by entry points, to see what a comparison makes of them."""

from __future__ import annotations

import os
from pathlib import Path

# A strategy that works, in the fewest lines: the built-in one under another name.
_HONEST = "from fetchmux.backends.epoll_loop import run\n"

SOURCES = {
    "crashes": "def run(frontier, options):\n    raise RuntimeError('it broke')\n",
    "leaves": "import os\ndef run(frontier, options):\n    os._exit(0)\n",
    "killed": "import os\ndef run(frontier, options):\n    os.kill(os.getpid(), 9)\n",
    "hangs": "import time\ndef run(frontier, options):\n    time.sleep(3600)\n",
    "chatters": f"print('hello')\n{_HONEST}",
    "twin": _HONEST,
    "lazy": "def run(frontier, options):\n"
    "    while not frontier.exhausted:\n"
    "        if exchange := frontier.take():\n"
    "            exchange.fail(TimeoutError())\n"
    "            frontier.settle(exchange)\n",
    "leaves-a-child": "import os, time\nfrom fetchmux.backends import epoll_loop\n"
    "def run(frontier, options):\n"
    "    if os.fork() == 0:\n"
    "        time.sleep(3600)\n"
    "    epoll_loop.run(frontier, options)\n",
}


def install(folder: Path) -> str:
    """Lay the strategies into `folder`; the value for PYTHONPATH with which they are found."""
    for name, source in SOURCES.items():
        (folder / f"strange_{name.replace('-', '_')}.py").write_text(source)
    info = folder / "strange-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    rows = "".join(f"{name} = strange_{name.replace('-', '_')}\n" for name in SOURCES)
    (info / "entry_points.txt").write_text(f"[fetchmux.backends]\n{rows}")
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
