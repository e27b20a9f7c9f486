"""
Which events can arrive in which state: the event x state matrix.

Every move of the chart is followed together with what is known about one order (or one question) at
a time. A venue can say anything about an order that is in doubt, and take back one that is not; an
answer to a question can come late, once. Operators' and all other words can come at any time, a
pause wherever pausing means something or just meant something.

An ended execution is left out: what is still said to it is the runtime's business.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from xarb_runtime.statechart.lint.effects import ANSWERS, Command
from xarb_runtime.statechart.lint.guards import normalised
from xarb_runtime.statechart.lint.moves import Move
from xarb_runtime.statechart.lint.subject import Subject
from xarb_runtime.statechart.lint.tree import Configuration

PAUSE = "operator.pause"
#: Words of people begin like this.
OPERATOR = "operator."

#: What is known about the orders of one slot, or about one question: a sum of the following.
Facts = int
NOTHING: Facts = 0
DOUBT: Facts = 1  #: an order may fill further than we know; a question is not answered
SEVERAL: Facts = 2  #: more than one of them
FILLED: Facts = 4
DEAD: Facts = 8
CANCELLING: Facts = 16  #: the newest order is to be cancelled
_ALL: Facts = 31

#: What can be said about an order in doubt, and what is known then. Taken back: all, or a part.
_IN_DOUBT = (
    ("acknowledged", DOUBT),
    ("partially_filled", DOUBT),
    ("repeated", DOUBT),
    ("unknown", DOUBT),
    ("filled", FILLED),
    ("cancelled", DEAD),
    ("refused", DEAD),
    ("reversed", DEAD),
    ("reversed", DOUBT),
)
_KNOWN = (("repeated", NOTHING), ("finalised", NOTHING), ("reversed", DEAD))

#: What a move does to the facts, in order.
_SETTLED, _PLACED, _CANCELLED = "settled", "placed", "cancelled"
_Deeds = tuple[str, ...]


class Edge(msgspec.Struct, frozen=True):
    """One way to get to `facts` in `target`; `move` is None when nothing moved."""

    source: Configuration
    before: Facts
    event: str
    move: Move | None
    target: Configuration
    facts: Facts


def order_signals(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Yield what a venue can say next about a slot's orders, and what is known then."""
    if facts & DOUBT:
        rest = facts if facts & SEVERAL else facts & ~DOUBT
        yield from ((signal, rest | known) for signal, known in _IN_DOUBT)
        if facts & CANCELLING:
            yield "cancel_refused", facts
    if facts & (FILLED | DEAD):
        yield from ((signal, facts | known) for signal, known in _KNOWN)


class Walk:
    """All that can happen to the orders of one slot, or to one question."""

    def __init__(
        self,
        subject: Subject,
        signals: Callable[[Facts], Iterable[tuple[str, Facts]]],
        deed: Callable[[Command], str],
        proofs: frozenset[str] = frozenset(),
    ) -> None:
        self.edges: list[Edge] = []
        self.arrived: dict[tuple[Configuration, Facts], set[str]] = {}
        self._subject = subject
        self._signals = signals
        self._deed = deed
        self._proofs = proofs
        self._own = {signal for signal, _ in signals(_ALL)}
        self._foreign: dict[Configuration, list[tuple[str, Move, _Deeds]]] = {}
        self._ways: dict[tuple[Configuration, str], list[tuple[Move, _Deeds]]] = {}
        self._walk()

    def _walk(self) -> None:
        waiting = [
            (move.target, facts)
            for move in self._subject.moves.start()
            for facts in _after(NOTHING, tuple(self._deeds(move)))
        ]
        while waiting:
            node = waiting.pop()
            if node in self.arrived:
                continue
            self.arrived[node] = set()
            if not self._subject.tree.ended(node[0]):
                edges = list(self._edges(*node))
                self.edges += edges
                waiting += [(edge.target, edge.facts) for edge in edges]

    def _edges(self, here: Configuration, facts: Facts) -> Iterator[Edge]:
        spoken = list(self._signals(facts))
        self.arrived[here, facts] = {signal for signal, _ in spoken}
        for event, move, deeds in self._foreign_ways(here):
            for known in _after(facts, deeds):
                yield Edge(here, facts, event, move, move.target, known)
        for event, known in spoken:
            yield from self._follow(here, facts, event, known)

    def _follow(
        self, here: Configuration, before: Facts, event: str, known: Facts
    ) -> Iterator[Edge]:
        if known != before and self._subject.moves.of(here, event).may_stay:
            yield Edge(here, before, event, None, here, known)
        for move, deeds in self._ways_from(here, event):
            for facts in _after(known, deeds):
                yield Edge(here, before, event, move, move.target, facts)

    def _foreign_ways(self, here: Configuration) -> list[tuple[str, Move, _Deeds]]:
        """What everything else can do here, one event for all that do the same."""
        if here not in self._foreign:
            ways: dict[tuple[object, ...], tuple[str, Move, _Deeds]] = {}
            for event in self._subject.moving(here):
                if event in self._own:
                    continue
                for move, deeds in self._ways_from(here, event):
                    word = event.startswith(OPERATOR)
                    ways.setdefault((move.target, deeds, word), (event, move, deeds))
            self._foreign[here] = list(ways.values())
        return self._foreign[here]

    def _ways_from(self, here: Configuration, event: str) -> list[tuple[Move, _Deeds]]:
        """The moves that differ in what they do to the orders that are followed."""
        if (here, event) not in self._ways:
            ways: dict[tuple[Configuration, _Deeds], Move] = {}
            for move in self._subject.moves.of(here, event).moves:
                ways.setdefault((move.target, tuple(self._deeds(move))), move)
            self._ways[here, event] = [(move, deeds) for (_, deeds), move in ways.items()]
        return self._ways[here, event]

    def _deeds(self, move: Move) -> Iterator[str]:
        for micro in move.steps:
            if micro.known & self._proofs:
                yield _SETTLED
            for effect in micro.effects:
                deed = self._deed(effect) if isinstance(effect, Command) else ""
                if deed:
                    yield deed


