"""Names of failures: a closed list of codes and phases, and the one rule that turns an exception into one of them.

Knows the standard exceptions of sockets and nothing of fetchmux. A strategy hands over whatever it caught; the
record shows what `classify` makes of it, so that the same accident has the same name under every strategy.
"""

from __future__ import annotations

import errno
import os
from enum import StrEnum


class Code(StrEnum):
    """What went wrong, as scripts read it in `error.code`. The list is closed: adding one changes the contract."""

    BAD_URL = "bad-url"
    BAD_REQUEST = "bad-request"
    RESOLVE_FAILED = "resolve-failed"
    ADDRESS_BLOCKED = "address-blocked"
    CONNECT_REFUSED = "connect-refused"
    CONNECT_FAILED = "connect-failed"
    TLS_FAILED = "tls-failed"
    PROXY_FAILED = "proxy-failed"
    TIMEOUT = "timeout"
    CONNECTION_LOST = "connection-lost"
    EMPTY_REPLY = "empty-reply"
    MALFORMED_HEAD = "malformed-head"
    HEAD_TOO_LARGE = "head-too-large"
    MALFORMED_BODY = "malformed-body"
    TRUNCATED_BODY = "truncated-body"
    BODY_TOO_LARGE = "body-too-large"
    UNDECODABLE_BODY = "undecodable-body"
    TOO_MANY_REDIRECTS = "too-many-redirects"
    BAD_REDIRECT = "bad-redirect"
    SAVE_FAILED = "save-failed"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


class Phase(StrEnum):
    """How far a fetch had come, as scripts read it in `error.phase`."""

    INPUT = "input"
    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    SEND = "send"
    HEAD = "head"
    BODY = "body"
    SAVE = "save"


class FetchmuxError(Exception):
    """The root of everything that fetchmux raises on purpose."""


class UsageError(FetchmuxError):
    """The caller asked for something that cannot be: one clear line, exit status 2, nothing was fetched."""


class FetchError(FetchmuxError):
    """One input failed.

    Attributes:
        code: what went wrong.
        phase: how far the fetch had come; None means the phase that the exchange was in.
        message: one sentence for a person, without credentials.
        passing: another attempt may do better, whatever is usual for the code.
    """

    def __init__(self, code: Code, message: str, phase: Phase | None = None, *, passing: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.phase = phase
        self.message = message
        self.passing = passing


# Out of descriptors (or of threads, which the threads strategy reports in the same words): no fault of any URL.
SCARCITY = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

# The kernel ended a connection that had been established; while connecting, only these can mean "after the handshake".
LOST = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN})


def classify(exception: BaseException, phase: Phase) -> FetchError:
    """Name the failure that `exception` means for an exchange that had come to `phase`."""
    if isinstance(exception, FetchError):
        return FetchError(exception.code, exception.message, exception.phase or phase, passing=exception.passing)
    if isinstance(exception, TimeoutError):
        return FetchError(Code.TIMEOUT, _sentence(exception), phase)
    if not isinstance(exception, OSError):
        return FetchError(Code.INTERNAL, f"{type(exception).__name__}: {exception}", phase)
    if phase is not Phase.CONNECT:
        return FetchError(Code.CONNECTION_LOST, _sentence(exception), phase)
    if exception.errno in LOST:
        # The peer accepted and hung up at once; whether a strategy notices before or after its first send is chance.
        return FetchError(Code.CONNECTION_LOST, _sentence(exception), Phase.SEND)
    refused = exception.errno == errno.ECONNREFUSED
    return FetchError(Code.CONNECT_REFUSED if refused else Code.CONNECT_FAILED, _sentence(exception), phase)


def _sentence(exception: OSError) -> str:
    """The system's words for an errno, which do not depend on the library that raised it."""
    return os.strerror(exception.errno) if exception.errno else str(exception) or type(exception).__name__
