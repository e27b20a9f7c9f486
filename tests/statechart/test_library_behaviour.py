"""
What python-statemachine does, as far as we build on it or build around it.

If one of these fails after an upgrade, the library has changed: look at
`xarb_runtime/statechart/internals.py` before anything else.
"""

import asyncio

import pytest
from statemachine.exceptions import InvalidDefinition, TransitionNotAllowed
from statemachine.orderedset import OrderedSet

from tests.statechart.peer import STRICT, Model, leaves, loaded

# -- What loading checks, and what it does not -----------------------------------------------

BAD = {
    "validate_disconnected_states": """
states:
  a: {initial: true, transitions: [{event: go, target: b}]}
  b: {final: true}
  orphan: {transitions: [{event: go, target: b}]}
""",
    "validate_trap_states": """
states:
  a: {initial: true, transitions: [{event: go, target: b}, {event: trap, target: c}]}
  b: {final: true}
  c: {}
""",
    "validate_final_reachability": """
states:
  a: {initial: true, transitions: [{event: go, target: b}, {event: end, target: over}]}
  b: {transitions: [{event: again, target: c}]}
  c: {transitions: [{event: again, target: b}]}
  over: {final: true}
""",
}


@pytest.mark.parametrize("flag", sorted(BAD))
def test_a_loaded_chart_is_checked_only_when_subclassed_with_the_flag(flag: str) -> None:
    loaded(BAD[flag])

    with pytest.raises(InvalidDefinition):
        loaded(BAD[flag], **{flag: True})


def test_a_state_id_used_twice_is_accepted() -> None:
    chart = loaded("""
states:
  g1: {initial: true, states: {a: {initial: true}}, transitions: [{event: go, target: g2}]}
  g2: {states: {a: {initial: true}}}
""")

    assert len([key for key in chart.states_map if key == "a"]) == 1


def test_a_missing_callback_is_found_when_the_machine_is_built() -> None:
    chart = loaded("states: {a: {initial: true, transitions: [{event: go, on: no_such}]}}")

    with pytest.raises(InvalidDefinition, match="no_such"):
        chart(Model())


# -- What happens to errors and unknown events -----------------------------------------------

BROKEN = """
states:
  a:
    initial: true
    transitions:
      - {event: on, target: b, on: broken}
      - {event: before, target: b, before: broken}
      - {event: guard, target: b, cond: no_such_name}
      - {event: guard, target: c}
      - {event: enter, target: c}
  b: {transitions: [{event: back, target: a}]}
  c: {enter: broken, transitions: [{event: back, target: a}]}
"""


@pytest.mark.parametrize(
    ("event", "ends_in"), [("on", "b"), ("before", "a"), ("guard", "c"), ("enter", "c")]
)
def test_by_default_an_error_is_swallowed(event: str, ends_in: str) -> None:
    machine = loaded(BROKEN)(Model())

    machine.send(event)

    assert leaves(machine) == [ends_in]


@pytest.mark.parametrize("event", ["on", "before", "guard", "enter"])
def test_with_the_flags_an_error_comes_out_and_the_state_stays(event: str) -> None:
    machine = loaded(BROKEN, **STRICT)(Model())

    with pytest.raises((RuntimeError, NameError)):
        machine.send(event)

    assert leaves(machine) == ["a"]


def test_an_event_that_nobody_wants_is_dropped_unless_the_flag_says_otherwise() -> None:
    assert loaded(BROKEN)(Model()).send("no.such") is None

    with pytest.raises(TransitionNotAllowed):
        loaded(BROKEN, allow_event_without_transition=False)(Model()).send("no.such")


def test_an_event_named_like_a_state_breaks_send() -> None:
    with pytest.raises(AttributeError):
        loaded(BROKEN)(Model()).send("b")


async def test_a_cancelled_send_leaves_a_machine_without_states() -> None:
    entered = asyncio.Event()

    async def slow() -> None:
        entered.set()
        await asyncio.Event().wait()

    text = """
states:
  a: {initial: true, transitions: [{event: go, target: b, on: slow}]}
  b: {transitions: [{event: back, target: a}]}
"""
    for flags, left in (({}, []), ({"atomic_configuration_update": True}, ["a"])):
        entered.clear()
        machine = loaded(text, **flags)(Model(slow=slow))
        await machine.activate_initial_state()
        task = asyncio.ensure_future(machine.send("go"))
        await entered.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert leaves(machine) == left


# -- Which transition is taken ---------------------------------------------------------------


