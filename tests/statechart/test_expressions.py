"""
Expressions mean what python-statemachine says they mean; here they are only quicker.
"""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statemachine.exceptions import InvalidDefinition
from statemachine.io.evaluators import RestrictedEvaluator

from xarb_runtime.statechart.expressions import compile_here, name_of_context
from xarb_runtime.statechart.internals import compile_expression

atoms = st.sampled_from(["a", "b", "c.d", "1", "0", "3", "True", "''", "In('here')", "In('there')"])


def _larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(
        parts, st.sampled_from(["and", "or", "==", "!=", "<", "<=", ">", ">="]), parts
    )
    return st.one_of(
        pairs.map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        parts.map(lambda part: f"(not {part})"),
        st.tuples(parts, parts, parts).map(lambda p: f"({p[0]} and {p[1]} and {p[2]})"),
        st.tuples(parts, parts, parts).map(lambda p: f"({p[0]} < {p[1]} <= {p[2]})"),
        st.tuples(parts, parts).map(lambda p: f"({p[0]} + {p[1]})"),
    )


def machine(a: int, b: int, d: int) -> Any:
    return SimpleNamespace(
        model=SimpleNamespace(a=a, b=b, c=SimpleNamespace(d=d)),
        configuration=[SimpleNamespace(id="here")],
        active_ids=frozenset({"here"}),
    )


def outcome(call: Any) -> Any:
    """What a call returns or raises, told apart by type: True is not 1."""
    try:
        found = call()
    except TypeError:
        return TypeError
    return type(found), found


@given(st.recursive(atoms, _larger, max_leaves=12), *[st.integers(-1, 3)] * 3)
def test_an_expression_is_worth_what_the_library_says(expr: str, a: int, b: int, d: int) -> None:
    on = machine(a, b, d)
    library = RestrictedEvaluator().compile_value(expr)

    assert outcome(lambda: compile_expression(expr)(on)) == outcome(lambda: library(machine=on))


@pytest.mark.parametrize("expr", ["a < b and not c.d", "In('here') or a == 1", "c.d >= 3"])
def test_what_charts_are_made_of_is_compiled_here(expr: str) -> None:
    assert compile_here(expr) is not None


@pytest.mark.parametrize("expr", ["a + b", "[a, b]", "a < b < 3", "-a", "{'a': b}['a']"])
def test_the_rest_is_left_to_the_library(expr: str) -> None:
    assert compile_here(expr) is None
    assert compile_expression(expr)(machine(1, 2, 3)) is not None


@pytest.mark.parametrize(
    "expr", ["_private", "a._private", "a.b()", "__import__('os')", "lambda: a"]
)
def test_what_the_dialect_does_not_allow_is_refused(expr: str) -> None:
    with pytest.raises(InvalidDefinition):
        compile_expression(expr)


def test_a_method_is_no_value() -> None:
    on = SimpleNamespace(model=SimpleNamespace(go=lambda: None))

    with pytest.raises(TypeError, match="'go'"):
        name_of_context("go")(on)