def _after(facts: Facts, deeds: _Deeds) -> Iterator[Facts]:
    """What is known then; nothing when a guard on the way proves the move impossible."""
    for deed in deeds:
        if deed == _SETTLED and facts & DOUBT:
            return
        if deed == _PLACED:
            several = SEVERAL if facts & DOUBT else NOTHING
            facts = (facts & ~CANCELLING) | DOUBT | several
        elif deed == _CANCELLED:
            facts |= CANCELLING
    yield facts


def order_walk(subject: Subject, slot: str) -> Walk:
    """Follow the orders of a slot."""

    def signals(facts: Facts) -> Iterator[tuple[str, Facts]]:
        return ((f"{slot}.{signal}", known) for signal, known in order_signals(facts))

    def deed(command: Command) -> str:
        if command.slot != slot:
            return ""
        return {"venue/place": _PLACED, "venue/cancel": _CANCELLED}.get(command.kind, "")

    settled = subject.context.settled.items()
    proofs = frozenset(normalised(proof) for proof, slots in settled if slot in slots)
    return Walk(subject, signals, deed, proofs)


def _question_walk(subject: Subject, kind: str) -> Walk:
    def signals(facts: Facts) -> Iterator[tuple[str, Facts]]:
        if facts & DOUBT:
            answered = facts if facts & SEVERAL else facts & ~DOUBT
            yield from ((answer, answered) for answer in ANSWERS[kind])

    return Walk(subject, signals, lambda command: _PLACED if command.kind == kind else "")


# -- The matrix -----------------------------------------------------------------------------------


def open_cells(subject: Subject, walks: Mapping[str, Walk]) -> dict[str, set[str]]:
    """Return the events per state that can arrive there and are neither handled nor ignored."""
    cells: dict[str, set[str]] = {}
    for configuration, event in arrivals(subject, walks):
        answered = subject.moves.wanted(configuration, event)
        if not answered and not subject.ignores(configuration, event):
            cells.setdefault(subject.leaf(configuration).id, set()).add(event)
    return {leaf.id: cells[leaf.id] for leaf in subject.model.atomic() if leaf.id in cells}


def arrivals(subject: Subject, walks: Mapping[str, Walk]) -> Iterator[tuple[Configuration, str]]:
    """Yield every event of the outside with every configuration that it can arrive in."""
    questions = [_question_walk(subject, kind) for kind in ANSWERS]
    for walk in (*walks.values(), *questions):
        for (configuration, _), events in walk.arrived.items():
            yield from ((configuration, event) for event in events & subject.outside)
    answers = {answer for group in ANSWERS.values() for answer in group}
    words = {
        event
        for event in subject.outside - answers
        if event.partition(".")[0] not in subject.context.slots
    }
    yield from _words(subject, words)


def _words(subject: Subject, events: Iterable[str]) -> Iterator[tuple[Configuration, str]]:
    pausable = _pausable(subject)
    for configuration in subject.rest():
        for event in events:
            begins = event in subject.context.beginnings
            if begins and configuration not in subject.initial:
                continue
            if event != PAUSE or configuration in pausable:
                yield configuration, event


def _pausable(subject: Subject) -> set[Configuration]:
    """Where a pause can arrive: it may be on its way while the chart moves on."""
    if not subject.context.slots:
        return set(subject.rest())
    waiting = [c for c in subject.rest() if subject.on_pause(c) != "finish"]
    reached: set[Configuration] = set()
    while waiting:
        configuration = waiting.pop()
        if configuration not in reached:
            reached.add(configuration)
            waiting += [move.target for move in subject.graph[configuration]]
    return reached
