"""
The one module that knows python-statemachine's internals.

Everything here is pinned by characterisation tests (`tests/statechart/test_library_behaviour.py`);
if one of them fails after an upgrade, this file is what to look at.

The library reads a chart, checks it, compiles its expressions and actions, and decides which
transitions an event could take, which of them exclude each other, and which states they leave and
enter. Each of these answers depends on the chart alone, so it is asked for once and kept (see
`machine.py`); only guards and actions are evaluated anew, on the context of the execution.
"""

# The library's own annotations leave much unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import methodcaller
from typing import Any, Protocol

import msgspec
from statemachine.engines.sync import SyncEngine
from statemachine.event_data import TriggerData
from statemachine.exceptions import InvalidDefinition
from statemachine.io.evaluators import RestrictedEvaluator, normalize_cond
from statemachine.io.interpreter import Interpreter
from statemachine.io.native import native_dict_to_definition
from statemachine.io.yaml.reader import YAMLReader
from statemachine.orderedset import OrderedSet
from statemachine.statemachine import StateChart

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.statechart.model import Model, TransitionModel
from xarb_runtime.statechart.native import called_names
from xarb_runtime.statechart.timers import ARM, CANCEL, without_timers

#: An effect of a chart, ready to run on the context that the machine shows.
Deed = Callable[[], Any]
History = Mapping[str, tuple[str, ...]]


class Effects(Protocol):
    """Where a running step puts what it wants done, and what it saw."""

    def command(self, target: str, name: str, params: dict[str, Any]) -> None:
        """Take a `send` to a target."""
        ...

    def arm(self, timer: str, event: str, delay_ms: int) -> None:
        """Take a delayed `send`."""
        ...

    def cancel(self, timer: str) -> None:
        """Take a `cancel`."""
        ...

    def say(self, event: str, *, internal: bool) -> None:
        """Take an event that the chart sends to itself: a `raise`, or a `send` to nobody."""
        ...

    def guard(self, expression: str, *, result: bool) -> None:
        """Take note of a guard's outcome."""
        ...


class Place(msgspec.Struct, frozen=True):
    """A configuration: its leaves, sorted, and the library's states in document order."""

    leaves: tuple[str, ...]
    atomic: tuple[str, ...]
    states: OrderedSet[Any]
    finished: bool


class Candidate(msgspec.Struct, frozen=True):
    """A transition that an event could take, and what must hold: guards and expected results."""

    transition: Any
    guards: tuple[tuple[Callable[..., bool], bool], ...]


class Plan(msgspec.Struct, frozen=True):
    """
    What taking some transitions means.

    Attributes:
        written: the transitions as the chart has them.
        leaving: before, exit and on actions; they see the configuration that is being left.
        target: the configuration that is entered.
        entering: enter and after actions; they see the configuration that was entered.
        history: what history states remember afterwards.
    """

    written: tuple[TransitionModel, ...]
    leaving: tuple[Deed, ...]
    target: Place
    entering: tuple[Deed, ...]
    history: dict[str, tuple[str, ...]]


class _Evaluator(RestrictedEvaluator):
    """The restricted dialect; each expression is compiled once, names are read off the context."""

    def __init__(self) -> None:
        self._values: dict[str, Callable[..., Any]] = {}

    def compile_value(self, expr: str) -> Callable[..., Any]:
        if expr not in self._values:
            self._values[expr] = self._compile(expr, _context_name)
        return self._values[expr]

    def compile_bool(self, expr: str) -> Callable[..., Any]:
        value = self.compile_value(normalize_cond(expr))

        def guard(*_: Any, machine: Any, **__: Any) -> bool:
            result = bool(value(machine=machine))
            machine.effects.guard(expr, result=result)
            return result

        return guard


def _context_name(name: str) -> Callable[..., Any]:
    if name.startswith("_"):
        message = f"a private name such as {name!r} is not visible to charts"
        raise InvalidDefinition(message)

    def read(*_: Any, machine: Any, **__: Any) -> Any:
        value = getattr(machine.model, name)
        if callable(value):
            message = f"expected {name!r} to be an attribute or property, found a method"
            raise TypeError(message)
        return value

    read.__name__ = name
    return read


