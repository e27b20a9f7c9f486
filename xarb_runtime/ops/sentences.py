"""
What an operator's word means, in a sentence.
"""

import msgspec

from xarb_runtime.domain.steps import Status
from xarb_runtime.ops.bodies import Group, LevelAnswer, ResolveAnswer
from xarb_runtime.service.book import SUPERVISOR

_MEANING = {
    "running": "Opportunities are admitted.",
    "paused": "No new executions; those in flight go on as their states say.",
    "degraded": "A venue is out: no new executions until it is back; hedges and cancels go on.",
    "reduced": "Only orders that reduce exposure: hedges, unwinds, cancels.",
    "halted": "Nothing is placed, hedges neither. Cancels still pass.",
    "stopping": "No new executions; the process ends when those in flight have.",
    "stopped": "The runtime has stopped.",
}


def level_note(answer: LevelAnswer) -> LevelAnswer:
    """Return the answer with its note."""
    same = answer.before == answer.level
    head = f"Still {answer.level}." if same else f"{answer.before} -> {answer.level}."
    parts = [head, _MEANING.get(answer.level, ""), _in_flight(answer)]
    if answer.level == "halted" and answer.open:
        parts.append(f"{len(answer.open)} of them stay open on one side until the halt is lifted!")
    return msgspec.structs.replace(answer, note=" ".join(part for part in parts if part))


def _in_flight(answer: LevelAnswer) -> str:
    if not answer.in_flight:
        return "Nothing is in flight."
    groups = ", ".join(map(_group, answer.groups))
    return f"In flight: {answer.in_flight} ({groups})."


def _group(group: Group) -> str:
    return f"{group.count} {group.state}, {group.exposure.value}"


def resolve_note(answer: ResolveAnswer) -> ResolveAnswer:
    """Return the answer with its note."""
    return msgspec.structs.replace(answer, note=_resolved(answer))


def _resolved(answer: ResolveAnswer) -> str:
    if not answer.closed:
        return "The incident is still open: the execution has failed while it was being resolved."
    if answer.status is None or answer.execution == SUPERVISOR:
        level = f" The level is {answer.after}." if answer.after else ""
        return f"The incident is closed.{level}"
    if answer.status is Status.FINAL and answer.kind == "fault":
        return (
            f"The incident is closed and the execution has ended where it failed: {answer.after}."
        )
    if answer.status is Status.FINAL and answer.before != answer.after:
        return f"The incident is closed and the execution has ended: {answer.after}."
    if answer.status is Status.FINAL:
        return f"The incident is closed. The execution had ended before: {answer.after}."
    if answer.status is Status.QUARANTINED:
        return "The incident is closed. The execution is still quarantined: resolve its fault too."
    return f"The incident is closed. The execution goes on by itself: {answer.after}."
