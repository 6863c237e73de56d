"""The blocking script under gevent's monkey patching, straight."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

from gevent.pool import Pool  # noqa: E402

from benchmarks.bare.conversation import arguments  # noqa: E402
from benchmarks.bare.sequential import fetch  # noqa: E402

if __name__ == "__main__":
    urls, window = arguments()
    pool = Pool(window)
    for _ in pool.imap_unordered(fetch, urls):
        pass
