"""What messages are held against: the schemas as xarb prints them, and a stricter reading."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from xarb_runtime.ops.asyncapi_broker import document_of
from xarb_runtime.ops.schemas import event_schema, message_type

DOCUMENT = "urn:test:document"


def _pattern(_validator: Any, pattern: str, found: Any, _schema: Any) -> Iterator[ValidationError]:
    """Patterns are JavaScript's: there `$` is the very end, in Python a newline may follow."""
    if isinstance(found, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), found):
        yield ValidationError(f"{found!r} does not match {pattern!r}")


Validator7 = extend(Draft7Validator, {"pattern": _pattern})
Validator2020 = extend(Draft202012Validator, {"pattern": _pattern})


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with data that holds nothing beyond what is described."""
    made = copy.deepcopy(document)
    for schema in made["components"]["schemas"].values():
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    return made


@cache
def wire(kind: str) -> Any:
    """Return what a whole message of a type has to keep to, by the AsyncAPI document."""
    document = Resource(contents=closed(document_of(None)), specification=DRAFT7)
    registry = Registry().with_resource(DOCUMENT, document)
    schema = {"$ref": f"{DOCUMENT}#/components/messages/{kind}/payload"}
    return Validator7(schema, registry=registry)


@cache
def whole(kind: str | None) -> Any:
    """Return the schema of a whole message, of one type or of any."""
    return Validator2020(event_schema(message_type(kind) if kind else None))


def problems(validator: Any, body: bytes) -> list[str]:
    """Return what is wrong with a message."""
    errors = validator.iter_errors(json.loads(body))
    return [f"{error.json_path}: {error.message}" for error in errors]
