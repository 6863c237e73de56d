"""What a misbehaviour is given and how it is named: the `Visit` of one client, and the registry of behaviours.

Knows the form of a proper reply, so that each behaviour shows only what it does wrong. Knows no socket: the bad server
stands behind `Visit`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fetchmux.origin.request import Request

BODY = b"A small body, told in full.\n"


class Visit(Protocol):
    """One request of one client, and the means to treat it well or badly."""

    request: Request
    stays: bool  # Set it to have the next request of the same connection read; otherwise the connection is closed.

    def say(self, data: bytes) -> None:
        """Send bytes; a client that has left ends the visit."""

    def pause(self, seconds: float) -> None:
        """Do nothing for a while; 0 gives the other visits their turn."""

    def hold(self) -> None:
        """Say nothing until the client leaves."""

    def await_more(self) -> None:
        """Wait until the client has sent another request, or has left."""

    def reset(self) -> None:
        """Have the connection end with RST instead of FIN."""


Behaviour = Callable[[Visit], None]

REGISTRY: dict[str, Behaviour] = {}
IMPATIENT: set[str] = set()  # The behaviours that answer without having read the request's body.


def behaviour(name: str, reads_body: bool = True) -> Callable[[Behaviour], Behaviour]:
    """Enter a function in the registry as the behaviour at `/name`."""

    def enter(function: Behaviour) -> Behaviour:
        REGISTRY[name] = function
        if not reads_body:
            IMPATIENT.add(name)
        return function

    return enter


def head(*fields: str, status: str = "200 OK", version: str = "1.1") -> bytes:
    """Return a reply's head with a type, the given fields and the empty line."""
    lines = [f"HTTP/{version} {status}", "Content-Type: text/plain; charset=utf-8", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def proper(visit: Visit, body: bytes = BODY, status: str = "200 OK", keep: bool = True) -> bytes:
    """Return a proper reply with a length, which keeps the connection if it was asked to and `keep` agrees."""
    connection = "keep-alive" if keep and visit.request.keeps else "close"
    start = head(f"Content-Length: {len(body)}", f"Connection: {connection}", status=status)
    return start if visit.request.method == "HEAD" else start + body
