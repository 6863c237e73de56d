"""From a URL to the name of a file that can be nowhere but in the directory meant for it. Pure.

The rules are those of the strictest of the usual file systems, so that what was saved can be copied anywhere.
"""

from __future__ import annotations

import hashlib
import re
import string
from urllib.parse import unquote_to_bytes

from fetchmux.errors import UsageError
from fetchmux.model import Request

DEFAULT = "{host}/{path}"
# What Linux and most others take as one name, in bytes, with room for a number and for the suffix of a partial file.
_LONGEST = 230
_LONGEST_PATH = 1_000
_HASH = 12
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")

FIELDS = ("index", "id", "scheme", "host", "port", "path", "dir", "stem", "ext", "query", "hash")


def check(template: str) -> None:
    """Raise UsageError unless a template's fields are known ones and it names a file below the directory."""
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
    except ValueError as error:
        raise UsageError(f"the name {template!r} is no template: {error}") from None
    for field in fields:
        if field not in FIELDS:
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise UsageError(f"the name {template!r} has an unknown field {{{field}}}: there are {known}")
    if not fields:
        raise UsageError(f"the name {template!r} is the same for all: it needs a field, such as {{index}}")


def name_of(request: Request, template: str) -> str:
    """Where the body of a request is saved, relative to the directory; never absolute, never with `..`.

    Fields are made safe one by one, and the whole once more, since a template may hold anything.
    """
    url = request.url
    assert url is not None
    path, _, query = url.target.partition("?")
    *folders, last = [_heard(part) for part in path.lstrip("/").split("/")]
    stem, ext = _split(_safe(last or "index.html"))
    folder = "".join(_safe(part) + "/" for part in folders if part)
    told = f"@{_safe(_heard(query))}" if query else ""
    fields = {
        "index": request.index, "id": _safe(str(request.id or request.index)), "scheme": url.origin.scheme,
        "host": _safe(url.origin.name[0]), "port": url.origin.name[1], "dir": folder, "stem": stem, "ext": ext,
        "query": told, "path": f"{folder}{stem}{told}{ext}", "hash": _hash(url.text),
    }  # fmt: skip
    parts = [_cut(_safe(part), url.text) for part in template.format(**fields).split("/") if part]
    name = "/".join(parts) or _hash(url.text)
    return name if len(name.encode()) <= _LONGEST_PATH else _hash(url.text) + ext


def numbered(name: str, number: int) -> str:
    """Another name of the same kind: `a/b-1.html` after `a/b.html`."""
    if not number:
        return name
    folder, slash, last = name.rpartition("/")
    stem, ext = _split(last)
    return f"{folder}{slash}{stem}-{number}{ext}"


def _heard(text: str) -> str:
    """Percent-encoding undone; bytes that are no UTF-8 stay encoded."""
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


def _safe(text: str) -> str:
    """One name without a character or a form that a file system takes for something else."""
    text = _FORBIDDEN.sub("_", text).rstrip(". ").lstrip(" ")
    if text.startswith("."):
        # Neither hidden nor `..`.
        text = "_" + text[1:]
    if not text or _RESERVED.fullmatch(text):
        text = "_" + text
    return text


def _split(name: str) -> tuple[str, str]:
    stem, dot, rest = name.rpartition(".")
    ext = dot + rest
    return (stem, ext) if stem and _EXTENSION.fullmatch(ext) else (name, "")


def _cut(name: str, url: str) -> str:
    """A long name loses its middle to a hash of the URL, so that it stays one of its own."""
    if len(name.encode()) <= _LONGEST:
        return name
    stem, ext = _split(name)
    kept = stem.encode()[: _LONGEST - _HASH - len(ext) - 1].decode(errors="ignore")
    return f"{kept}~{_hash(url)}{ext}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH]
