"""
Stretches of time: in which states an execution was, and how exposed it stood. Pure.
"""

from collections.abc import Iterable

import msgspec

from xarb_runtime.domain.steps import Exposure, Status
from xarb_runtime.simulation.recording import Recording, StepFact


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time in one configuration."""

    from_ms: int
    to_ms: int
    leaves: tuple[str, ...]
    exposure: Exposure


def spans_of(execution: str, recording: Recording) -> list[Span]:
    """
    Return the stretches of an execution's life, from its first step to its end or the scenario's.

    States that it was in for no time at all are left out.
    """
    facts = [fact for fact in recording.steps if fact.execution == execution and fact.visited]
    ends = [fact.at_ms for fact in facts[1:]] + [recording.end_ms]
    spans = [
        Span(from_ms=fact.at_ms, to_ms=end_ms, leaves=fact.after, exposure=fact.exposure)
        for fact, end_ms in zip(facts, ends, strict=True)
        if fact.status is not Status.FINAL and end_ms > fact.at_ms
    ]
    return _joined(spans)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None and last.leaves == span.leaves and last.to_ms == span.from_ms:
            joined[-1] = msgspec.structs.replace(last, to_ms=span.to_ms)
        else:
            joined.append(span)
    return joined


def time_in(spans: Iterable[Span], exposure: Exposure) -> int:
    """Return how long an exposure lasted, milliseconds."""
    return sum(span.to_ms - span.from_ms for span in spans if span.exposure is exposure)


def states_visited(execution: str, steps: Iterable[StepFact]) -> list[str]:
    """Return the states an execution was in, in order, those of no duration included."""
    return [state for fact in steps if fact.execution == execution for state in fact.visited]
