"""What messages are held against: the schemas as xarb prints them, and a stricter reading."""

import copy
import json
from functools import cache
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from xarb_runtime.ops.asyncapi_broker import document_of
from xarb_runtime.ops.schemas import event_schema, message_type

DOCUMENT = "urn:test:document"


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with data that holds nothing beyond what is described."""
    made = copy.deepcopy(document)
    for schema in made["components"]["schemas"].values():
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    return made


@cache
def wire(kind: str) -> Draft7Validator:
    """Return what a whole message of a type has to keep to, by the AsyncAPI document."""
    document = Resource(contents=closed(document_of(None)), specification=DRAFT7)
    registry = Registry().with_resource(DOCUMENT, document)
    schema = {"$ref": f"{DOCUMENT}#/components/messages/{kind}/payload"}
    return Draft7Validator(schema, registry=registry)


@cache
def whole(kind: str | None) -> Draft202012Validator:
    """Return the schema of a whole message, of one type or of any."""
    return Draft202012Validator(event_schema(message_type(kind) if kind else None))


def problems(validator: Draft7Validator | Draft202012Validator, body: bytes) -> list[str]:
    """Return what is wrong with a message."""
    errors = validator.iter_errors(json.loads(body))
    return [f"{error.json_path}: {error.message}" for error in errors]
