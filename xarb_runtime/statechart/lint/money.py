"""
XS402 to XS409: what a chart that moves money must always be able to answer.
"""

from collections.abc import Iterator, Mapping

from xarb_runtime.domain.steps import Exposure
from xarb_runtime.statechart.findings import Finding
from xarb_runtime.statechart.lint.arrivals import DOUBT, OPERATOR, PAUSE, SEVERAL, Edge, Walk
from xarb_runtime.statechart.lint.clock import Clock, Node
from xarb_runtime.statechart.lint.effects import RISKY_SLOT, Command
from xarb_runtime.statechart.lint.moves import Move
from xarb_runtime.statechart.lint.subject import Subject, named
from xarb_runtime.statechart.lint.tree import Configuration
from xarb_runtime.statechart.lint.words import listed

#: What may be said about an order just placed and must be handled; `unknown` is looked at apart.
_MUST_HANDLE = ("filled", "refused")


def check_placing(subject: Subject, clock: Clock) -> Iterator[Finding]:
    """XS402: an order is sent where one of its answers is not expected."""
    told: set[str] = set()
    for node, moves in clock.into.items():
        for command in (c for move in moves for c in _orders(move, "place")):
            missing = list(_unanswered(subject, clock, node, command.slot))
            if missing and command.path not in told and not subject.tree.ended(node.configuration):
                told.add(command.path)
                message = (
                    f"expected {named(node.configuration)} to answer for the order of "
                    f"{command.slot!r} that was just sent, found nothing for {listed(missing)}."
                )
                hint = "Unknown is a third answer: look for the order before deciding."
                yield subject.finding("XS402", command.path, message, hint)


def _orders(move: Move, name: str) -> Iterator[Command]:
    for effect in move.effects:
        if isinstance(effect, Command) and effect.kind == f"venue/{name}" and effect.slot:
            yield effect


def _unanswered(subject: Subject, clock: Clock, node: Node, slot: str) -> Iterator[str]:
    here = node.configuration
    yield from (
        f"{slot}.{signal}"
        for signal in _MUST_HANDLE
        if not subject.moves.wanted(here, f"{slot}.{signal}")
    )
    partial, unknown = f"{slot}.partially_filled", f"{slot}.unknown"
    if not subject.moves.wanted(here, partial) and not subject.ignores(here, partial):
        yield partial
    if not subject.moves.wanted(here, unknown) and not _timers_look(subject, clock, node, slot):
        yield unknown


def _timers_look(subject: Subject, clock: Clock, node: Node, slot: str) -> bool:
    """Whether a timer leads to looking for the order, or to calling a person."""
    seen: set[Node] = set()
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        for firing in clock.firings(here):
            found = (c.slot == slot for c in _orders(firing.move, "find")) if firing.move else ()
            if any(found) or subject.calls_a_person(firing.target.configuration):
                return True
            waiting.append(firing.target)
    return False


def check_cancelling(subject: Subject) -> Iterator[Finding]:
    """XS403: a cancel is asked for where a fill is not expected; it can lose the race."""
    told: set[str] = set()
    for moves in subject.graph.values():
        for move in moves:
            for command in _orders(move, "cancel"):
                fill = f"{command.slot}.filled"
                if move.ended or subject.moves.wanted(move.target, fill) or command.path in told:
                    continue
                told.add(command.path)
                message = (
                    f"expected {named(move.target)} to handle {fill!r} while a cancel is on its "
                    f"way, found that it does not: the cancel can come too late."
                )
                yield subject.finding("XS403", command.path, message, "Handle it as a fill.")


def check_ends(subject: Subject) -> Iterator[Finding]:
    """XS404: an execution ends while money is open."""
    for leaf in subject.model.atomic():
        exposure = subject.meta.states[leaf.id].exposure
        if leaf.final and not leaf.parent and exposure in {Exposure.ONE_LEG, Exposure.UNKNOWN}:
            message = f"expected an end to be flat or hedged, found {exposure.value!r}."
            hint = "Nobody looks at an ended execution any more: let a person close it."
            yield subject.finding("XS404", leaf.path, message, hint)


