"""
Incidents: what a person has to know about, derived from steps and commands.
"""

from collections.abc import Callable
from decimal import Decimal

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Command, Exposure, Outcome, Status, Step
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.work import Closed
from xarb_runtime.store.batch import Closure, Incident

#: A late word of these kinds changes what we own.
MATTERS_LATE = ("filled", "partially_filled", "reversed", "acknowledged")


class Register:
    """The open incidents."""

    def __init__(self) -> None:
        self._open: dict[str, Incident] = {}

    def open(self, incident: Incident) -> bool:
        """Note an incident; False if it, or another one that says the same, is open already."""
        if incident.id in self._open or any(map(_same(incident), self._open.values())):
            return False
        self._open[incident.id] = incident
        return True

    def get(self, identity: str) -> Incident | None:
        """Return an open incident."""
        return self._open.get(identity)

    def close(self, identity: str) -> Incident | None:
        """Forget an incident and return it; None if it is not open."""
        return self._open.pop(identity, None)

    def closures(self, cause: Step, kind: str) -> list[Closed]:
        """Close the open incidents of an execution of one kind."""
        found = [
            incident
            for incident in self._open.values()
            if incident.execution == cause.after.execution and incident.kind == kind
        ]
        for incident in found:
            self.close(incident.id)
        note = str(cause.event.data.get("note", ""))
        by, at_ms = cause.event.source, cause.event.time_ms
        return [
            Closed(
                incident=incident,
                closure=Closure(id=incident.id, closed_ms=at_ms, closed_by=by, note=note),
            )
            for incident in found
        ]

    @property
    def all(self) -> list[Incident]:
        """All open incidents, oldest first."""
        return list(self._open.values())


def of_command(command: Command, cause: Step) -> Incident:
    """The incident that a chart opens by a command."""
    params = command.params
    severity = str(params.get("severity", "critical"))
    return Incident(
        id=command.key,
        execution=cause.after.execution,
        kind=str(params.get("kind", "chart")),
        severity=severity,
        reason=str(params.get("reason", "")),
        opened_ms=cause.event.time_ms,
        exposure=cause.after.exposure,
    )


def of_step(taken: Step) -> list[Incident]:
    """
    The incidents that a step is by itself: a fault, a broken invariant, a late word that matters.
    """
    found: list[Incident] = []
    ours = is_trade(taken.after.execution) or taken.before.status is Status.RUNNING
    if taken.outcome is Outcome.FAILED and ours:
        fault = taken.fault
        reason = f"{fault.error}: {fault.message}" if fault else "failed"
        found.append(_incident(taken, "fault", reason))
    found += [_incident(taken, "invariant", text) for text in taken.violated]
    if _is_late(taken):
        found.append(_incident(taken, "late_report", f"{taken.signal} after the end"))
    return found


def _same(incident: Incident) -> Callable[[Incident], bool]:
    what = (incident.execution, incident.kind, incident.reason)
    return lambda other: (other.execution, other.kind, other.reason) == what


def _is_late(taken: Step) -> bool:
    ended = taken.before.status is not Status.RUNNING and is_trade(taken.before.execution)
    kind = taken.signal.rpartition(".")[2]
    return ended and (kind in MATTERS_LATE or (kind == "cancelled" and _has_fill(taken.event)))


def _has_fill(event: Event) -> bool:
    """A fill may be read after the cancel that came after it: *cancelled* again, and more of it."""
    return Decimal(str(event.data.get("filled", 0))) > 0


def _incident(taken: Step, kind: str, reason: str) -> Incident:
    event = taken.event
    identity = f"{taken.after.execution}:{kind}:{event.source}:{event.id}"
    return Incident(
        id=identity,
        execution=taken.after.execution,
        kind=kind,
        severity="critical",
        reason=reason,
        opened_ms=event.time_ms,
        exposure=taken.after.exposure,
    )


def orphan(event: Event) -> Incident:
    """A venue speaks of an order that we never sent."""
    return Incident(
        id=f"orphan:{event.source}:{event.id}",
        execution="",
        kind="orphan_order",
        severity="critical",
        reason=f"{event.source} reports order {event.data.get('client_id')}, which is not ours",
        opened_ms=event.time_ms,
        exposure=Exposure.UNKNOWN,
    )
