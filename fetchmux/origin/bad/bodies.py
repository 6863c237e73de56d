"""Misbehaviours in the body of a reply, and every proper way to frame one. Each is one function."""

from __future__ import annotations

from fetchmux.origin import filler
from fetchmux.origin.bad.visit import BODY, Visit, behaviour, head, proper

BIG = 5 * 1024 * 1024
_CHUNKED = "Transfer-Encoding: chunked"
_DRIP = 0.02


@behaviour("ok")
def ok(visit: Visit) -> None:
    """Answer as one should, with a small body and its length, and close."""
    visit.say(proper(visit, keep=False))


@behaviour("close-delimited")
def close_delimited(visit: Visit) -> None:
    """End the body by closing, without a length."""
    visit.say(head("Connection: close") + BODY)


@behaviour("chunked")
def chunked(visit: Visit) -> None:
    """Send the body in chunks, with an extension and a trailer."""
    visit.say(head(_CHUNKED, "Connection: close") + _chunks(BODY, b";note=first") + b"0\r\nX-Trailer: yes\r\n\r\n")


@behaviour("chunked-1.0")
def chunked_in_1_0(visit: Visit) -> None:
    """Send chunks and claim to speak HTTP/1.0."""
    visit.say(head(_CHUNKED, "Connection: close", version="1.0") + _chunks(BODY) + b"0\r\n\r\n")


@behaviour("short")
def short(visit: Visit) -> None:
    """Promise a longer body than is sent."""
    visit.say(head(f"Content-Length: {len(BODY) + 100}") + BODY)


@behaviour("chunk-short")
def chunk_short(visit: Visit) -> None:
    """Close before the last chunk."""
    visit.say(head(_CHUNKED) + _chunks(BODY))


@behaviour("bad-chunk")
def bad_chunk(visit: Visit) -> None:
    """Give a chunk a size that is no number."""
    visit.say(head(_CHUNKED) + _chunks(BODY) + b"zz\r\n" + BODY + b"\r\n0\r\n\r\n")


@behaviour("drip")
def drip(visit: Visit) -> None:
    """Send a body without length or end, one byte every 20 ms."""
    visit.say(head())
    while True:
        visit.say(b"d")
        visit.pause(_DRIP)


@behaviour("stall-body")
def stall_body(visit: Visit) -> None:
    """Send half of the body and then nothing more."""
    visit.say(_half())
    visit.hold()


@behaviour("reset-body")
def reset_body(visit: Visit) -> None:
    """Send half of the body and reset the connection a moment later."""
    visit.say(_half())
    # A reset may overtake bytes that the client has not read yet.
    visit.pause(0.05)
    visit.reset()


@behaviour("trailing")
def trailing(visit: Visit) -> None:
    """Send extra bytes after a complete reply, and keep the connection if asked."""
    visit.say(proper(visit) + b"Bytes that belong to nothing.\n")
    visit.stays = visit.request.keeps


@behaviour("big")
def big(visit: Visit) -> None:
    """Send 5 MiB with their length."""
    visit.say(head(f"Content-Length: {BIG}", "Connection: close"))
    for piece in filler.pieces(0, 0, BIG):
        visit.say(bytes(piece))
        visit.pause(0)


@behaviour("endless")
def endless(visit: Visit) -> None:
    """Send a body without length or end, as fast as it is read."""
    visit.say(head())
    while True:
        visit.say(filler.period(0))
        visit.pause(0)


def _half() -> bytes:
    return head(f"Content-Length: {len(BODY)}") + BODY[: len(BODY) // 2]


def _chunks(body: bytes, extension: bytes = b"") -> bytes:
    """Return a body in three chunks, without the last, empty one; the first one carries the extension."""
    parts = [body[:5], body[5:15], body[15:]]
    extensions = [extension, b"", b""]
    return b"".join(b"%x%b\r\n%b\r\n" % (len(part), more, part) for part, more in zip(parts, extensions, strict=True))
