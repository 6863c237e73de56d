"""What the specification of HAR 1.2 asks of a file, as JSON Schema; fields of one's own begin with an underscore."""

from __future__ import annotations

from typing import Any


def _closed(required: str, optional: str = "", **properties: Any) -> dict[str, Any]:
    known = {name: {} for name in f"{required} {optional} comment".split()} | properties
    return {
        "type": "object",
        "required": required.split(),
        "properties": known,
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
_SIZE = {"type": "integer", "minimum": -1}
_TIME = {"type": "number", "minimum": -1}
_PAIRS = {"type": "array", "items": _closed("name value", "path domain expires httpOnly secure",
                                            name=_TEXT, value=_TEXT)}  # fmt: skip
_MESSAGE: dict[str, Any] = {
    "httpVersion": _TEXT,
    "cookies": _PAIRS,
    "headers": _PAIRS,
    "headersSize": _SIZE,
    "bodySize": _SIZE,
}
_REQUEST = _closed(
    "method url httpVersion cookies headers queryString headersSize bodySize", "postData",
    method=_TEXT, url=_TEXT, queryString=_PAIRS,
    postData=_closed("mimeType params text", mimeType=_TEXT, params={"type": "array"}, text=_TEXT), **_MESSAGE,
)  # fmt: skip
_RESPONSE = _closed(
    "status statusText httpVersion cookies headers content redirectURL headersSize bodySize",
    status={"type": "integer"}, statusText=_TEXT, redirectURL=_TEXT,
    content=_closed("size mimeType", "compression text encoding", size=_SIZE, mimeType=_TEXT, text=_TEXT,
                    encoding=_TEXT), **_MESSAGE,
)  # fmt: skip
_ENTRY = _closed(
    "startedDateTime time request response cache timings", "pageref serverIPAddress connection",
    startedDateTime={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)$"},
    time={"type": "number", "minimum": 0}, request=_REQUEST, response=_RESPONSE, cache={"type": "object"},
    timings=_closed("send wait receive", "blocked dns connect ssl",
                    send=_TIME, wait=_TIME, receive=_TIME, blocked=_TIME, dns=_TIME, connect=_TIME, ssl=_TIME),
    serverIPAddress=_TEXT,
)  # fmt: skip
HAR = _closed("log", log=_closed(
    "version creator entries", "browser pages", version={"const": "1.2"},
    creator=_closed("name version", name=_TEXT, version=_TEXT), entries={"type": "array", "items": _ENTRY},
))  # fmt: skip
