"""From the words of an option to its value: durations, sizes, header fields, data. One function for each.

Knows how curl spells them. What is wrong raises click.BadParameter, to which Click adds the option's name; no message
repeats a header's or a body's content, which may be secret.
"""

from __future__ import annotations

import errno
import os
import re
import sys

import click

from fetchmux.errors import FetchError, UsageError
from fetchmux.http.request import check_fields
from fetchmux.model import Headers
from fetchmux.settings import Name
from fetchmux.sinks.limit import Most

_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(ms|s|m|h)?", re.ASCII)
_SECONDS = {None: 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
# Beyond it the system's own timers overflow.
_LONGEST = 365 * 24 * 3600.0

_RATE = re.compile(r"(\d+\.?\d*|\.\d+)(?:/([smh]))?", re.ASCII)

_FAILURES = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(%)?", re.ASCII)

_STATUSES = re.compile(r"([1-9]\d\d)(?:-([1-9]\d\d))?", re.ASCII)

_SIZE = re.compile(r"(\d+)([KMGT])?", re.ASCII | re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_LARGEST = 1 << 62

# sun_path of struct sockaddr_un, without the NUL at its end: Linux has 108 bytes there, others 104.
_MOST_PATH = 107 if sys.platform == "linux" else 103


def duration(text: str) -> float:
    """Seconds from 10, 10s, 500ms, 2m or 1h."""
    match = _DURATION.fullmatch(text)
    value = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not value:
        raise click.BadParameter(f"{text!r} is no time above nought, such as 10, 2.5s, 500ms or 2m")
    if value > _LONGEST:
        raise click.BadParameter(f"{text!r} is longer than a year")
    return value


def delay(text: str) -> float:
    """Seconds, as `duration` reads them, or nought."""
    return 0.0 if re.fullmatch(r"0+(ms|s|m|h)?", text) else duration(text)


def size(text: str) -> int:
    """Bytes from 1024, 64K, 10M or 1G; the letters are powers of 1,024, as curl's are."""
    match = _SIZE.fullmatch(text)
    value = int(match[1][:30]) * 1024 ** _POWERS[(match[2] or "").upper()] if match else 0
    if not value:
        raise click.BadParameter(f"{text!r} is no size above nought, such as 1024, 64K, 10M or 1G")
    if value > _LARGEST:
        raise click.BadParameter(f"{text!r} is more than any memory holds")
    return value


def column(text: str) -> int | str:
    """The number of a column, from 1, or its name."""
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        return text
    if int(text) < 1:
        raise click.BadParameter("columns are counted from 1")
    return int(text)


def rate(text: str) -> float:
    """Requests a second from 100, 100/s, 90/m or 5000/h."""
    match = _RATE.fullmatch(text)
    value = float(match[1]) / _SECONDS[match[2]] if match else 0.0
    if not value:
        raise click.BadParameter(f"{text!r} is no rate above nought, such as 100/s or 90/m")
    return value


def fixed_address(text: str) -> tuple[Name, tuple[str, ...]]:
    """HOST:PORT:ADDRESS[,ADDRESS]..., as curl has it; an IPv6 address may stand in brackets."""
    # Late: most calls have no use for them.
    import ipaddress

    import can_ada

    host, port, addresses = [*text.split(":", 2), "", ""][:3]
    texts = tuple(address.strip("[]") for address in addresses.split(","))
    try:
        for address in texts:
            ipaddress.ip_address(address)
        number = int(port)
        ascii_host = can_ada.parse(f"http://{host}/").hostname
    except ValueError:
        raise click.BadParameter(f"{text!r} is not HOST:PORT:ADDRESS") from None
    return (ascii_host, number), texts


def failures(text: str) -> Most:
    """A number of failures, or with % a share of all results."""
    match = _FAILURES.fullmatch(text)
    if match is None or (match[2] and float(match[1]) > 100) or (not match[2] and "." in match[1]):
        raise click.BadParameter(f"{text!r} is neither a number of failures, such as 10, nor a share, such as 5%")
    return Most(share=float(match[1]) / 100) if match[2] else Most(number=int(match[1]))


def name(text: str) -> str:
    """The template of a file's name."""
    from fetchmux.sinks import names

    try:
        names.check(text)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None
    return text


def write_out(text: str) -> str:
    """A template of the record's fields."""
    from fetchmux.sinks import template

    try:
        template.read(text)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None
    return text


def statuses(text: str) -> tuple[tuple[int, int], ...]:
    """Rows of statuses from 200, 200-299 or 200-299,304: the first and the last of each."""
    rows = []
    for part in text.split(","):
        match = _STATUSES.fullmatch(part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise click.BadParameter(f"{text!r} is no list of statuses, such as 200-299,304")
        rows.append((int(match[1]), int(match[2] or match[1])))
    return tuple(rows)


def sha256(text: str) -> str:
    """A hash in hexadecimal."""
    from fetchmux.inputs.requests import is_sha256

    if not is_sha256(text):
        raise click.BadParameter("a SHA-256 is written as 64 hexadecimal digits")
    return text.lower()


def unix_socket(text: str) -> str:
    """The path of a socket, as long as the kernel's structure has room for."""
    if len(os.fsencode(text)) > _MOST_PATH:
        raise click.BadParameter(f"the path of a Unix socket has at most {_MOST_PATH} bytes")
    return text


def method(text: str) -> str:
    """A request's method, which is sent as it was written."""
    _check(text, ())
    return text


def user_agent(text: str) -> Headers:
    """The field of that name; without text it is not sent."""
    field = ("User-Agent", text or None)
    _check("GET", (field,))
    return (field,)


def header(text: str) -> Headers:
    """One field, or with @FILE one from each line: `Name: value`, `Name:` (send none) or `Name;` (send it empty)."""
    if not text.startswith("@"):
        return (_field(text),)
    lines = _read(text[1:]).decode("utf-8", "surrogateescape").split("\n")
    return tuple(_field(line.removesuffix("\r")) for line in lines if line.strip())


def data(text: str) -> bytes:
    """Bytes of a body; those of @FILE lose CR, LF and NUL, as they do in curl."""
    return _read(text[1:]).translate(None, b"\r\n\0") if text.startswith("@") else os.fsencode(text)


def data_binary(text: str) -> bytes:
    """Bytes of a body; those of @FILE stay as they are."""
    return _read(text[1:]) if text.startswith("@") else os.fsencode(text)


def _field(text: str) -> tuple[str, str | None]:
    name, colon, value = text.partition(":")
    if not colon:
        name, semicolon, rest = text.partition(";")
        if not semicolon or rest.strip():
            raise click.BadParameter("a field is written 'Name: value', 'Name:' to send none, 'Name;' to send it empty")
    field = (name, value.strip(" \t") or (None if colon else ""))
    _check("GET", (field,))
    return field


def _check(method: str, fields: Headers) -> None:
    """Refuse what could not be sent in any request."""
    try:
        check_fields(method, fields)
    except FetchError as error:
        raise click.BadParameter(error.message) from None


def _read(name: str) -> bytes:
    try:
        if name == "-":
            if sys.stdin is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            return sys.stdin.buffer.read()
        with open(name, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"cannot read {name!r}: {getattr(error, 'strerror', None) or error}") from None
