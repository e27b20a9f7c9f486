"""
The places where we take hold of python-statemachine: sends, restoring, its engine, its dialect.

If one of these fails after an upgrade, the library has changed: look at
`xarb_runtime/statechart/internals.py` before anything else.
"""

from typing import Any

import pytest
from statemachine import StateChart
from statemachine.engines.sync import SyncEngine
from statemachine.exceptions import InvalidDefinition
from statemachine.io.actions import ParseTime
from statemachine.io.evaluators import RestrictedEvaluator, normalize_cond
from statemachine.io.model import SendAction
from statemachine.orderedset import OrderedSet

from tests.statechart.peer import STRICT, Model, leaves, loaded

# -- Sends and timers ------------------------------------------------------------------------


class Sends:
    """Stands in for the invoke manager."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None

    def send_to_child(self, target: str, event: str, **params: Any) -> bool:
        self.seen.append((target, event, params))
        return True


def test_a_send_to_a_hash_target_goes_to_the_invoke_manager() -> None:
    machine = loaded("""
states:
  a: {initial: true, transitions: [{event: go, on: {send: {target: "#_venue", event: place,
      params: [{name: leg, expr: "'a'"}, {name: n, expr: count}]}}}]}
""")(Model(count=3))
    machine._engine._invoke_manager = Sends()

    machine.send("go")

    assert machine._engine._invoke_manager.seen == [("venue", "place", {"leg": "a", "n": 3})]


def test_a_block_of_actions_keeps_what_was_written_beside_what_was_made_of_it() -> None:
    chart = loaded("""
states:
  a: {initial: true, enter: [{send: {target: "#_venue", event: place,
      params: [{name: leg, expr: "'a'"}]}}, {assign: {location: log, expr: "[]"}}, first]}
""")

    block, reference = [s.func for s in chart.states_map["a"].enter if not s.is_convention]
    send, assign = block.action.actions

    assert reference == "first"
    assert len(block.action_callables) == 2
    assert isinstance(send, SendAction)
    assert not isinstance(assign, SendAction)
    assert (send.target, send.event) == ("#_venue", "place")
    assert [(param.name, param.expr) for param in send.params] == [("leg", "'a'")]
    others = (send.eventexpr, send.type, send.idlocation, send.namelist, send.content)
    assert others == (None,) * 5


def test_any_other_target_raises() -> None:
    text = """
states:
  a: {initial: true, transitions: [{event: go, on: {send: {target: venue, event: x}}}]}
"""

    with pytest.raises(ValueError, match="Invalid target"):
        loaded(text, **STRICT)(Model()).send("go")


def test_what_a_chart_says_to_itself_passes_one_method() -> None:
    chart = loaded("""
states:
  a: {initial: true, transitions: [{event: go, on: [{raise: inner}, {send: {event: outer}}]}]}
""")
    seen: list[tuple[str, bool]] = []

    def put(_self: Any, trigger: Any, internal: bool = False) -> None:
        seen.append((str(trigger.event), internal))

    spy = type("Spy", (chart,), {"_put_nonblocking": put})
    machine = spy(Model("a"))
    action = next(t for t in spy.states_map["a"].transitions if not t.initial).on

    for spec in action:
        if not spec.is_convention:
            spec.func(machine=machine)

    assert seen == [("inner", True), ("outer", False)]


def test_a_delayed_send_holds_the_caller_until_it_has_happened() -> None:
    machine = loaded("""
states:
  a: {initial: true, transitions: [{event: go, target: b}]}
  b: {enter: {send: {event: late, delay: 1ms}}, transitions: [{event: late, target: c}]}
  c: {}
""")(Model())

    machine.send("go")

    assert leaves(machine) == ["c"]


@pytest.mark.parametrize("delay", ["10m", "1h"])
def test_a_delay_in_minutes_is_not_understood(delay: str) -> None:
    with pytest.raises(ValueError, match=delay):
        ParseTime.time_in_ms(delay)


def test_a_delay_is_a_float() -> None:
    assert ParseTime.time_in_ms("1.001s") != 1001


# -- Restoring -------------------------------------------------------------------------------

NESTED = """
states:
  outer:
    initial: true
    transitions: [{event: leave, target: out}]
    history: {h: {type: deep, transitions: [{target: a}]}}
    states:
      a: {initial: true, transitions: [{event: next, target: b}]}
      b: {enter: first}
  out: {transitions: [{event: resume, target: h}]}
