"""
JSON Schemas (2020-12) of the messages, made from the classes that they are read and written with.

What a schema refuses, xarb never acts upon. The reader says more than a schema can, see `BEYOND`.
Schemas keep to what draft-07 knows too, because AsyncAPI's own schemas are of that draft.
"""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from xarb_runtime.bus.cloudevents import MAX_ATTRIBUTE
from xarb_runtime.bus.published import MESSAGES, MODE, MODES, SOURCE, MessageType
from xarb_runtime.bus.signing import EXTENSION as SIGNATURE
from xarb_runtime.ops.schema_bounds import ANY_FIGURE, BOUNDS, WRITTEN_FIGURE
from xarb_runtime.service.settings_schema import documentation

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: The component that holds what all messages have in common.
ENVELOPE = "CloudEvent"
#: Where a schema's own parts are.
HERE = "#/$defs/{name}"

#: What the reader asks for beyond the schemas, in words.
BEYOND = (
    "the body: JSON in UTF-8, at most 256 KiB, at most 32 levels, each key once in an object",
    "numbers: whole ones of at most 64 bits, written without a point (`5`, not `5.0`); no NaN",
    "texts: no halves of surrogate pairs, and no NUL",
    "`time`: a moment that is in the calendar, in 1970 or later",
    "amounts and odds: at most 12 decimal places, and the bounds of numbers for texts, too",
    "`wins`: scenarios of the opportunity; the legs win in every scenario between them, never both",
    "an operator's word: a signature that is right, a printable name",
)

#: Attributes that may not be long in what comes in; ours name others' ids, and are longer.
_BOUNDED = ("id", "source", "subject", "dataschema")
_PRINTABLE = r"^[^\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffe\uffff]*$"
_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_JSON_TYPE = r"^\s*[\w.+-]+/([\w.+-]+\+)?[Jj][Ss][Oo][Nn]\s*(;.*)?$"

Schema = dict[str, Any]


def message_type(name: str) -> MessageType | None:
    """Return the type of message that is called so."""
    return next((kind for kind in MESSAGES if kind.name == name), None)


def data_schema(kind: MessageType) -> Schema:
    """Return the schema of a message's data."""
    parts = data_parts(kind, HERE)
    head = {
        "$schema": DIALECT,
        "$id": f"urn:xarb:data:{kind.name}",
        **parts.pop(kind.data.__name__),
        "title": kind.name,
    }
    return head | ({"$defs": parts} if parts else {})


def data_schemas() -> dict[str, Schema]:
    """Return the schemas of the data of all messages, by type."""
    return {kind.name: data_schema(kind) for kind in MESSAGES}


def event_schema(kind: MessageType | None = None) -> Schema:
    """Return the schema of a whole message, of one type or of any."""
    head = {"$schema": DIALECT, "$id": f"urn:xarb:message:{kind.name if kind else 'any'}"}
    if kind is None:
        return head | envelope()
    parts = {ENVELOPE: envelope(), **data_parts(kind, HERE)}
    return {**head, **message_schema(kind, HERE), "$defs": parts}


def message_schema(kind: MessageType, reference: str) -> Schema:
    """Return the schema of a whole message, which refers to its parts by `reference`."""
    required = [SIGNATURE] if kind.signed else ["data"]
    own: Schema = {
        "type": {"const": kind.name},
        "data": {"$ref": reference.format(name=kind.data.__name__)},
    }
    if kind.direction == "out":
        required.append(MODE)
        own["source"] = {"const": SOURCE}
        own[MODE] = {
            "enum": list(MODES),
            "description": "The mode of the runtime. Unless it is `live`, no money has moved.",
        }
    else:
        own |= {name: {"maxLength": MAX_ATTRIBUTE} for name in _BOUNDED}
    if kind.signed:
        own[SIGNATURE] = {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "HMAC-SHA256 with the operators' key, in hexadecimal, of the compact "
            "JSON array [id, source, type, time, operator, reason].",
        }
    return {
        "title": kind.name,
        "description": kind.doc,
        "allOf": [{"$ref": reference.format(name=ENVELOPE)}],
        "type": "object",
        "properties": own,
        "required": required,
    }


