"""The schemas of messages are schemas, and say all there is to say."""

import json
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from tests.cli.deployed import told, xarb
from xarb_runtime.bus.published import MESSAGES, MessageType
from xarb_runtime.ops.schemas import (
    DIALECT,
    data_parts,
    data_schema,
    event_schema,
    message_type,
)

ALL = pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.name)


def inside(schema: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every part of a schema with its place."""
    if isinstance(schema, dict):
        found = [(path, schema)]
        return found + [each for k, v in schema.items() for each in inside(v, f"{path}/{k}")]
    if isinstance(schema, list):
        return [each for n, v in enumerate(schema) for each in inside(v, f"{path}/{n}")]
    return []


@ALL
def test_they_are_schemas_of_two_drafts(kind: MessageType) -> None:
    for schema in (data_schema(kind), event_schema(kind)):
        Draft202012Validator.check_schema(schema)
        Draft7Validator.check_schema(schema)
        assert schema["$schema"] == DIALECT


def test_each_has_a_name_of_its_own_that_is_no_address() -> None:
    names = [make(kind)["$id"] for kind in MESSAGES for make in (data_schema, event_schema)]

    assert len(set(names)) == len(names)
    assert all(name.startswith("urn:xarb:") and "//" not in name for name in names)


@ALL
def test_every_class_and_every_field_is_described(kind: MessageType) -> None:
    for name, part in data_parts(kind, "#/{name}").items():
        assert part["description"], name
        for field, schema in part["properties"].items():
            assert schema.get("description"), f"{name}.{field}"


@ALL
def test_what_must_be_there_is_what_the_class_has_no_default_for(kind: MessageType) -> None:
    needed = [field.name for field in msgspec.structs.fields(kind.data) if field.required]

    assert sorted(data_schema(kind).get("required", [])) == sorted(needed)


@ALL
def test_nothing_refers_to_what_is_not_there(kind: MessageType) -> None:
    schema = event_schema(kind)
    references = {part["$ref"] for _, part in inside(schema) if "$ref" in part}

    assert references <= {f"#/$defs/{name}" for name in schema["$defs"]}


@ALL
def test_no_figure_is_a_binary_number_only(kind: MessageType) -> None:
    decimals = [path for path, part in inside(data_schema(kind)) if part.get("format") == "decimal"]

    assert decimals == []


def test_a_part_that_two_messages_share_is_the_same_in_both() -> None:
    seen: dict[str, Any] = {}
    for kind in MESSAGES:
        for name, part in data_parts(kind, "#/{name}").items():
            assert seen.setdefault(name, part) == part, name


def test_there_is_one_of_no_other_type() -> None:
    assert message_type("execution.dreamt") is None


# -- The command ---------------------------------------------------------------------------------


def test_the_command_prints_them() -> None:
    every = json.loads(xarb("schema", "messages").stdout)

    assert list(every) == [kind.name for kind in MESSAGES]
    for kind in MESSAGES:
        assert json.loads(xarb("schema", "messages", kind.name).stdout) == every[kind.name]
        assert json.loads(xarb("schema", "event", kind.name).stdout) == event_schema(kind)
    assert json.loads(xarb("schema", "event").stdout) == event_schema()
    assert json.loads(xarb("schema", "message").stdout) == every["opportunity.detected"]


def test_the_command_says_which_types_there_are() -> None:
    result = xarb("schema", "messages", "execution.dreamt")

    assert result.exit_code == 2
    assert "found execution.dreamt" in told(result)
    assert all(kind.name in told(result) for kind in MESSAGES)
