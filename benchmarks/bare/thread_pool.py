"""A fixed set of threads, straight."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from benchmarks.bare.conversation import arguments
from benchmarks.bare.sequential import fetch

if __name__ == "__main__":
    urls, window = arguments()
    with ThreadPoolExecutor(window) as pool:
        for _ in pool.map(fetch, urls):
            pass
