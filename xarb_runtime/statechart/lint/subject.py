"""
What the rules look at: a chart's structure, and with its `x-xarb` block and context, its meaning.
"""

from collections.abc import Iterator
from functools import cached_property

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.steps import EXPOSURE_ORDER, Exposure
from xarb_runtime.statechart.document import Document
from xarb_runtime.statechart.findings import Finding
from xarb_runtime.statechart.lint.effects import Arm, Command, Effect, Raise, effects_of
from xarb_runtime.statechart.lint.moves import ANY_EVENT, Move, Moves
from xarb_runtime.statechart.lint.tree import Configuration, Tree
from xarb_runtime.statechart.meta import ChartMeta, matches
from xarb_runtime.statechart.model import Model, StateModel, TransitionModel


class Structure:
    """A chart that fits the published schema, as far as it says so by itself."""

    def __init__(
        self, document: Document, model: Model, remarks: frozenset[str] = frozenset()
    ) -> None:
        self.document = document
        self.model = model
        self.moves = Moves(model, remarks)

    def finding(self, code: str, path: str, message: str, hint: str = "") -> Finding:
        """Make an error finding."""
        return self.document.finding(code, path, message, hint)

    @property
    def tree(self) -> Tree:
        """The states with their order and ancestors."""
        return self.moves.tree

    @cached_property
    def effects(self) -> list[Effect]:
        """All effects that are written anywhere."""
        return effects_of(self.model)

    @cached_property
    def timers(self) -> list[Arm]:
        """All places where a timer is armed."""
        return [effect for effect in self.effects if isinstance(effect, Arm)]

    @cached_property
    def raised(self) -> list[Raise]:
        """All places where an event is raised."""
        return [effect for effect in self.effects if isinstance(effect, Raise)]

    @cached_property
    def descriptors(self) -> frozenset[str]:
        """All event descriptors, in their short form."""
        return frozenset(
            event.removesuffix(".*").removesuffix(".") for _, event in self.event_descriptors()
        )

    def event_descriptors(self) -> Iterator[tuple[TransitionModel, str]]:
        """Yield every event descriptor as written, with its transition."""
        for state in self.model.states.values():
            for transition in state.transitions:
                for event in transition.events:
                    yield transition, event

    @cached_property
    def graph(self) -> dict[Configuration, list[Move]]:
        """All configurations that can be reached, and the moves out of each."""
        graph: dict[Configuration, list[Move]] = {}
        waiting = [(move.target, move.ended) for move in self.moves.start()]
        while waiting:
            configuration, ended = waiting.pop()
            if configuration in graph:
                continue
            graph[configuration] = [] if ended else self._moves_from(configuration)
            waiting += [(move.target, move.ended) for move in graph[configuration]]
        return graph

    def _moves_from(self, configuration: Configuration) -> list[Move]:
        return [
            move
            for event in sorted(self.descriptors | {ANY_EVENT})
            if self.may_move(configuration, event)
            for move in self.moves.of(configuration, event).moves
        ]

    def may_move(self, configuration: Configuration, event: str) -> bool:
        """Tell whether a transition is for an event here, or where eventless ones lead before."""
        before = self.moves.beforehand(configuration)
        if event == ANY_EVENT and any(move.steps for move in before):
            return True
        return any(self.moves.wanted(move.target, event) for move in before)

    @cached_property
    def entered(self) -> frozenset[str]:
        """All states that are ever entered, those too that are left in the same instant."""
        explored = self.graph
        return frozenset(self.moves.touched) if explored else frozenset()

    @cached_property
    def initial(self) -> frozenset[Configuration]:
        """The configurations in which a chart can begin."""
        return frozenset(move.target for move in self.moves.start())

    def transitions(self) -> Iterator[TransitionModel]:
        """Yield all transitions in document order."""
        for state in self.model.states.values():
            yield from state.transitions


class Subject(Structure):
    """A chart whose `x-xarb` block fits and whose context is known."""

    def __init__(
        self, document: Document, model: Model, meta: ChartMeta, context: type[Context]
    ) -> None:
        super().__init__(document, model, context.remarks)
        self.meta = meta
        self.context = context
        self._moving: dict[Configuration, list[str]] = {}

    @cached_property
    def outside(self) -> frozenset[str]:
        """The events that the outside can produce."""
        return self.context.catalogue | frozenset(self.meta.events.produced)

    @cached_property
    def alphabet(self) -> frozenset[str]:
        """All events that can happen at all, whoever makes them."""
        own = {effect.event for effect in (*self.timers, *self.raised)}
        done = {f"done.state.{state.id}" for state in self.model.states.values() if state.children}
        return self.outside | own | done

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """The slots for which the chart places orders."""
        places = (e for e in self.effects if isinstance(e, Command) and e.kind == "venue/place")
        return tuple(sorted({command.slot for command in places if command.slot}))

    def moving(self, configuration: Configuration) -> list[str]:
        """Return the events that can happen at all and can move an execution from here."""
        if configuration not in self._moving:
            self._moving[configuration] = [
                event
                for event in sorted(self.alphabet | {ANY_EVENT})
                if self.may_move(configuration, event)
            ]
        return self._moving[configuration]

    def on_pause(self, configuration: Configuration) -> str:
        """Return what pausing means here."""
        wishes = {self.meta.states[leaf].on_pause for leaf in configuration}
        return next((wish for wish in ("hedge_then_stop", "now") if wish in wishes), "finish")

    def exposure(self, configuration: Configuration) -> Exposure:
        """Return the worst exposure declared for any of these states."""
        declared = (self.meta.states[leaf].exposure for leaf in configuration)
        return max(declared, key=EXPOSURE_ORDER.index)

    def is_exposed(self, configuration: Configuration) -> bool:
        """Tell whether money may be at risk here."""
        return self.exposure(configuration) in {Exposure.ONE_LEG, Exposure.UNKNOWN}

    def ignores(self, configuration: Configuration, event: str) -> bool:
        """Tell whether every leaf is deaf to an event on purpose."""
        return all(self._ignores(leaf, event) for leaf in configuration)

    def _ignores(self, leaf: str, event: str) -> bool:
        inside = {"*", *self.tree.chains[leaf]}
        return any(
            item.state in inside and any(matches(pattern, event) for pattern in item.events)
            for item in self.meta.ignore
        )

    def calls_a_person(self, configuration: Configuration) -> bool:
        """Tell whether entering an active state always opens an incident."""
        return any(
            is_incident(action.kind, action.body)
            for state in self.tree.active(configuration)
            for action in self.model.states[state].enter
        )

    def rest(self) -> Iterator[Configuration]:
        """Yield the configurations in which an execution can rest without having ended."""
        return (c for c in self.graph if not self.tree.ended(c))

    def leaf(self, configuration: Configuration) -> StateModel:
        """Return the state that a finding about a configuration is told for."""
        return self.model.states[configuration[0]]


def is_incident(kind: str, body: object) -> bool:
    """Tell whether an action opens an incident."""
    return (
        kind == "send"
        and isinstance(body, dict)
        and (body.get("target"), body.get("event")) == ("#_runtime", "incident")  # pyright: ignore[reportUnknownMemberType]
    )


def named(configuration: Configuration) -> str:
    """Return a configuration for a message."""
    return " and ".join(repr(leaf) for leaf in configuration)
