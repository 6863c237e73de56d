"""What limits a strategy, and that its limit fails nothing."""

from __future__ import annotations

import pytest

from fetchmux.origin.launch import Origin
from fetchmux.rehearsal import Rehearsal, Scene

CROWD = 1_100


@pytest.fixture(scope="module")
def origin():
    with Origin() as origin:
        yield origin


def test_select_narrows_its_window_at_its_descriptor_limit_and_says_so_once(origin: Origin) -> None:
    urls = [origin.url(f"/delay/0.2?n={number}") for number in range(CROWD)]
    with Rehearsal("select") as rehearsal:
        outcome = rehearsal.play(Scene(urls=urls, options={"concurrency": CROWD, "body": "discard"}))
    assert sum(result.ok for result in outcome.results) == CROWD
    (notice,) = outcome.notices
    assert notice.startswith("the window is narrowed to 1,0")
    assert notice.endswith("select watches no descriptor above 1,023")


@pytest.mark.parametrize("backend", ["epoll", "gevent"])
def test_a_thousand_slow_replies_are_awaited_at_once(backend: str, origin: Origin) -> None:
    """1,000 URLs that take 1 s each, at a window of 1,000: every record is ok and none waited for a slot."""
    urls = [origin.url(f"/delay/1?n={number}") for number in range(1_000)]
    with Rehearsal(backend) as rehearsal:
        outcome = rehearsal.play(Scene(urls=urls, options={"concurrency": 1_000, "body": "discard"}))
    assert sum(result.ok for result in outcome.results) == 1_000
    assert outcome.notices == []
    assert not any(result.reused for result in outcome.results)