def check_pause(subject: Subject) -> Iterator[Finding]:
    """XS405: a state wants to hear of a pause and does not handle it."""
    told: set[str] = set()
    for configuration in subject.rest():
        wish, leaf = subject.on_pause(configuration), subject.leaf(configuration)
        if wish == "finish" or subject.moves.wanted(configuration, PAUSE) or leaf.id in told:
            continue
        told.add(leaf.id)
        message = f"expected {PAUSE!r} to be handled where on_pause is {wish!r}, found nothing."
        hint = "Add a transition for it, or let on_pause be 'finish'."
        yield subject.finding("XS405", leaf.path, message, hint)


def check_risk(subject: Subject) -> Iterator[Finding]:
    """XS406: the risky leg is placed where money is open already."""
    told: set[str] = set()
    for configuration, moves in subject.graph.items():
        for move in moves:
            for command in _orders(move, "place"):
                flat = subject.exposure(configuration) is Exposure.FLAT
                alone = subject.exposure(move.target) is not Exposure.ONE_LEG or move.ended
                if command.slot != RISKY_SLOT or (flat and alone) or command.path in told:
                    continue
                told.add(command.path)
                yield _risk(subject, command, configuration if not flat else move.target)


def _risk(subject: Subject, command: Command, where: Configuration) -> Finding:
    message = (
        f"expected {command.slot!r} to be placed only from a flat state, found {named(where)} "
        f"with exposure {subject.exposure(where).value!r}."
    )
    hint = "With money open, only place what reduces it; an order on its way is 'unknown'."
    return subject.finding("XS406", command.path, message, hint)


def check_doubles(subject: Subject, walks: Mapping[str, Walk]) -> Iterator[Finding]:
    """XS407: a second order for the same purpose, while the first may still fill."""
    for slot, walk in walks.items():
        told: set[str] = set()
        for edge in walk.edges:
            several = edge.facts & SEVERAL and not edge.before & SEVERAL
            for command in _orders(edge.move, "place") if edge.move and several else ():
                if command.slot != slot or command.path in told:
                    continue
                told.add(command.path)
                message = (
                    f"expected one order of {slot!r} at a time, found another one sent on "
                    f"{edge.event!r} from {named(edge.source)} while the first may still fill."
                )
                hint = (
                    f"Look for the first one; guard with one of {listed(subject.context.settled)}."
                )
                yield subject.finding("XS407", command.path, message, hint)


def _guards(subject: Subject, slot: str) -> str:
    proofs = [proof for proof, slots in subject.context.settled.items() if slot in slots]
    return f"Guard the way with one of: {listed(proofs)}."


def check_claims(subject: Subject, walks: Mapping[str, Walk]) -> Iterator[Finding]:
    """XS408: flat by its own word, or ended, while an order may still fill."""
    told: set[str] = set()
    for slot, walk in walks.items():
        for edge in walk.edges:
            leaf = subject.leaf(edge.target)
            if leaf.id in told or not _claims_too_much(subject, edge):
                continue
            told.add(leaf.id)
            what = "has ended" if subject.tree.ended(edge.target) else "is flat"
            message = (
                f"expected no order of {slot!r} in doubt where the execution {what}, found that "
                f"{edge.event!r} leads from {named(edge.source)} to {leaf.id!r} with one."
            )
            yield subject.finding("XS408", leaf.path, message, _guards(subject, slot))


def _claims_too_much(subject: Subject, edge: Edge) -> bool:
    if not edge.facts & DOUBT or edge.event.startswith(OPERATOR):
        return False
    return subject.tree.ended(edge.target) or subject.exposure(edge.target) is Exposure.FLAT


def check_incidents(subject: Subject) -> Iterator[Finding]:
    """XS409: a person is called, and cannot say anything."""
    told: set[str] = set()
    for configuration in subject.rest():
        leaf = subject.leaf(configuration)
        if leaf.id in told or not subject.calls_a_person(configuration):
            continue
        if any(event.startswith(OPERATOR) for event in subject.moving(configuration)):
            continue
        told.add(leaf.id)
        message = f"expected {leaf.id!r}, which opens an incident, to take an operator's word."
        hint = "Handle an event such as operator.resolve."
        yield subject.finding("XS409", leaf.path, f"{message[:-1]}, found none.", hint)
