"""A thread for each request, straight."""

from __future__ import annotations

import threading

from benchmarks.bare.conversation import arguments
from benchmarks.bare.sequential import fetch


def main() -> None:
    """Start a thread for each URL, as many at once as the window says."""
    urls, window = arguments()
    slots = threading.Semaphore(window)

    def work(url: str) -> None:
        fetch(url)
        slots.release()

    threads = []
    for url in urls:
        slots.acquire()
        thread = threading.Thread(target=work, args=(url,))
        thread.start()
        threads.append(thread)
        if len(threads) > 2 * window:
            threads = [thread for thread in threads if thread.is_alive()]
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