class _Interpreter(Interpreter):
    """Without SCXML's system variables: expressions read the context and nothing else."""

    def definition_kwargs(self, definition: Any) -> dict[str, Any]:
        kwargs = super().definition_kwargs(definition)
        del kwargs["prepare_event"]
        return kwargs


class _Sends:
    """Stands in for the library's invoke manager: a `send` to `#_name` is a command or a timer."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine

    def send_to_child(self, target: str, event: str, **params: Any) -> bool:
        effects: Effects = self._machine.effects
        if target == ARM:
            effects.arm(params["id"] or event, event, parse_duration_ms(params["delay"]))
        elif target == CANCEL:
            effects.cancel(params["id"])
        else:
            effects.command(target, event, params)
        return True

    def cancel_all(self) -> None:
        """No invocations, nothing to stop."""


class _Engine(SyncEngine):
    """The library's engine, used as an oracle: it is asked what it would do, and never runs."""

    def __init__(self, machine: Any) -> None:
        super().__init__(machine)
        self._invoke_manager = _Sends(machine)

    def start(self, **kwargs: Any) -> None:
        """Enter nothing: executions enter their initial state themselves."""


class _Base(StateChart[Any]):
    """What every loaded class is subclassed with."""

    model: Any
    effects: Effects
    active: OrderedSet[Any]

    def _get_engine(self) -> _Engine:
        return _Engine(self)

    @property
    def configuration(self) -> OrderedSet[Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.active

    def _put_nonblocking(self, trigger_data: TriggerData, internal: bool = False) -> None:
        self.effects.say(str(trigger_data.event), internal=internal)


#: See `tests/statechart/test_library_behaviour.py` for what each of them prevents.
STRICT_FLAGS: dict[str, bool] = {
    "validate_disconnected_states": True,
    "validate_trap_states": True,
    "validate_final_reachability": True,
    "atomic_configuration_update": True,
    "catch_errors_as_events": False,
    "allow_event_without_transition": False,
}


def build_class(document: dict[str, Any], name: str) -> type[StateChart[Any]]:
    """
    Compile a native document into a strict chart class.

    Raises:
        InvalidDefinition: whatever the library's own checks object to.
    """
    definition = native_dict_to_definition(without_timers(document), source_name=name)
    interpreter = _Interpreter(reader=YAMLReader(), evaluator=_Evaluator())
    interpreter.process_definition(definition, location=name)
    return type(name, (_Base, interpreter.scs[name]), dict(STRICT_FLAGS))


def compile_expression(expression: str) -> Callable[..., Any]:
    """
    Compile an expression of the restricted dialect; call the result with `machine=`.

    Raises:
        InvalidDefinition: the expression is outside the dialect.
    """
    return _Evaluator().compile_value(expression)


class Oracle:
    """
    Answers what a chart says, as python-statemachine understands it.

    Raises:
        InvalidDefinition: a callback reference names no method of the context.
    """

    def __init__(
        self, chart_class: type[StateChart[Any]], model: Model, context: type[Context]
    ) -> None:
        methods = {
            name: getattr(context, name)
            for name in called_names(model)
            if callable(getattr(context, name, None))
        }
        self.machine: Any = chart_class(type("Methods", (), methods)())
        self._states: dict[str, Any] = self.machine.states_map
        self._written = {
            id(transition): written
            for state in model.states.values()
            if not state.history
            for transition, written in zip(
                (t for t in self._states[state.id].transitions if not t.initial),
                state.transitions,
                strict=True,
            )
        }

    def show(self, context: Context, effects: Effects) -> None:
        """Let expressions and actions see this context, and hand over to these effects."""
        self.machine.__dict__["model"] = context
        self.machine.__dict__["effects"] = effects

    def stand(self, states: OrderedSet[Any]) -> None:
        """Let `In()`, and the library's own questions, see this configuration."""
        self.machine.__dict__["active"] = states

    def place(self, leaves: Iterable[str]) -> Place:
        """Return the configuration of these leaves. Where the machine stands is another matter."""
        wanted = set(leaves)
        for leaf in tuple(wanted):
            wanted |= {ancestor.id for ancestor in self._states[leaf].ancestors()}
        states = OrderedSet(state for key, state in self._states.items() if key in wanted)
        atomic = tuple(state.id for state in states if state.is_atomic)
        self.stand(states)
        finished = any(self._ends(state) for state in states if state.parent is None)
        return Place(tuple(sorted(atomic)), atomic, states, finished)

    def _ends(self, state: Any) -> bool:
        inside: bool = self.machine._engine.is_in_final_state(state)
        return state.final or (state.parallel and inside)

    def candidates(self, leaf: str, event: str) -> tuple[Candidate, ...]:
        """
        Return the transitions an event could take from a leaf, innermost first.

        An empty text asks for eventless ones.
        """
        state = self._states[leaf]
        return tuple(
            Candidate(transition, _guards(transition))
            for source in (state, *state.ancestors())
            for transition in source.transitions
            if not transition.initial and transition.match(event or None)
        )

    def compatible(self, place: Place, transitions: Iterable[Any]) -> tuple[Any, ...]:
        """Return those that can be taken together; an inner one wins over an outer one."""
        self.stand(place.states)
        return tuple(self.machine._engine._filter_conflicting_transitions(OrderedSet(transitions)))

    def plan(self, place: Place, history: History, transitions: Sequence[Any]) -> Plan:
        """Return what taking these transitions in this configuration means."""
        machine, engine = self.machine, self.machine._engine
        self.stand(place.states)
        machine.history_values = {
            key: [self._states[state] for state in values] for key, values in history.items()
        }
        left, outside = engine._prepare_exit_states(list(transitions))
        entry = engine._prepare_entry_states(list(transitions), outside, place.states)
        leaving = [deed for t in transitions for deed in self._deeds(t.before)]
        leaving += [deed for info in left for deed in self._deeds(info.state.exit)]
        leaving += [deed for t in transitions for deed in self._deeds(t.on)]
        target = self.place(state.id for state in entry[3] if state.is_atomic)
        entering = [deed for info in entry[0] for deed in self._enter(info.state, *entry[1:3])]
        entering += [deed for t in transitions for deed in self._deeds(t.after)]
        remembered = {
            key: tuple(sorted(state.id for state in values))
            for key, values in sorted(machine.history_values.items())
        }
        written = tuple(self._written[id(t)] for t in transitions if id(t) in self._written)
        return Plan(written, tuple(leaving), target, tuple(entering), remembered)

    def opening(self) -> Plan:
        """Return what entering the chart means."""
        nowhere = Place((), (), OrderedSet(), finished=False)
        return self.plan(nowhere, {}, self.machine._engine._initial_transitions(None))

    def _enter(self, state: Any, by_default: Any, by_history: Mapping[str, Any]) -> list[Deed]:
        """A state's enter actions, those of the way into it, and the news that a region is done."""
        deeds = self._deeds(state.enter)
        initial = [t for t in state.transitions if t.initial]
        if len(initial) == 1 and any(info.state.id == state.id for info in by_default):
            deeds += self._deeds(initial[0].on)
        # The library also lists the transition into the history state, and so runs it twice.
        recalled = [info.transition for info in by_history.get(state.id, ())]
        deeds += [deed for t in recalled if t.source.is_history for deed in self._deeds(t.on)]
        if state.final and state.parent is not None:
            deeds += [self._saying(f"done.state.{done}") for done in self._done(state.parent)]
        return deeds

    def _done(self, parent: Any) -> list[str]:
        region, whole = parent, parent.parent
        finished = self.machine._engine.is_in_final_state
        if whole is None or not whole.parallel or not all(map(finished, whole.states)):
            return [region.id]
        return [region.id, whole.id]

    def _saying(self, event: str) -> Deed:
        return lambda: self.machine.effects.say(event, internal=True)

    def _deeds(self, specs: Iterable[Any]) -> list[Deed]:
        return [self._deed(spec.func) for spec in specs if not spec.is_convention]

    def _deed(self, action: Any) -> Deed:
        machine = self.machine
        if not isinstance(action, str):
            return lambda: action(machine=machine)
        call = methodcaller(action)
        return lambda: call(machine.model)


def _guards(transition: Any) -> tuple[tuple[Callable[..., bool], bool], ...]:
    return tuple((spec.func, spec.expected_value) for spec in transition.cond)
