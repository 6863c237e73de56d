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
    "hangs": "import os, pathlib, time\n"
    "def run(frontier, options):\n"
    "    pathlib.Path(os.environ.get('TMPDIR', '/tmp'), 'hangs.pid').write_text(str(os.getpid()))\n"
    "    time.sleep(3600)\n",
    "idles": "def run(frontier, options):\n    pass\n",
    "asks-unpatched": "import socket, sys\nfrom fetchmux.backends.threads import run\n"
    "assert 'gevent' not in sys.modules and socket.socket.__module__ == 'socket'\n",
    # Every second answer goes to the request before it, and the other way round.
    "mixes": "import socket\n"
    "def fetched(exchange):\n"
    "    with socket.create_connection(exchange.address.sockaddr) as sock:\n"
    "        exchange.connected()\n"
    "        while exchange.outgoing:\n"
    "            exchange.sent(sock.send(exchange.outgoing))\n"
    "        return b''.join(iter(lambda: sock.recv(65536), b''))\n"
    "def run(frontier, options):\n"
    "    while not frontier.exhausted:\n"
    "        pair = [exchange for exchange in (frontier.take(), frontier.take()) if exchange]\n"
    "        for exchange, answer in zip(pair, reversed([fetched(exchange) for exchange in pair])):\n"
    "            exchange.feed(answer)\n"
    "            frontier.settle(exchange)\n",
    # The report's descriptor is the child's first argument.
    "babbles": "import os, sys\ndef run(frontier, options):\n"
    "    os.write(int(sys.argv[1]), b'{\"backend\": ')\n    os._exit(0)\n",
    "lingers": "import threading, time\nfrom fetchmux.backends import epoll_loop\n"
    "def run(frontier, options):\n"
    "    epoll_loop.run(frontier, options)\n"
    "    threading.Thread(target=time.sleep, args=(3600,)).start()\n",
    "lists-its-environment": "import os\ndef run(frontier, options):\n"
    "    raise RuntimeError(' '.join(sorted(os.environ)))\n",
    "chatters": f"print('hello')\n{_HONEST}",
    "twin": _HONEST,
    "lazy": "def run(frontier, options):\n"
    "    while not frontier.exhausted:\n"
    "        if exchange := frontier.take():\n"
    "            exchange.fail(TimeoutError())\n"
    "            frontier.settle(exchange)\n",
    # The child holds 200 MiB as long as the run goes on; the line tells when it does.
    "feeds-a-child": "import subprocess, sys\nfrom fetchmux.backends import epoll_loop\n"
    "held = 'x = bytearray(200 << 20); x[::4096] = x[::4096]; print(flush=True); input()'\n"
    "def run(frontier, options):\n"
    "    with subprocess.Popen([sys.executable, '-c', held], stdin=-1, stdout=-1) as child:\n"
    "        child.stdout.readline()\n"
    "        epoll_loop.run(frontier, options)\n"
    "        child.communicate(b'\\n')\n",
    "leaves-a-child": "import os, time\nfrom fetchmux.backends import epoll_loop\n"
    "def run(frontier, options):\n"
    "    if os.fork() == 0:\n"
    "        time.sleep(3600)\n"
    "    epoll_loop.run(frontier, options)\n",
}


def install(folder: Path, sources: dict[str, str] = SOURCES) -> str:
    """Lay strategies into `folder`; the value for PYTHONPATH with which they are found."""
    for name, source in sources.items():
        (folder / f"strange_{name.replace('-', '_')}.py").write_text(source)
    info = folder / "strange-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    rows = "".join(f"{name} = strange_{name.replace('-', '_')}\n" for name in sources)
    (info / "entry_points.txt").write_text(f"[fetchmux.backends]\n{rows}")
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
