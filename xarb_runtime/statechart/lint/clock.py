"""
Every way that a chart's timers can stand when it rests, and what they can lead to.
"""

from collections.abc import Iterator

import msgspec

from xarb_runtime.statechart.lint.effects import Arm, Cancel, Command
from xarb_runtime.statechart.lint.moves import Move
from xarb_runtime.statechart.lint.subject import Subject
from xarb_runtime.statechart.lint.tree import Configuration


class Node(msgspec.Struct, frozen=True):
    """A configuration at rest, and its pending timers as pairs of id and event."""

    configuration: Configuration
    pending: frozenset[tuple[str, str]]


class Firing(msgspec.Struct, frozen=True):
    """What one pending timer can do; `move` is None when no transition wants it."""

    timer: tuple[str, str]
    move: Move | None
    target: Node

    def rearms(self, timer: tuple[str, str]) -> bool:
        """Tell whether the move arms a timer (again)."""
        effects = self.move.effects if self.move else ()
        return any(isinstance(e, Arm) and e.timer == timer[0] for e in effects)


class Clock:
    """All nodes that can be reached, and the moves into each."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.into: dict[Node, list[Move]] = {}
        waiting = [(_after(move, frozenset()), move) for move in subject.moves.start()]
        while waiting:
            node, move = waiting.pop()
            new = node not in self.into
            self.into.setdefault(node, []).append(move)
            if new and not subject.tree.ended(node.configuration):
                waiting += [(_after(m, pending), m) for pending, m in self._moves(node)]

    def _moves(self, node: Node) -> Iterator[tuple[frozenset[tuple[str, str]], Move]]:
        subject = self.subject
        timers = {timer.event for timer in subject.timers}
        for event in subject.moving(node.configuration):
            moves = subject.moves.of(node.configuration, event).moves
            if event not in timers or event in subject.outside:
                yield from ((node.pending, move) for move in moves)
            for timer in node.pending:
                if timer[1] == event:
                    yield from ((node.pending - {timer}, move) for move in moves)

    def firings(self, node: Node) -> Iterator[Firing]:
        """Yield everything that the pending timers of a node can do, whichever fires first."""
        for timer in sorted(node.pending):
            left = node.pending - {timer}
            reaction = self.subject.moves.of(node.configuration, timer[1])
            if reaction.may_stay:
                yield Firing(timer, None, Node(node.configuration, left))
            for move in reaction.moves:
                yield Firing(timer, move, _after(move, left))


def _after(move: Move, pending: frozenset[tuple[str, str]]) -> Node:
    if move.ended:
        return Node(move.target, frozenset())
    timers = dict(pending)
    for effect in move.effects:
        if isinstance(effect, Arm):
            timers[effect.timer] = effect.event
        elif isinstance(effect, Cancel):
            timers.pop(effect.timer, None)
    return Node(move.target, frozenset(timers.items()))


def asks(move: Move) -> list[Command]:
    """Return the questions that a move asks."""
    return [e for e in move.effects if isinstance(e, Command) and e.is_question]