# -- The envelope ----------------------------------------------------------------------------------


def envelope() -> Schema:
    """Return the schema of what all messages have in common."""
    return {
        "title": ENVELOPE,
        "description": "A CloudEvent 1.0 in structured JSON, with a time and with data.",
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": _attribute("Unique within `source`: the same pair is the same message."),
            "source": _uri("Who says so."),
            "type": _attribute("What has happened; the routing key too."),
            "time": {
                "type": "string",
                "format": "date-time",
                "pattern": _TIME,
                "description": "When it happened.",
            },
            "subject": _optional(_attribute("What it is about.")),
            "datacontenttype": {
                "type": ["string", "null"],
                "pattern": _JSON_TYPE,
                "description": "application/json, whether it is said or not.",
            },
            "dataschema": _optional(_uri("What the data keeps to; xarb does not look at it.")),
            "data": {"type": "object", "description": "The payload."},
        },
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
        "additionalProperties": {
            "type": ["string", "integer", "boolean", "null"],
            "description": "An extension, such as `traceparent`.",
        },
    }


def _attribute(description: str) -> Schema:
    return {
        "type": "string",
        "minLength": 1,
        "pattern": _PRINTABLE,
        "description": description,
    }


def _uri(description: str) -> Schema:
    return {**_attribute(description), "format": "uri-reference", "pattern": r"^\S+$"}


def _optional(attribute: Schema) -> Schema:
    return {**attribute, "type": [attribute["type"], "null"]}


# -- The data --------------------------------------------------------------------------------------


def data_parts(kind: MessageType, reference: str) -> dict[str, Schema]:
    """
    Return the schemas of a message's data and of its parts, by name.

    Args:
        kind: the type of message.
        reference: how they refer to each other, with `{name}`.
    """
    figure = ANY_FIGURE if kind.direction == "in" else WRITTEN_FIGURE
    _, made = msgspec.json.schema_components([kind.data], ref_template=reference)
    return {
        shape.__name__: _finished(made[shape.__name__], shape, figure)
        for shape in _shapes(kind.data)
    }


def _finished(made: Schema, shape: type[msgspec.Struct], figure: Schema) -> Schema:
    told = documentation(shape)
    properties = {
        name: _property(f"{shape.__name__}.{name}", found, told.get(name, ""), figure)
        for name, found in made["properties"].items()
    }
    summary = " ".join((shape.__doc__ or "").partition("Attributes:")[0].split())
    return {**made, "description": summary, "properties": properties}


def _property(place: str, made: Schema, told: str, figure: Schema) -> Schema:
    description = {"description": told[0].upper() + told[1:]} if told else {}
    if "$ref" in made:
        # Draft-07 does not look at anything beside a reference.
        return {"allOf": [made], **description}
    if isinstance(made.get("default"), tuple):
        made = {**made, "default": list(made["default"])}
    return {**_with_figures(made, figure), **BOUNDS.get(place, {}), **description}


def _with_figures(made: Schema, figure: Schema) -> Schema:
    if made.get("format") == "decimal":
        kept = {name: value for name, value in made.items() if name == "default"}
        return {**figure, **kept}
    if "anyOf" in made:
        return {**made, "anyOf": [_with_figures(each, figure) for each in made["anyOf"]]}
    return made


def _shapes(shape: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """Yield a class and those of its parts, each once."""
    waiting, seen = [shape], set[type[msgspec.Struct]]()
    while waiting:
        found = waiting.pop(0)
        if found not in seen:
            seen.add(found)
            yield found
            for field in msgspec.structs.fields(found):
                waiting += _structs(field.type)


def _structs(annotation: Any) -> list[type[msgspec.Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _structs(inner)]
