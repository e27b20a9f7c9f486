"""
A line of the log as text: for machines, and for people.
"""

from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

from xarb_runtime.ops.redaction import Redaction

Line = MutableMapping[str, Any]
Render = Callable[[Any, str, Line], str]
#: These fields say where a line belongs, and how the span calls them: a `key` would be a secret.
SPAN = {"execution": "execution", "key": "command", "venue": "venue"}
#: The line that says that a round of work is on disk.
CHECKPOINT = "checkpoint"


def json_line(redaction: Redaction) -> Render:
    """Return what makes one JSON object of a line."""

    def render(logger: Any, method: str, line: Line) -> str:
        line, span = dict(line), {}
        line.pop("level", None)
        for name, shown in SPAN.items():
            if name in line:
                span[shown] = line.pop(name)
        found = {
            "timestamp": line.pop("timestamp", None) or _now(),
            "level": {"exception": "error"}.get(method, method),
            "target": line.pop("target", None) or getattr(logger, "name", ""),
            "message": str(line.pop("event", "")),
            "fields": line,
            "span": span,
        }
        return redaction.json(found)

    return render


def for_people(redaction: Redaction) -> Render:
    """Return what makes a line that a person reads, in colour."""
    console = structlog.dev.ConsoleRenderer(
        colors=True, pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
    )

    def render(logger: Any, method: str, line: Line) -> str:
        hidden = redaction.hide(_shortened(dict(line)))
        hidden["timestamp"] = _now()[11:23]
        hidden.setdefault("level", method)
        hidden["logger"] = hidden.pop("target", None) or getattr(logger, "name", "")
        return str(console(logger, method, hidden))

    return render


def _shortened(line: dict[str, Any]) -> dict[str, Any]:
    """A step in one short line: whose, what happened, from where to where."""
    if line.get("event") != "step":
        return line
    before, after = "+".join(line["before"]), "+".join(line["after"])
    moved = f"{before} -> {after}" if before != after else f"{line['outcome']} in {after}"
    return {"event": f"{line['execution']}  {line['signal']}  {moved}", "owns": line["exposure"]}


def _now() -> str:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
