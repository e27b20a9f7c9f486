"""
The JSON Schema of a whole chart, for editors: python-statemachine's own, narrowed to what xarb
takes, with the `x-xarb` block.
"""

import copy
from typing import Any

from xarb_runtime.statechart.meta import BLOCK, ChartMeta, meta_schema
from xarb_runtime.statechart.native import native_schema

#: Where the library's schema offers what a chart for xarb must not use, by definition.
_LEFT_OUT: dict[str, tuple[str, ...]] = {
    "state": ("invoke", "donedata"),
    "transition": ("initial",),
    "structuredAction": ("log", "script", "foreach"),
}
_SEND_LEFT_OUT = ("eventexpr", "type", "idlocation", "delay", "namelist", "content")


def chart_schema() -> dict[str, Any]:
    """Return the schema, JSON Schema 2020-12."""
    schema = copy.deepcopy(native_schema())
    schema.pop("$id", None)
    schema["title"] = "xarb statechart"
    schema["description"] = "python-statemachine's native notation with the block 'x-xarb'."
    schema["required"] = ["states", BLOCK]
    schema["properties"].pop("datamodel", None)
    definitions: dict[str, Any] = schema["$defs"]
    _narrow(definitions)
    definitions.update(meta_schema()["$defs"])
    schema["properties"][BLOCK] = {"$ref": f"#/$defs/{ChartMeta.__name__}"}
    return schema


def _narrow(definitions: dict[str, Any]) -> None:
    for name, keys in _LEFT_OUT.items():
        for key in keys:
            definitions[name]["properties"].pop(key, None)
    actions: dict[str, Any] = definitions["structuredAction"]["properties"]
    for key in _SEND_LEFT_OUT:
        actions["send"]["properties"].pop(key, None)
    actions["cancel"]["properties"].pop("sendidexpr", None)
    for unused in ("dataItem", "invoke", "invokeList", "donedata"):
        definitions.pop(unused, None)