"""


def test_a_restored_state_is_not_entered_again_and_history_is_gone() -> None:
    chart = loaded(NESTED)
    lived = chart(Model())
    for event in ("next", "leave"):
        lived.send(event)
    restored = chart(Model("out"))

    lived.send("resume")
    restored.send("resume")

    assert (leaves(lived), leaves(restored)) == (["b"], ["a"])
    assert chart(Model(OrderedSet(["outer", "b"]))).model.log == []


def test_a_leaf_restored_without_its_parents_stays_without_them() -> None:
    machine = loaded(NESTED)(Model("a"))

    machine.send("next")

    assert [state.id for state in machine.configuration] == ["b"]


def test_a_state_that_the_chart_does_not_have_is_accepted_at_first() -> None:
    machine = loaded(NESTED)(Model("ghost"))

    assert list(machine.configuration_values) == ["ghost"]
    with pytest.raises(KeyError):
        machine.send("next")


# -- The parts that the oracle asks -----------------------------------------------------------


class _Asked(SyncEngine):
    def start(self, **kwargs: Any) -> None:
        """Enter nothing."""


class _Silent(StateChart):  # type: ignore[type-arg]
    active: OrderedSet[Any] = OrderedSet()

    def _get_engine(self) -> Any:
        return _Asked(self)

    @property
    def configuration(self) -> Any:
        return self.active


def asked(text: str, *active: str) -> Any:
    chart = loaded(text)
    machine = type("asked", (_Silent, chart), {})(Model())
    machine.__dict__["active"] = OrderedSet(machine.states_map[state] for state in active)
    return machine


def test_states_are_kept_in_document_order_without_history() -> None:
    assert list(loaded(NESTED).states_map) == ["outer", "a", "b", "out"]


def test_the_number_of_a_state_in_the_document_is_not_its_own() -> None:
    """States of equal number are entered in the order in which they were found."""
    numbers = {key: state.document_order for key, state in loaded(NESTED).states_map.items()}

    assert numbers == {"outer": 1, "a": 2, "b": 3, "out": 2}


def test_the_engine_tells_what_a_transition_leaves_and_enters_without_doing_it() -> None:
    machine = asked(NESTED, "outer", "b")
    leave = next(t for t in machine.states_map["outer"].transitions if t.match("leave"))

    left, outside = machine._engine._prepare_exit_states([leave])
    entered, by_default, by_history, new = machine._engine._prepare_entry_states(
        [leave], outside, machine.configuration
    )

    assert [info.state.id for info in left] == ["b", "outer"]
    assert [state.id for state in outside] == ["b", "outer"]
    assert [info.state.id for info in entered] == ["out"]
    assert (list(by_default), by_history) == ([], {})
    assert [state.id for state in new] == ["out"]
    assert {key: [s.id for s in states] for key, states in machine.history_values.items()} == {
        "h": ["b"]
    }
    assert [state.id for state in machine.configuration] == ["outer", "b"]
    assert machine.model.log == []


def test_the_engine_tells_how_to_begin() -> None:
    machine = asked(NESTED)

    transitions = machine._engine._initial_transitions(None)
    entered, by_default, _, _ = machine._engine._prepare_entry_states(
        transitions, OrderedSet(), OrderedSet()
    )

    assert [info.state.id for info in entered] == ["outer", "a"]
    assert [info.state.id for info in by_default] == ["outer"]


def test_the_engine_tells_which_transitions_exclude_each_other() -> None:
    machine = asked(NESTED, "outer", "a")
    outer = next(t for t in machine.states_map["outer"].transitions if t.match("leave"))
    inner = next(t for t in machine.states_map["a"].transitions if t.match("next"))

    for both in ([outer, inner], [inner, outer]):
        assert list(machine._engine._filter_conflicting_transitions(OrderedSet(both))) == [inner]


def test_the_engine_tells_whether_regions_are_done() -> None:
    text = """
states:
  p:
    initial: true
    parallel: true
    states:
      l: {states: {l1: {initial: true, transitions: [{event: go, target: l2}]}, l2: {final: true}}}
      r: {states: {r1: {initial: true, transitions: [{event: go, target: r2}]}, r2: {final: true}}}
"""
    done, half = asked(text, "p", "l", "l2", "r", "r2"), asked(text, "p", "l", "l2", "r", "r1")

    assert done._engine.is_in_final_state(done.states_map["p"])
    assert not half._engine.is_in_final_state(half.states_map["p"])


# -- The restricted dialect -------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "a.b()",
        "a.__class__",
        "lambda: 1",
        "[x for x in y]",
        "eval('1')",
        "f'{a}'",
        "a if b else c",
        "",
    ],
)
def test_the_dialect_refuses(expression: str) -> None:
    with pytest.raises(InvalidDefinition):
        RestrictedEvaluator().compile_value(expression)


def test_the_dialect_reads_attributes_and_computes() -> None:
    class Machine:
        model = Model(a=Model(b=4))

    value = RestrictedEvaluator().compile_value(
        "1 < a.b <= 4 and not a.b == 5 and 'x' + 'y' == 'xy'"
    )

    assert value(machine=Machine) is True


def test_conditions_may_be_written_in_the_words_of_javascript() -> None:
    assert normalize_cond("a && true || b === null") == "a and True or b == None"


def test_in_of_an_unknown_state_is_false() -> None:
    class Machine:
        configuration = ()
        model = Model()

    assert RestrictedEvaluator().compile_value("In('no_such')")(machine=Machine) is False
