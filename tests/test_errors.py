"""Every accident has one name, whoever noticed it."""

from __future__ import annotations

import errno
import os

import pytest

from fetchmux.errors import LOST, SCARCITY, Code, FetchError, FetchmuxError, Phase, UsageError, classify

ALL_PHASES = pytest.mark.parametrize("phase", list(Phase))


def test_the_codes_are_those_of_the_contract():
    assert " ".join(Code) == (
        "bad-url bad-request resolve-failed address-blocked connect-refused connect-failed tls-failed proxy-failed "
        "timeout connection-lost empty-reply malformed-head head-too-large malformed-body truncated-body "
        "body-too-large undecodable-body too-many-redirects bad-redirect save-failed cancelled internal"
    )


def test_the_phases_are_those_of_the_contract():
    assert " ".join(Phase) == "input resolve connect tls send head body save"


def test_codes_and_phases_are_spelled_as_scripts_read_them():
    assert f"{Code.TIMEOUT} {Phase.HEAD}" == "timeout head"


def test_whatever_is_raised_on_purpose_has_one_root():
    assert issubclass(FetchError, FetchmuxError)
    assert issubclass(UsageError, FetchmuxError)
    assert str(FetchError(Code.TIMEOUT, "too slow")) == "too slow"


@pytest.mark.parametrize(
    ("number", "code", "phase"),
    [
        (errno.ECONNREFUSED, Code.CONNECT_REFUSED, Phase.CONNECT),
        (errno.EHOSTUNREACH, Code.CONNECT_FAILED, Phase.CONNECT),
        (errno.ENETUNREACH, Code.CONNECT_FAILED, Phase.CONNECT),
        (errno.EADDRNOTAVAIL, Code.CONNECT_FAILED, Phase.CONNECT),
        (errno.EACCES, Code.CONNECT_FAILED, Phase.CONNECT),
        (errno.ETIMEDOUT, Code.TIMEOUT, Phase.CONNECT),
        # These come only after the peer has accepted: whether before or after the first send is chance.
        (errno.ECONNRESET, Code.CONNECTION_LOST, Phase.SEND),
        (errno.EPIPE, Code.CONNECTION_LOST, Phase.SEND),
        (errno.ECONNABORTED, Code.CONNECTION_LOST, Phase.SEND),
        (errno.ESHUTDOWN, Code.CONNECTION_LOST, Phase.SEND),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else None,
)
def test_a_connection_that_fails_is_named_by_its_errno(number: int, code: Code, phase: Phase):
    error = classify(OSError(number, "words of some library"), Phase.CONNECT)
    assert (error.code, error.phase, error.message) == (code, phase, os.strerror(number))


@pytest.mark.parametrize("phase", [Phase.TLS, Phase.SEND, Phase.HEAD, Phase.BODY])
@pytest.mark.parametrize("number", sorted({*LOST, errno.EHOSTUNREACH, errno.ECONNREFUSED, errno.EIO}))
def test_a_connection_that_stood_was_lost(number: int, phase: Phase):
    error = classify(OSError(number, "words"), phase)
    assert (error.code, error.phase, error.message) == (Code.CONNECTION_LOST, phase, os.strerror(number))


@ALL_PHASES
def test_a_timeout_is_one_whatever_its_origin(phase: Phase):
    for timeout in (TimeoutError(), TimeoutError("timed out"), TimeoutError(errno.ETIMEDOUT, "x")):
        error = classify(timeout, phase)
        assert (error.code, error.phase) == (Code.TIMEOUT, phase)
        assert error.message


@ALL_PHASES
def test_a_failure_that_has_a_name_keeps_it(phase: Phase):
    error = classify(FetchError(Code.TLS_FAILED, "no trust"), phase)
    assert (error.code, error.phase, error.message) == (Code.TLS_FAILED, phase, "no trust")
    error = classify(FetchError(Code.TLS_FAILED, "no trust", Phase.TLS), phase)
    assert (error.code, error.phase, error.message) == (Code.TLS_FAILED, Phase.TLS, "no trust")


def test_naming_a_failure_changes_it_not():
    """One failure may end many inputs."""
    original = FetchError(Code.CANCELLED, "stop")
    assert classify(original, Phase.BODY) is not original
    assert original.phase is None


@ALL_PHASES
def test_what_nobody_foresaw_is_internal_and_says_what_it_was(phase: Phase):
    error = classify(ValueError("no such thing"), phase)
    assert (error.code, error.phase, error.message) == (Code.INTERNAL, phase, "ValueError: no such thing")


def test_an_os_error_without_a_number_keeps_its_words():
    assert classify(OSError("words"), Phase.CONNECT).message == "words"
    assert classify(OSError(), Phase.CONNECT).message == "OSError"
    assert classify(TimeoutError(), Phase.CONNECT).message == "TimeoutError"


def test_want_of_descriptors_is_no_loss_of_a_connection():
    assert {errno.EMFILE, errno.ENFILE} <= SCARCITY
    assert not SCARCITY & LOST
