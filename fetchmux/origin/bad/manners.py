"""Misbehaviours of the connection: when it answers, whether it does, and how it parts. Each is one function."""

from __future__ import annotations

from fetchmux.origin.bad.visit import Visit, behaviour, proper


@behaviour("empty")
def empty(visit: Visit) -> None:
    """Close without a byte."""


@behaviour("reset")
def reset(visit: Visit) -> None:
    """Reset the connection without a byte."""
    visit.reset()


@behaviour("never")
def never(visit: Visit) -> None:
    """Never answer, and hold the connection open."""
    visit.hold()


@behaviour("slow")
def slow(visit: Visit) -> None:
    """Answer properly after 0.3 s."""
    visit.pause(0.3)
    visit.say(proper(visit, keep=False))


@behaviour("early-413", reads_body=False)
def early_413(visit: Visit) -> None:
    """Answer 413 at once and close without having read the request's body."""
    visit.say(proper(visit, b"Too much.\n", "413 Content Too Large", keep=False))


@behaviour("keep")
def keep(visit: Visit) -> None:
    """Keep the connection, if asked, for as many requests as the client likes."""
    visit.say(proper(visit))
    visit.stays = visit.request.keeps


@behaviour("keep-then-close")
def keep_then_close(visit: Visit) -> None:
    """Promise to keep the connection and close it a few milliseconds later."""
    visit.say(proper(visit))
    visit.pause(0.005)


@behaviour("keep-then-drop")
def keep_then_drop(visit: Visit) -> None:
    """Promise to keep the connection and close it when the next request is there."""
    visit.say(proper(visit))
    if visit.request.keeps:
        visit.await_more()
