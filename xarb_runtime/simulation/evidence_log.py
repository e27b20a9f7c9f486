"""
`orchestrator_run.log`: one JSON object a line, the same bytes on every run and every machine.
"""

from collections.abc import Iterable

import msgspec

from xarb_runtime.bus.rfc3339 import format_time
from xarb_runtime.simulation.recording import Line

_encode = msgspec.json.Encoder().encode


def run_log(lines: Iterable[Line]) -> bytes:
    """Return the log: `timestamp, level, target, message, fields, span` in virtual time."""
    return b"".join(_encode(_line(line)) + b"\n" for line in lines)


def _line(line: Line) -> dict[str, object]:
    return {
        "timestamp": format_time(line.at_ms),
        "level": line.level,
        "target": line.target,
        "message": line.message,
        "fields": line.fields,
        "span": line.span,
    }
