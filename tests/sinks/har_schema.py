"""What the specification of HAR 1.2 asks of a file, as JSON Schema, as far as fetchmux makes use of it.

The published schema comes in no package of Python's, so this one says the same in our words, and is closed where that
is open: a field of one's own begins with an underscore.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

_TEXT = {"type": "string"}
_SIZE = {"type": "integer", "minimum": -1}
_TIME = {"type": "number", "minimum": -1}
_BOOLEAN = {"type": "boolean"}
_MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
# An absolute URL has no blank in it (RFC 3986, 2), and the specification adds that the fragment is not included.
_URL = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s#]+$"}
# Needs a validator that checks formats: without one, both are true of any text, and `oneOf` of none.
_ADDRESS = {"type": "string", "oneOf": [{"format": "ipv4"}, {"format": "ipv6"}]}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _closed(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": {"comment": _TEXT, **properties},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


_PAIRS = _list(_closed("name value", name=_TEXT, value=_TEXT))
_MESSAGE: dict[str, Any] = {
    "httpVersion": _TEXT,
    "cookies": _list(_closed(
        "name value", name=_TEXT, value=_TEXT, path=_TEXT, domain=_TEXT, expires=_MOMENT, httpOnly=_BOOLEAN,
        secure=_BOOLEAN,
    )),
    "headers": _PAIRS,
    "headersSize": _SIZE,
    "bodySize": _SIZE,
}  # fmt: skip
_REQUEST = _closed(
    "method url httpVersion cookies headers queryString headersSize bodySize",
    method=_TEXT, url=_URL, queryString=_PAIRS,
    postData=_closed("mimeType params text", mimeType=_TEXT, params=_PAIRS, text=_TEXT), **_MESSAGE,
)  # fmt: skip
_RESPONSE = _closed(
    "status statusText httpVersion cookies headers content redirectURL headersSize bodySize",
    status={"type": "integer"}, statusText=_TEXT, redirectURL=_TEXT,
    content=_closed("size mimeType", size=_SIZE, mimeType=_TEXT, text=_TEXT, encoding={"const": "base64"}), **_MESSAGE,
)  # fmt: skip
_ENTRY = _closed(
    "startedDateTime time request response cache timings",
    startedDateTime=_MOMENT, time={"type": "number", "minimum": 0}, request=_REQUEST, response=_RESPONSE,
    cache=_closed(""), serverIPAddress=_ADDRESS, connection=_TEXT,
    timings=_closed("send wait receive", send=_TIME, wait=_TIME, receive=_TIME, blocked=_TIME, dns=_TIME,
                    connect=_TIME, ssl=_TIME),
)  # fmt: skip
HAR = _closed("log", log=_closed(
    "version creator entries", version={"const": "1.2"}, creator=_closed("name version", name=_TEXT, version=_TEXT),
    entries=_list(_ENTRY),
))  # fmt: skip


def entries(path: Path) -> list[dict[str, Any]]:
    """The entries of a valid file, by input."""
    found = json.loads(path.read_bytes())
    jsonschema.validate(found, HAR, format_checker=jsonschema.FormatChecker())
    return sorted(found["log"]["entries"], key=lambda entry: str(entry["comment"]))
