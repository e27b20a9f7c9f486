"""
The reference of messages, made from the list of messages: types, fields, complete examples.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from tests.docs.tables import table
from xarb_runtime.bus.cloudevents import encode
from xarb_runtime.bus.published import MESSAGES, MessageType
from xarb_runtime.ops.asyncapi import to_yaml
from xarb_runtime.ops.asyncapi_broker import document_of
from xarb_runtime.ops.message_examples import EXAMPLE_KEY, examples
from xarb_runtime.ops.schemas import BEYOND, data_parts

Rows = Iterator[tuple[str, str, str]]

_WORDS = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
    "array": "list",
    "number": "number",
}


def sections(direction: str) -> str:
    """Return a section for each type of message of one direction; alike ones share theirs."""
    kinds = [kind for kind in MESSAGES if kind.direction == direction]
    groups: dict[type[msgspec.Struct], list[MessageType]] = {}
    for kind in kinds:
        groups.setdefault(kind.data, []).append(kind)
    return "\n".join(map(_section, groups.values()))


def _section(kinds: list[MessageType]) -> str:
    title = ", ".join(f"`{kind.name}`" for kind in kinds)
    identity = f" Its `id` is `{kinds[0].id}`." if kinds[0].id else ""
    docs = "".join(f"* `{kind.name}`: {kind.doc}\n" for kind in kinds)
    said = docs if len(kinds) > 1 else f"{kinds[0].doc}{identity}\n"
    example = msgspec.json.format(encode(examples()[kinds[0].name]), indent=2).decode()
    return f"### {title}\n\n{said}\n{_tables(kinds[0])}\n```json\n{example}\n```\n"


def _tables(kind: MessageType) -> str:
    parts = data_parts(kind, "{name}")
    own, *others = parts.items()
    told = [table(("Field of `data`", "Value", "Meaning"), _rows(own[1]))]
    for name, part in others:
        told.append(f"{_named(name)}: {part['description']}\n")
        told.append(table(("Field", "Value", "Meaning"), _rows(part)))
    return "\n".join(told)


def _named(name: str) -> str:
    return f"**{name}**"


def _rows(part: dict[str, Any]) -> Rows:
    needed = part.get("required", [])
    for name, schema in part["properties"].items():
        optional = "" if name in needed else "; may be left out"
        yield f"`{name}`", _value(schema) + optional, schema.get("description", "")


def _value(schema: dict[str, Any]) -> str:
    match schema:
        case {"$ref": name} | {"allOf": [{"$ref": name}]}:
            return _named(name)
        case {"enum": words}:
            return "one of " + ", ".join(f"`{word}`" for word in words)
        case {"anyOf": choices}:
            return " or ".join(dict.fromkeys(map(_value, choices)))
        case {"pattern": pattern} if "[0-9]+(" in pattern:
            return "decimal as text"
        case {"items": items}:
            return f"list of {_value(items)}"
        case {"additionalProperties": values}:
            return f"object of {_value(values)}s"
    return _WORDS[schema["type"]]


def beyond() -> str:
    """Return what the reader asks for beyond the schemas."""
    return "".join(f"* {each}\n" for each in BEYOND)


def key() -> str:
    """Return the key of the examples' signatures."""
    return f"The examples below are signed with the key `{EXAMPLE_KEY}`.\n"


def asyncapi() -> str:
    """Return the AsyncAPI document of no particular deployment."""
    return to_yaml(document_of(None))
