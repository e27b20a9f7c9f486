"""
W3C trace context: the CloudEvent extension `traceparent`, which says to what trace a message
belongs.
"""

import re

import msgspec

TRACEPARENT = "traceparent"
SAMPLED = 1

#: Version, trace, parent, flags; a later version may have more behind them.
_FORM = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-.*)?"
)


class TraceContext(msgspec.Struct, frozen=True):
    """
    A place in a trace.

    Attributes:
        trace_id: the trace, 128 bits.
        span_id: the span in it, 64 bits; 0 where there is none yet.
        flags: bit 0 says that the trace is recorded.
    """

    trace_id: int
    span_id: int
    flags: int = SAMPLED

    @property
    def sampled(self) -> bool:
        """Whether the trace is recorded."""
        return bool(self.flags & SAMPLED)


def parse_traceparent(text: object) -> TraceContext | None:
    """Return the place that a `traceparent` names; None where it is not one."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None or match["version"] == "ff" or (match["version"] == "00" and match["more"]):
        return None
    found = TraceContext(*(int(match[name], 16) for name in ("trace", "parent", "flags")))
    return found if found.trace_id and found.span_id else None


def format_traceparent(context: TraceContext) -> str:
    """Return a place as a `traceparent`."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.flags:02x}"
