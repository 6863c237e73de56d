"""Misbehaviours in the head of a reply, and oddities there that a client must put up with. Each is one function."""

from __future__ import annotations

from fetchmux.origin.bad.visit import BODY, Visit, behaviour, head, proper

_LENGTH = f"Content-Length: {len(BODY)}"
_DRIP = 0.02


@behaviour("junk")
def junk(visit: Visit) -> None:
    """Answer with bytes that are no HTTP."""
    visit.say(b"\x16\x03\x01 220 smtp.example ready\r\n\x00\xff\xfe and more of that kind\r\n\r\n")


@behaviour("http09")
def http09(visit: Visit) -> None:
    """Answer as HTTP/0.9 did: a document without a status line."""
    visit.say(b"<!DOCTYPE html>\n<title>1991</title>\n<p>A document, and nothing before it.\n")


@behaviour("half-head")
def half_head(visit: Visit) -> None:
    """Close in the middle of the head."""
    visit.say(head(_LENGTH)[:-12])


@behaviour("drip-head")
def drip_head(visit: Visit) -> None:
    """Send a head that never ends, one byte every 20 ms."""
    for byte in head("X-Endless: ").rstrip():
        visit.say(bytes([byte]))
        visit.pause(_DRIP)
    while True:
        visit.say(b"a")
        visit.pause(_DRIP)


@behaviour("huge-head")
def huge_head(visit: Visit) -> None:
    """Send 2 MiB of fields before the head ends and the body comes."""
    visit.say(head(_LENGTH).removesuffix(b"\r\n"))
    field = b"X-Huge: " + b"h" * 1014 + b"\r\n"
    for _ in range(128):
        visit.say(field * 16)
    visit.say(b"\r\n" + BODY)


@behaviour("many-fields")
def many_fields(visit: Visit) -> None:
    """Send 6,000 short fields in a head of modest size."""
    visit.say(head(_LENGTH, *(f"X-{number}: 1" for number in range(6000))) + BODY)


@behaviour("two-lengths")
def two_lengths(visit: Visit) -> None:
    """Claim two different lengths."""
    visit.say(head(_LENGTH, "Content-Length: 5") + BODY)


@behaviour("same-lengths")
def same_lengths(visit: Visit) -> None:
    """Claim the same length twice, which is one length."""
    visit.say(head(_LENGTH, _LENGTH) + BODY)


@behaviour("bad-length")
def bad_length(visit: Visit) -> None:
    """Claim a length that is no number."""
    visit.say(head("Content-Length: five") + BODY)


@behaviour("nul-head")
def nul_head(visit: Visit) -> None:
    """Have a NUL byte in a field."""
    visit.say(head(_LENGTH, "X-Nul: a\x00b") + BODY)


@behaviour("stray-cr")
def stray_cr(visit: Visit) -> None:
    """Have a CR in a field that no LF follows."""
    visit.say(head(_LENGTH, "X-Stray: a\rb") + BODY)


@behaviour("no-colon")
def no_colon(visit: Visit) -> None:
    """Have a line without a colon among the fields."""
    visit.say(head("This is no field", _LENGTH) + BODY)


@behaviour("fold")
def fold(visit: Visit) -> None:
    """Continue a field on a second line, as was once allowed."""
    visit.say(head("X-Folded: one\r\n  two", _LENGTH) + BODY)


@behaviour("bare-lf")
def bare_lf(visit: Visit) -> None:
    """End the lines of the head with a bare LF."""
    visit.say(head(_LENGTH).replace(b"\r\n", b"\n") + BODY)


@behaviour("informational")
def informational(visit: Visit) -> None:
    """Send 100 and 103 before the 200."""
    visit.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    visit.say(proper(visit, keep=False))


@behaviour("no-content")
def no_content(visit: Visit) -> None:
    """Send stray bytes after a 204, and keep the connection if asked."""
    visit.say(head(f"Connection: {'keep-alive' if visit.request.keeps else 'close'}", status="204 No Content") + BODY)
    visit.stays = visit.request.keeps


@behaviour("not-modified")
def not_modified(visit: Visit) -> None:
    """Send a 304 with the length that the body would have, and rightly no body."""
    visit.say(head("Content-Length: 1000", "Connection: close", status="304 Not Modified"))
