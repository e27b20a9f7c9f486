"""
The `x-xarb` block: what a chart says beyond python-statemachine's own notation.
"""

from typing import Any, Literal

import msgspec

from xarb_runtime.domain.steps import Exposure

BLOCK = "x-xarb"

OnPause = Literal["now", "finish", "hedge_then_stop"]


class StateMeta(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What is said about one atomic state.

    Attributes:
        exposure: what the execution owns while it is here.
        on_pause: what pausing means here: `now` and `hedge_then_stop` deliver `operator.pause` to
            the chart, `finish` lets the execution go on.
        doc: one or two sentences for people.
    """

    exposure: Exposure
    on_pause: OnPause = "finish"
    doc: str = ""


class Ignore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Events to which a state is deaf on purpose.

    `state` is a state id, covering the states inside it, or `*` for every state. An event pattern
    is a name, a prefix with `.*`, a suffix with `*.`, or `*`.
    """

    state: str
    events: tuple[str, ...]
    because: str = ""


class Invariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition that must never hold after a step, and the reason."""

    never: str
    because: str


class Silence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding that is accepted, and why. An empty `path` means the whole chart."""

    code: str
    because: str
    path: str = ""


class EventsMeta(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events that reach this chart from outside, beyond those of its context's catalogue."""

    produced: tuple[str, ...] = ()


class ChartMeta(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The whole block.

    Attributes:
        version: a number that grows when the chart's meaning changes.
        context: the name of the context the chart runs on.
        states: what is said about each atomic state, by id.
        ignore: deliberate deafness.
        invariants: what must never hold.
        silence: findings that are accepted.
        events: additions to the event catalogue.
    """

    version: int
    context: str
    states: dict[str, StateMeta]
    ignore: tuple[Ignore, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    silence: tuple[Silence, ...] = ()
    events: EventsMeta = EventsMeta()


def meta_schema() -> dict[str, Any]:
    """Return the JSON Schema of the block."""
    return msgspec.json.schema(ChartMeta)


def matches(pattern: str, event: str) -> bool:
    """Tell whether an event pattern (`a.b`, `a.*`, `*.b`, `*`) covers an event."""
    if pattern in {"*", event}:
        return True
    if pattern.startswith("*."):
        return event.endswith(pattern[1:])
    return pattern.endswith(".*") and event.startswith(pattern[:-1])
