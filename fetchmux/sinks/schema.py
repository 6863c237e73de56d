"""The JSON Schema of the record, for programs that check or generate what reads it.

Shapes and closed lists come from `model.Result` itself; this file adds what each field means, and where the JSON
differs from the value.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fetchmux.model import UNRECORDED, Result

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ABOUT = {
    "Result": "What came of one input: exactly one for each, failures too.",
    "Timings": "Where the time went, in seconds; total is the sum of the others.",
    "Failure": "Why it failed.",
    "Hop": "A redirect that was followed.",
    "Code": "What went wrong. The list is closed.",
    "Phase": "How far it had come.",
}
_FIELDS = {
    "Result": {
        "index": "Position in the input, from 0.",
        "id": "The input's own name, from JSON input.",
        "input": "The input as given, credentials masked.",
        "url": "What was asked for, normalised; null when the input is no URL.",
        "final_url": "Where it ended.",
        "method": "The method of the request.",
        "ok": "A whole response arrived, and it is as --fail, --expect-status and --expect-sha256 ask for.",
        "status": "The response's status; null when none came.",
        "reason": "The words beside the status.",
        "http_version": "The version that the response claims.",
        "headers": "The response's fields as name and value, in order.",
        "body_size": "Bytes of the body, decoded.",
        "wire_size": "Bytes that arrived, heads and framing included.",
        "body": "With --body text or base64: the body.",
        "body_encoding": "The charset that body was text in, or base64.",
        "sha256": "With --body hash, or where one was expected: of the body, in hexadecimal.",
        "saved_to": "The file that the body was saved in.",
        "redirects": "The redirects that were followed, in order.",
        "attempts": "How often it was tried.",
        "remote_address": "Whom it came from: address and port.",
        "reused": "The connection had served before.",
        "timings": "Where the time went.",
        "error": "Why no whole response came; null when one did.",
        "backend": "The strategy.",
    },
    "Timings": {
        "queued": "Everything but the last attempt.",
        "resolve": "Waiting for the name's addresses.",
        "connect": "Until the connection stood.",
        "tls": "The handshakes of TLS and of tunnels.",
        "send": "Sending the request.",
        "wait": "Until the first byte of the response.",
        "receive": "Until its last byte.",
        "total": "From the moment the input was read.",
    },
    "Failure": {
        "code": "What went wrong.",
        "phase": "How far it had come.",
        "message": "The same for a person.",
    },
    "Hop": {"url": "From where.", "status": "With which status."},
}
_COUNTS = ("index", "body_size", "wire_size", "attempts")


def record_schema() -> dict[str, Any]:
    """A schema by draft 2020-12."""
    schema = msgspec.json.schema(Result)
    parts = schema["$defs"]
    for field in UNRECORDED:
        del parts["Result"]["properties"][field]
    for name, part in parts.items():
        part["description"] = _ABOUT[name]
        for field, about in _FIELDS.get(name, {}).items():
            _describe(part["properties"], field, about)
        if "properties" in part:
            # A record always has all its fields, whatever a value made by hand may leave out.
            part["required"] = list(part["properties"])
    fields = parts["Result"]["properties"]
    fields["body"] = {"type": ["string", "null"], "description": fields["body"]["description"]}
    for count in _COUNTS:
        fields[count]["minimum"] = 0
    return {"$schema": _DIALECT, "title": "A record of fetchmux", **schema}


def _describe(fields: dict[str, Any], name: str, about: str) -> None:
    shape = fields[name]
    shape.pop("default", None)
    fields[name] = {"description": about, **shape}
