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
from typing import Any

from statemachine.engines.sync import SyncEngine
from statemachine.event_data import TriggerData
from statemachine.io.actions import ExecuteBlock
from statemachine.io.evaluators import RestrictedEvaluator, normalize_cond
from statemachine.io.interpreter import Interpreter
from statemachine.io.model import SendAction
from statemachine.io.native import native_dict_to_definition
from statemachine.io.yaml.reader import YAMLReader
from statemachine.orderedset import OrderedSet
from statemachine.statemachine import StateChart

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.statechart.expressions import Value, compile_here, name_of_context
from xarb_runtime.statechart.model import Model, TransitionModel
from xarb_runtime.statechart.native import called_names
from xarb_runtime.statechart.plans import Candidate, Deed, Effects, Guard, History, Place, Plan
from xarb_runtime.statechart.timers import ARM, CANCEL, without_timers

#: Where an execution is before it has entered its initial states.
NOWHERE = Place((), frozenset(), (), OrderedSet(), finished=False)


class _Evaluator(RestrictedEvaluator):
    """The restricted dialect; each expression is compiled once, names are read off the context."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}

    def value(self, expression: str) -> Value:
        if expression not in self._values:
            judged: Callable[..., Any] = self._compile(expression, _context_name)

            def by_library(machine: Any) -> Any:
                return judged(machine=machine)

            self._values[expression] = compile_here(expression) or by_library
        return self._values[expression]

    def compile_value(self, expr: str) -> Callable[..., Any]:
        value = self.value(expr)

        def read(*_: Any, machine: Any, **__: Any) -> Any:
            return value(machine)

        return read

    def compile_bool(self, expr: str) -> Callable[..., Any]:
        """Compile the condition of an `if`."""
        value = self.value(normalize_cond(expr))

        def holds(*_: Any, machine: Any, **__: Any) -> bool:
            result = bool(value(machine))
            machine.effects.guard(expr, result=result)
            return result

        return holds


def _context_name(name: str) -> Callable[..., Any]:
    value = name_of_context(name)

    def read(*_: Any, machine: Any, **__: Any) -> Any:
        return value(machine)

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
        _send(self._machine.effects, target, event, params)
        return True

    def cancel_all(self) -> None:
        """No invocations, nothing to stop."""


def _send(effects: Effects, target: str, event: str, params: dict[str, Any]) -> None:
    if target == ARM:
        effects.arm(params["id"] or event, event, parse_duration_ms(params["delay"]))
    elif target == CANCEL:
        effects.cancel(params["id"])
    else:
        effects.command(target, event, params)


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


def compile_expression(expression: str) -> Value:
    """
    Compile an expression of the restricted dialect; call the result with a machine.

    Raises:
        InvalidDefinition: the expression is outside the dialect.
    """
    return _Evaluator().value(expression)


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
        self._evaluator = _Evaluator()
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

    def stand(self, place: Place) -> None:
        """Let `In()`, and the library's own questions, see this configuration."""
        self.machine.__dict__["active"] = place.states
        self.machine.__dict__["active_ids"] = place.ids

    def place(self, leaves: Iterable[str]) -> Place:
        """Return the configuration of these leaves. Where the machine stands is another matter."""
        wanted = set(leaves)
        for leaf in tuple(wanted):
            wanted |= {ancestor.id for ancestor in self._states[leaf].ancestors()}
        states = OrderedSet(state for key, state in self._states.items() if key in wanted)
        atomic = tuple(state.id for state in states if state.is_atomic)
        self.machine.__dict__["active"] = states
        finished = any(self._ends(state) for state in states if state.parent is None)
        return Place(tuple(sorted(atomic)), frozenset(wanted), atomic, states, finished)

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
            Candidate(transition, self._guards(self._written[id(transition)]))
            for source in (state, *state.ancestors())
            for transition in source.transitions
            if not transition.initial and transition.match(event or None)
        )

    def compatible(self, place: Place, transitions: Iterable[Any]) -> tuple[Any, ...]:
        """Return those that can be taken together; an inner one wins over an outer one."""
        self.stand(place)
        return tuple(self.machine._engine._filter_conflicting_transitions(OrderedSet(transitions)))

    def plan(self, place: Place, history: History, transitions: Sequence[Any]) -> Plan:
        """Return what taking these transitions in this configuration means."""
        machine, engine = self.machine, self.machine._engine
        self.stand(place)
        machine.history_values = {
            key: [self._states[state] for state in values] for key, values in history.items()
        }
        left, outside = engine._prepare_exit_states(list(transitions))
        entry = engine._prepare_entry_states(list(transitions), outside, place.states)
        leaving = [deed for t in transitions for deed in self._deeds(t.before)]
        leaving += [deed for info in left for deed in self._deeds(info.state.exit)]
        leaving += [deed for t in transitions for deed in self._deeds(t.on)]
        target = self.place(state.id for state in entry[3] if state.is_atomic)
        self.stand(target)
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
        return self.plan(NOWHERE, {}, self.machine._engine._initial_transitions(None))

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
        actions = [spec.func for spec in specs if not spec.is_convention]
        return [deed for action in actions for deed in self._parts(action)]

    def _parts(self, action: Any) -> list[Deed]:
        machine = self.machine
        if isinstance(action, str):
            call = methodcaller(action)
            return [lambda: call(machine.model)]
        if not isinstance(action, ExecuteBlock):
            return [lambda: action(machine=machine)]
        parts = zip(action.action.actions, action.action_callables, strict=True)
        return [self._sending(part) or self._executing(call) for part, call in parts]

    def _executing(self, call: Callable[..., Any]) -> Deed:
        machine = self.machine
        return lambda: call(machine=machine)

    def _sending(self, action: Any) -> Deed | None:
        """A `send` as charts write it is done here: the library would look at all it might be."""
        others = ("eventexpr", "type", "idlocation", "namelist", "content")
        if not isinstance(action, SendAction) or any(getattr(action, key) for key in others):
            return None
        event, target = action.event, action.target or ""
        if not (event and target.startswith("#_")) or target in {"#_internal", "#_parent"}:
            return None
        machine, name = self.machine, target.removeprefix("#_")
        params = [(p.name, self._evaluator.value(p.expr)) for p in action.params if p.expr]

        def send() -> None:
            values = {key: value(machine) for key, value in params}
            _send(machine.effects, name, event, values)

        return send

    def _guards(self, written: TransitionModel) -> tuple[Guard, ...]:
        texts = [(text, True) for text in written.cond] + [(t, False) for t in written.unless]
        return tuple(
            Guard(text, self._evaluator.value(normalize_cond(text)), expected)
            for text, expected in texts
        )
