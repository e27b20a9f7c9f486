"""
Timers are taken out of a chart before python-statemachine sees it.

The library would wait for a delayed `send` inside its own `send()`, and look for what a `cancel`
names in its own queue. Here both become sends to a target that only the kernel knows.
"""

from typing import Any, cast

#: The library sees timers under these targets. Lint knows all targets that a chart may name.
ARM = "arm"
CANCEL = "cancel"


def without_timers(document: Any) -> Any:
    """Return a native document with each delayed `send` and each `cancel` rewritten."""
    if isinstance(document, list):
        return [without_timers(item) for item in cast("list[Any]", document)]
    if not isinstance(document, dict):
        return document
    body = cast("dict[str, Any]", document)
    if list(body) == ["send"] and not body["send"].keys().isdisjoint({"delay", "delayexpr"}):
        return {"send": _arm(body["send"])}
    if list(body) == ["cancel"]:
        return {"send": _cancel(body["cancel"])}
    return {key: without_timers(value) for key, value in body.items()}


def _arm(body: dict[str, Any]) -> dict[str, Any]:
    named = {key: body[key] for key in ("event", "eventexpr") if key in body}
    delay = body.get("delayexpr") or repr(body["delay"])
    params = [_param("id", repr(body.get("id", ""))), _param("delay", delay)]
    return {"target": f"#_{ARM}", **named, "params": params}


def _cancel(body: dict[str, Any]) -> dict[str, Any]:
    timer = body.get("sendidexpr") or repr(body["sendid"])
    return {"target": f"#_{CANCEL}", "event": CANCEL, "params": [_param("id", timer)]}


def _param(name: str, expression: str) -> dict[str, str]:
    return {"name": name, "expr": expression}
