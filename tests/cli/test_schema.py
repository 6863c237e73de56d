"""The schema that is printed is that of the records that are written."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from fetchmux.cli import cli
from fetchmux.errors import Code, Phase
from fetchmux.origin.launch import Origin, refused_port
from tests.cli import shell


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["schema"])
    assert (result.exit_code, result.stderr) == (0, "")
    schema: dict[str, Any] = json.loads(result.stdout)
    return schema


def test_it_is_a_schema(schema: dict[str, Any]):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("shown", ["none", "text", "base64", "hash"])
def test_real_records_keep_to_it(schema: dict[str, Any], origin: Origin, shown: str):
    with refused_port() as port:
        targets = [
            origin.url("/bytes/10"), origin.url("/status/404"), origin.url("/redirect/2"), "no url at all",
            f"http://127.0.0.1:{port}/", json.dumps({"url": origin.url("/bytes/1"), "id": 7}),
        ]  # fmt: skip
        done = shell.run("get", "--retries", "0", "--body", shown, *targets)
    written = shell.records(done.stdout)
    assert len(written) == len(targets)
    check = jsonschema.Draft202012Validator(schema)
    for record in written:
        check.validate(record)
        assert list(record) == list(schema["$defs"]["Result"]["properties"])


@pytest.mark.parametrize("change", [{"index": -1}, {"status": "200"}, {"error": {"code": "odd"}}, {"timings": {}}])
def test_what_is_no_record_does_not(schema: dict[str, Any], change: dict[str, Any]):
    (record,) = shell.records(shell.run("get", "no url at all").stdout)
    check = jsonschema.Draft202012Validator(schema)
    check.validate(record)
    with pytest.raises(jsonschema.ValidationError):
        check.validate({**record, **change})


def test_the_lists_of_codes_and_phases_are_closed(schema: dict[str, Any]):
    assert set(schema["$defs"]["Code"]["enum"]) == set(Code)
    assert set(schema["$defs"]["Phase"]["enum"]) == set(Phase)


def test_every_field_is_described(schema: dict[str, Any]):
    for part in schema["$defs"].values():
        assert part["description"]
        assert all(field["description"] for field in part.get("properties", {}).values())
        assert part.get("required", []) == list(part.get("properties", {}))
