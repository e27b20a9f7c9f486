"""
The one module that knows python-statemachine's internals.

Everything here is pinned by characterisation tests (`tests/statechart/test_library_behaviour.py`);
if one of them fails after an upgrade, this file is what to look at.

What it makes of the library: *one machine per chart that serves every execution*. The machine's model
is a `Host` whose context is exchanged before each event; commands and timers are caught where the
library would hand them to its own queues; nothing is built, registered or compiled per execution.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec
from statemachine.engines.sync import SyncEngine
from statemachine.event_data import TriggerData
from statemachine.exceptions import InvalidDefinition, TransitionNotAllowed
from statemachine.io.evaluators import RestrictedEvaluator
from statemachine.io.interpreter import Interpreter
from statemachine.io.native import native_dict_to_definition
from statemachine.io.yaml.reader import YAMLReader
from statemachine.orderedset import OrderedSet
from statemachine.statemachine import StateChart

from xarb_runtime.domain.context import Context

#: A macrostep with more microsteps than this does not end.
MICROSTEP_LIMIT = 100


class EndlessMacrostepError(RuntimeError):
    """A chart's eventless transitions did not come to rest."""


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

    def taken(self, transition: object, event: str) -> None:
        """Take note of a transition that is being taken."""
        ...

    def guard(self, expression: str, result: bool) -> None:
        """Take note of a guard's outcome."""
        ...


