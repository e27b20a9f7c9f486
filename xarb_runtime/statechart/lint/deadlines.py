"""
XS302, XS303: does everything that is waited for have a deadline, and is the deadline heard?
"""

from collections.abc import Iterator

from xarb_runtime.domain.steps import Exposure
from xarb_runtime.statechart.findings import Finding
from xarb_runtime.statechart.lint.clock import Clock, Node, asks
from xarb_runtime.statechart.lint.effects import Cancel
from xarb_runtime.statechart.lint.subject import Subject, named
from xarb_runtime.statechart.lint.words import suggestion


def check_waiting(subject: Subject, clock: Clock) -> Iterator[Finding]:
    """
    XS302: a state can be waited in for ever.

    A state that is flat and has asked nobody anything may; so may an end. Where money is at risk
    the same fault is XS401, unless an incident is open and only the reminder is missing.
    """
    told: set[str] = set()
    for node in clock.into:
        leaf = subject.leaf(node.configuration)
        if leaf.id in told or not _needs_deadline(subject, clock, node):
            continue
        told.add(leaf.id)
        message = (
            f"expected a pending timer whenever {named(node.configuration)} waits, found none."
        )
        hint = "Arm one in enter, cancel it in exit, and handle its event."
        yield subject.finding("XS302", leaf.path, message, hint)


def _needs_deadline(subject: Subject, clock: Clock, node: Node) -> bool:
    here = node.configuration
    if node.pending or subject.tree.ended(here):
        return False
    if subject.exposure(here) is Exposure.FLAT:
        return any(asks(move) for move in clock.into[node])
    return not subject.is_exposed(here) or subject.calls_a_person(here)


def check_firing(subject: Subject, clock: Clock) -> Iterator[Finding]:
    """XS303: a timer fires where nobody handles it, or one is cancelled that was never armed."""
    yield from _unheard(subject, clock)
    armed = {timer.timer for timer in subject.timers}
    for effect in subject.effects:
        if isinstance(effect, Cancel) and effect.timer not in armed:
            message = f"expected the id of a timer of this chart, found {effect.timer!r}."
            hint = suggestion(effect.timer, armed, "timers")
            yield subject.finding("XS303", f"{effect.path}/sendid", message, hint)


def _unheard(subject: Subject, clock: Clock) -> Iterator[Finding]:
    places = {(timer.timer, timer.event): timer.path for timer in reversed(subject.timers)}
    told: set[tuple[str, str]] = set()
    for node in clock.into:
        for timer in node.pending - told:
            here = node.configuration
            if subject.moves.wanted(here, timer[1]) or subject.ignores(here, timer[1]):
                continue
            told.add(timer)
            message = (
                f"expected {timer[1]!r} to be handled wherever its timer can fire, found that "
                f"{named(here)} does not."
            )
            hint = "Handle it there, or cancel the timer on the way."
            yield subject.finding("XS303", places[timer], message, hint)
