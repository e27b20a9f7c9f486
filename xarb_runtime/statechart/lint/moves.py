"""
All the steps that a chart can take, guards aside: from a configuration, by an event, to where.

Guards are open both ways, so what is found here is at least what can happen. An event is observed
before the chart sees it, which can change what guards say: so eventless transitions come first,
then those for the event, then eventless ones and raised events until the chart rests.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

import msgspec

from xarb_runtime.statechart.lint.choices import Budget, Choices, Chosen, TooLargeError
from xarb_runtime.statechart.lint.effects import Assign, Call, Command, Effect, Raise, alternatives
from xarb_runtime.statechart.lint.guards import contradicts, takes
from xarb_runtime.statechart.lint.tree import Configuration, Tree
from xarb_runtime.statechart.model import Action, Model, TransitionModel

#: How many microsteps a step may have.
_LONGEST = 60

#: Stands for any event that no transition names: it may still let eventless transitions go.
ANY_EVENT = "any.other.event"

_Seen = tuple[tuple[Configuration, tuple[str, ...]], ...]


class Micro(msgspec.Struct, frozen=True):
    """Transitions taken together, their effects in order, and the conditions that held before."""

    transitions: tuple[TransitionModel, ...]
    effects: tuple[Effect, ...]
    known: frozenset[str] = frozenset()


class Move(msgspec.Struct, frozen=True):
    """One whole step: what an event can lead to, down to rest."""

    event: str
    source: Configuration
    target: Configuration
    steps: tuple[Micro, ...]
    ended: bool = False
    held: frozenset[str] = frozenset()

    @property
    def effects(self) -> Iterator[Effect]:
        """All effects in order."""
        return (effect for micro in self.steps for effect in micro.effects)

    @property
    def trace(self) -> tuple[object, ...]:
        """What tells this move from others of the same event."""
        return (
            self.target,
            *(
                (tuple(t.path for t in micro.transitions), micro.effects, micro.known)
                for micro in self.steps
            ),
        )


class Reaction(msgspec.Struct, frozen=True):
    """What an event can do to a configuration; `may_stay`: possibly no transition wants it."""

    moves: tuple[Move, ...]
    may_stay: bool


class _Outcome(msgspec.Struct, frozen=True):
    target: Configuration
    micro: Micro
    raised: tuple[str, ...]


class Moves:
    """
    The steps of one chart, each found once.

    What is known of guards is kept from one microstep to the next, as long as nothing on the way
    can change it; `remarks` are fields of the context that no guard depends on. `touched` are all
    states that were ever entered, however briefly.
    """

    def __init__(self, model: Model, remarks: frozenset[str] = frozenset()) -> None:
        self.model = model
        self._remarks = remarks
        self.tree = Tree(model)
        self.touched = set(self.tree.initial())
        self._budget = Budget()
        self._choices = Choices(model, self.tree, self._budget)
        self._beforehand: dict[Configuration, list[Move]] = {}
        self._reactions: dict[tuple[Configuration, str], Reaction] = {}
        self._taken_before: dict[tuple[object, ...], list[_Outcome]] = {}

    def start(self) -> list[Move]:
        """Return the moves into the initial configurations; their event and source are empty."""
        entered = self.tree.initial()
        target = self.tree.leaves(entered)
        actions = [action for state in entered for action in self.model.states[state].enter]
        return [
            move
            for effects in alternatives(actions)
            for move in self._settle(
                Move("", (), target, (Micro((), effects),)), self._raised(effects, entered, entered)
            )
        ]

    def of(self, configuration: Configuration, event: str) -> Reaction:
        """Return what an event can do."""
        key = (configuration, event)
        if key not in self._reactions:
            self._reactions[key] = self._react(configuration, event)
        return self._reactions[key]

    def wanted(self, configuration: Configuration, event: str) -> bool:
        """Tell whether any transition is for the event."""
        return any(
            takes(transition, event)
            for state in self.tree.active(configuration)
            for transition in self.model.states[state].transitions
        )

    def beforehand(self, configuration: Configuration) -> list[Move]:
        """Return what eventless transitions may do before an event is taken; or nothing at all."""
        if configuration not in self._beforehand:
            still = Move("", configuration, configuration, ())
            self._beforehand[configuration] = list(self._settle(still, ()))
        return self._beforehand[configuration]

    def _react(self, configuration: Configuration, event: str) -> Reaction:
        moves: list[Move] = []
        may_stay = False
        for first in self.beforehand(configuration):
            move = msgspec.structs.replace(first, event=event)
            if move.ended:
                moves.append(move)
                continue
            options = self._choices.of(move.target, event)
            moves += self._go_on(move, options.chosen, (), ())
            if not self._may_stay(move, options.stay):
                continue
            if move.steps:
                moves.append(move)
            may_stay = may_stay or not move.steps
        return Reaction(tuple({move.trace: move for move in moves}.values()), may_stay)

    # -- Taking -----------------------------------------------------------------------------------

    def _outcomes(self, configuration: Configuration, choice: Chosen) -> list[_Outcome]:
        self._budget.spend()
        key = (configuration, choice.known, tuple(t.path for t in choice.transitions))
        if key not in self._taken_before:
            self._taken_before[key] = [
                outcome
                for targets in product(*(self.tree.targets(t) for t in choice.transitions))
                for outcome in self._taken(configuration, choice, targets)
            ]
        return self._taken_before[key]

    def _taken(
        self, configuration: Configuration, choice: Chosen, all_targets: Sequence[tuple[str, ...]]
    ) -> Iterator[_Outcome]:
        self._budget.spend()
        tree, exits, entered = self.tree, set[str](), dict[str, None]()
        for transition, targets in zip(choice.transitions, all_targets, strict=True):
            exits |= tree.exits(configuration, transition, targets)
            tree.enter(entered, targets, tree.domain(transition, targets))
        ordered = sorted(entered, key=tree.order.__getitem__)
        self.touched.update(ordered)
        active = [s for s in tree.active(configuration) if s not in exits] + ordered
        for effects in alternatives(self._actions(choice.transitions, exits, ordered)):
            micro = Micro(choice.transitions, effects, choice.known)
            yield _Outcome(tree.leaves(active), micro, self._raised(effects, ordered, active))

    def _actions(
        self, transitions: Sequence[TransitionModel], exits: set[str], entered: Sequence[str]
    ) -> Iterator[Action]:
        """In the library's order: before, exit, on, enter, after."""
        yield from _group(transitions, "before")
        for state in sorted(exits, key=self.tree.order.__getitem__, reverse=True):
            yield from self.model.states[state].exit
        yield from _group(transitions, "on")
        for state in entered:
            yield from self.model.states[state].enter
        yield from _group(transitions, "after")

    def _raised(
        self, effects: Iterable[Effect], entered: Iterable[str], active: Iterable[str]
    ) -> tuple[str, ...]:
        names = [effect.event for effect in effects if isinstance(effect, Raise)]
        return (*names, *self.tree.done_events(entered, set(active)))

    # -- Coming to rest ---------------------------------------------------------------------------

    def _settle(self, move: Move, queue: tuple[str, ...], seen: _Seen = ()) -> Iterator[Move]:
        """Take eventless transitions and raised events until nothing is left."""
        key = (move.target, queue)
        if self.tree.stopped(move.target):
            yield msgspec.structs.replace(move, ended=True)
            return
        if key in seen:
            return
        if len(move.steps) > _LONGEST:
            raise TooLargeError
        seen = (*seen, key)
        options = self._choices.of(move.target, "")
        yield from self._go_on(move, options.chosen, queue, seen)
        if not self._may_stay(move, options.stay):
            return
        held = move.held | _lasting(options.stay or frozenset())
        move = msgspec.structs.replace(move, held=held)
        if not queue:
            yield msgspec.structs.replace(move, ended=self.tree.ended(move.target))
            return
        options = self._choices.of(move.target, queue[0])
        yield from self._go_on(move, options.chosen, queue[1:], seen)
        if self._may_stay(move, options.stay):
            yield from self._settle(move, queue[1:], seen)

    def _may_stay(self, move: Move, stay: frozenset[str] | None) -> bool:
        if stay is None:
            return False
        return not any(contradicts(move.held, condition) for condition in stay)

    def _go_on(
        self,
        move: Move,
        chosen: Iterable[Chosen],
        queue: tuple[str, ...],
        seen: _Seen,
    ) -> Iterator[Move]:
        for choice in chosen:
            if any(contradicts(move.held, condition) for condition in choice.known):
                continue
            for outcome in self._outcomes(move.target, choice):
                longer = self._and_then(move, outcome)
                yield from self._settle(longer, (*queue, *outcome.raised), seen)

    def _and_then(self, move: Move, outcome: _Outcome) -> Move:
        steps = (*move.steps, outcome.micro)
        held = move.held | _lasting(outcome.micro.known)
        if any(self._changes(effect) for effect in outcome.micro.effects):
            held = frozenset[str]()
        return msgspec.structs.replace(move, target=outcome.target, steps=steps, held=held)

    def _changes(self, effect: Effect) -> bool:
        """Whether an effect can change what guards depend on; a command can, by what it notes."""
        if isinstance(effect, Assign):
            return effect.field not in self._remarks
        return isinstance(effect, (Call, Command))


def _lasting(facts: frozenset[str]) -> frozenset[str]:
    """Facts about the context; those about active states do not outlast a transition."""
    return frozenset(fact for fact in facts if "In(" not in fact)


def _group(transitions: Iterable[TransitionModel], name: str) -> Iterator[Action]:
    for transition in transitions:
        prefix = f"{transition.path}/{name}"
        yield from (a for a in transition.actions if f"{a.path}/".startswith(f"{prefix}/"))