def test_an_event_descriptor_matches_whole_words_from_the_left() -> None:
    chart = loaded("""
states:
  a: {initial: true, transitions: [{event: leg, on: first}, {event: hedge.*, on: first}]}
""")
    by_leg, by_hedge = (t for t in chart.states_map["a"].transitions if not t.initial)

    assert [by_leg.match(e) for e in ("leg", "leg.filled", "legs", "a.leg")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert [by_hedge.match(e) for e in ("hedge", "hedge.filled", "hedges")] == [True, True, False]
    assert not by_leg.match(None)


def test_the_first_of_two_transitions_wins_and_the_inner_one_comes_first() -> None:
    machine = loaded("""
states:
  outer:
    initial: true
    transitions: [{event: go, target: far}]
    states:
      inner: {initial: true, transitions: [{event: go, target: near}, {event: go, target: far}]}
      near: {}
  far: {}
""")(Model())

    machine.send("go")

    assert leaves(machine) == ["near"]


def test_all_guards_must_hold_and_no_unless() -> None:
    machine = loaded("""
states:
  a: {initial: true, transitions: [{event: go, target: b, cond: [x, y], unless: z}]}
  b: {final: true}
""")(Model(x=True, y=True, z=True))
    (transition,) = (t for t in type(machine).states_map["a"].transitions if not t.initial)

    assert [spec.expected_value for spec in transition.cond] == [True, True, False]
    assert [spec.func(machine=machine) for spec in transition.cond] == [True, True, True]


def test_which_of_two_conflicting_regions_wins_depends_on_the_past() -> None:
    chart = loaded("""
states:
  both:
    initial: true
    parallel: true
    states:
      left:
        states:
          l1: {initial: true, transitions: [{event: step, target: l2}]}
          l2: {transitions: [{event: clash, target: out}]}
      right:
        states:
          r1: {initial: true, transitions: [{event: clash, target: r2}]}
          r2: {}
  out: {final: true}
""")
    lived = chart(Model())
    lived.send("step")
    restored = chart(Model(OrderedSet(["both", "left", "l2", "right", "r1"])))

    lived.send("clash")
    restored.send("clash")

    assert (leaves(lived), leaves(restored)) == (["l2", "r2"], ["out"])


def test_eventless_transitions_never_stop_by_themselves() -> None:
    class Counting(Model):
        rounds = 0

        def count(self) -> None:
            self.rounds += 1
            if self.rounds > 500:
                raise RecursionError

    chart = loaded(
        """
states:
  a: {initial: true, transitions: [{event: go, target: b}]}
  b: {transitions: [{target: c, on: count}]}
  c: {transitions: [{target: b, on: count}]}
""",
        **STRICT,
    )

    with pytest.raises(RecursionError):
        chart(Counting()).send("go")


# -- What is executed ------------------------------------------------------------------------


def test_executable_content_runs_before_references() -> None:
    chart = loaded("""
states:
  a:
    initial: true
    transitions:
      - {event: go, on: [first, {assign: {location: log, expr: "['assigned']"}}, second]}
""")
    machine = chart(Model())

    machine.send("go")

    assert machine.model.log == ["assigned", "first", "second"]


def test_a_reference_named_like_an_event_is_also_the_event() -> None:
    class Echo(Model):
        def burst(self) -> None:
            self.log.append("burst")

    text = """
states:
  a: {initial: true, transitions: [{event: burst, target: b, on: burst}]}
  b: {transitions: [{event: burst, target: c}]}
  c: {}
"""
    machine = loaded(text)(Echo())

    machine.send("burst")

    assert leaves(machine) == ["c"]


def test_a_transition_into_history_runs_its_actions_twice() -> None:
    chart = loaded("""
states:
  out: {initial: true, transitions: [{event: resume, target: h, on: first}]}
  p:
    history: {h: {type: shallow, transitions: [{target: a, on: second}]}}
    states: {a: {initial: true}}
    transitions: [{event: leave, target: out}]
""")
    machine = chart(Model())

    machine.send("resume")

    assert machine.model.log == ["first", "first", "second"]


def test_log_prints(capsys: pytest.CaptureFixture[str]) -> None:
    loaded("states: {a: {initial: true, enter: {log: {label: hello}}}}")(Model())

    assert capsys.readouterr().out == "hello\n"


def test_the_datamodel_is_set_up_for_the_first_machine_only() -> None:
    chart = loaded("{datamodel: {x: '1'}, states: {a: {initial: true}}}")

    assert chart(Model()).model.x == 1
    assert not hasattr(chart(Model()).model, "x")


def test_all_machines_of_a_class_share_one_session() -> None:
    chart = loaded(
        "{datamodel: {sid: '0'}, states: {a: {initial: true, transitions: "
        "[{event: go, on: {assign: {location: sid, expr: _sessionid}}}]}}}"
    )
    one, two = chart(Model(sid=0)), chart(Model(sid=0))

    one.send("go")
    two.send("go")

    assert one.model.sid == two.model.sid