class Host:
    """The machine's model: shows the context of the execution that is being stepped."""

    def __init__(self, context: Context) -> None:
        self.__dict__.update(context=context, state=None, ready=False)

    def __getattr__(self, name: str) -> Any:
        # While it resolves callbacks, the library reads attributes that happen to be named like a
        # guard; there is no execution to show yet.
        if not self.__dict__["ready"]:
            raise AttributeError(name)
        return getattr(self.__dict__["context"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in {"context", "state", "ready"}:
            self.__dict__[name] = value
        else:
            setattr(self.__dict__["context"], name, value)


def _host_type(context: type[Context], names: set[str]) -> type[Host]:
    """Make a Host with a forwarding method for each callback a chart refers to."""

    def forward(name: str) -> Callable[[Host], None]:
        def call(self: Host) -> None:
            getattr(self.__dict__["context"], name)()

        call.__name__ = name
        return call

    members = {name: forward(name) for name in names}
    return type(f"Host[{context.__name__}]", (Host,), members)


class _Evaluator(RestrictedEvaluator):
    """The library's restricted dialect, each expression compiled once, names read off the context."""

    def __init__(self) -> None:
        self._values: dict[str, Callable[..., Any]] = {}

    def compile_value(self, expr: str) -> Callable[..., Any]:
        if expr not in self._values:
            self._values[expr] = self._compile(expr, _context_name)
        return self._values[expr]

    def compile_bool(self, expr: str) -> Callable[..., Any]:
        value = self.compile_value(expr)

        def guard(*_: Any, **kwargs: Any) -> bool:
            result = bool(value(machine=kwargs["machine"]))
            kwargs["machine"].effects.guard(expr, result)
            return result

        return guard


def _context_name(name: str) -> Callable[..., Any]:
    if name.startswith("_"):
        message = f"a private name such as {name!r} is not visible to charts"
        raise InvalidDefinition(message)

    def read(*_: Any, **kwargs: Any) -> Any:
        return getattr(kwargs["machine"].model.__dict__["context"], name)

    read.__name__ = name
    return read


class _Interpreter(Interpreter):
    """Without SCXML's system variables, which cost a step more than its guards do."""

    def definition_kwargs(self, definition: Any) -> dict[str, Any]:
        kwargs = super().definition_kwargs(definition)
        del kwargs["prepare_event"]
        return kwargs


class _Sends:
    """Stands in for the library's invoke manager: a `send` to `#_name` is a command."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine

    def send_to_child(self, target: str, event: str, **params: Any) -> bool:
        self.machine.effects.command(target, event, params)
        return True

    def handle_external_event(self, trigger: TriggerData) -> None:
        """No invocations, nothing to forward."""

    def spawn_pending_sync(self) -> None:
        """No invocations, nothing to start."""

    def mark_for_invoke(self, state: Any, event_kwargs: Any = None) -> None:
        """No invocations, nothing to mark."""

    def cancel_for_state(self, state: Any) -> None:
        """No invocations, nothing to stop."""

    def cancel_all(self) -> None:
        """No invocations, nothing to stop."""


class _Engine(SyncEngine):
    def __init__(self, machine: Any) -> None:
        super().__init__(machine)
        self._invoke_manager = _Sends(machine)

    def microstep(self, transitions: list[Any], trigger_data: TriggerData) -> Any:
        effects = self.sm.effects
        event = str(trigger_data.event) if trigger_data.event else ""
        for transition in transitions:
            effects.taken(transition, event)
        if self._microstep_count >= MICROSTEP_LIMIT:
            message = f"more than {MICROSTEP_LIMIT} microsteps; last transition {transitions[0]}"
            raise EndlessMacrostepError(message)
        return super().microstep(transitions, trigger_data)

    def _run_macrostep(self) -> bool:
        self._eventless_rounds = 0
        return super()._run_macrostep()

    def select_eventless_transitions(self, trigger_data: TriggerData) -> Any:
        self._eventless_rounds += 1
        if self._eventless_rounds > MICROSTEP_LIMIT:
            message = f"eventless transitions do not come to rest after {MICROSTEP_LIMIT} rounds"
            raise EndlessMacrostepError(message)
        return super().select_eventless_transitions(trigger_data)

    def reset(self) -> None:
        """Forget everything that the last event left behind."""
        self.clear()
        self.clear_cache()
        self.running = True
        self._root_parallel_final_pending = None


class _Base(StateChart):
    """What every loaded class is subclassed with."""

    effects: Effects

    def _get_engine(self) -> _Engine:
        return _Engine(self)

    def _put_nonblocking(self, trigger_data: TriggerData, internal: bool = False) -> None:
        event = trigger_data.event
        if event is not None and event.delay:
            self.effects.arm(trigger_data.send_id or str(event), str(event), int(event.delay))
            return
        super()._put_nonblocking(trigger_data, internal=internal)

    def cancel_event(self, send_id: str) -> None:
        self.effects.cancel(send_id)


#: See `tests/statechart/test_library_behaviour.py` for what each of them prevents.
STRICT_FLAGS: dict[str, bool] = {
    "validate_disconnected_states": True,
    "validate_trap_states": True,
    "validate_final_reachability": True,
    "atomic_configuration_update": True,
    "catch_errors_as_events": False,
    "allow_event_without_transition": False,
}


def build_class(document: dict[str, Any], name: str) -> type[StateChart]:
    """
    Compile a native document into a strict chart class.

    Raises:
        InvalidDefinition: whatever the library's own checks object to.
    """
    definition = native_dict_to_definition(document, source_name=name)
    interpreter = _Interpreter(reader=YAMLReader(), evaluator=_Evaluator())
    interpreter.process_definition(definition, location=name)
    loaded = interpreter.scs[name]
    return type(name, (_Base, loaded), dict(STRICT_FLAGS))


class Configuration(msgspec.Struct, frozen=True):
    """Active leaves and remembered history, as plain ids, both sorted."""

    leaves: tuple[str, ...]
    history: dict[str, tuple[str, ...]]
    terminated: bool


class Machine:
    """
    One strict machine, serving every execution of a chart.

    Not re-entrant and not thread safe: a step runs to its end before the next one begins.
    """

    def __init__(self, chart_class: type[StateChart], context: type[Context], calls: set[str]) -> None:
        self._host = _host_type(context, calls)(context())
        self._start = _StartEffects()
        chart_class.effects = self._start  # the constructor enters the initial state
        self._machine: Any = chart_class(self._host)
        self._host.ready = True
        self.initial = self._read()
        self._restorable: dict[tuple[str, ...], Any] = {}

    @property
    def start_effects(self) -> list[str]:
        """What entering the initial state tried to send; a chart must not."""
        return self._start.seen

    def transitions(self, state: str) -> list[object]:
        """Return the library's transition objects of a state, in document order."""
        found = self._machine.states_map[state].transitions
        return [transition for transition in found if not transition.initial]

    @contextmanager
    def _running(self, context: Context, effects: Effects) -> Iterator[None]:
        self._host.context = context
        self._machine.__dict__["effects"] = effects
        try:
            yield
        finally:
            self._machine._engine.reset()

    def send(
        self,
        leaves: tuple[str, ...],
        history: dict[str, tuple[str, ...]],
        context: Context,
        signal: str,
        effects: Effects,
    ) -> Configuration | None:
        """
        Restore a configuration, send it one event and read the new configuration.

        Returns None when no transition wanted the event. Whatever a guard or an action raises comes
        out of here.
        """
        machine = self._machine
        with self._running(context, effects):
            self._host.state = self._value(leaves)
            states = machine._config._instance_states
            machine.history_values = {
                key: [states[state] for state in values] for key, values in history.items()
            }
            machine._engine.running = True
            try:
                machine.send(signal)
            except TransitionNotAllowed:
                return None
            return self._read()

    def evaluate(self, expression: Callable[..., Any], leaves: tuple[str, ...], context: Context) -> Any:
        """Evaluate a compiled expression over a configuration and a context."""
        self._host.context = context
        self._host.state = self._value(leaves)
        return expression(machine=self._machine)

    def _value(self, leaves: tuple[str, ...]) -> Any:
        """The model's state value for a set of leaves: leaves and ancestors in document order."""
        if leaves not in self._restorable:
            states: dict[str, Any] = self._machine.states_map
            wanted = {leaf for leaf in leaves}
            for leaf in leaves:
                wanted |= {ancestor.id for ancestor in states[leaf].ancestors()}
            ordered = [state for state in states if state in wanted]
            self._restorable[leaves] = ordered[0] if len(ordered) == 1 else OrderedSet(ordered)
        return self._restorable[leaves]

    def _read(self) -> Configuration:
        machine = self._machine
        active = machine.configuration
        return Configuration(
            leaves=tuple(sorted(state.id for state in active if state.is_atomic)),
            history={
                key: tuple(sorted(state.id for state in values))
                for key, values in sorted(machine.history_values.items())
            },
            terminated=not machine._engine.running,
        )


class _StartEffects:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def command(self, target: str, name: str, params: dict[str, Any]) -> None:
        self.seen.append(f"send {name} to {target}")

    def arm(self, timer: str, event: str, delay_ms: int) -> None:
        self.seen.append(f"timer {timer}")

    def cancel(self, timer: str) -> None:
        self.seen.append(f"cancel {timer}")

    def taken(self, transition: object, event: str) -> None:
        """The initial transition is not one of the chart's."""

    def guard(self, expression: str, result: bool) -> None:
        """An eventless transition of the initial state may look at the empty context."""


def compile_expression(expression: str) -> Callable[..., Any]:
    """
    Compile an expression of the restricted dialect; call the result with `machine=`.

    Raises:
        InvalidDefinition: the expression is outside the dialect.
    """
    return _Evaluator().compile_value(expression)
