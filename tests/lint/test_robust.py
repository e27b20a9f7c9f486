"""
Lint has an answer to everything that can be written down; it never raises.
"""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lint.contexts import BAD, CHARTS, CONTEXTS
from xarb_runtime.statechart.document import Document, parse
from xarb_runtime.statechart.findings import Finding
from xarb_runtime.statechart.lint import lint_document, lint_path, lint_text

TEXT = """
    states initial final parallel enter exit transitions history event target cond unless on send
    cancel assign raise if then else foreach invoke a b done x-xarb version context cross_venue
    exposure flat ignore silence code events delay delayexpr id sendid params leg #_venue
"""
WORDS = st.sampled_from(TEXT.split())
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=5), WORDS
)
KEYS = st.one_of(WORDS, WORDS, st.integers(0, 2), st.booleans(), st.none(), st.text(max_size=3))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)
STATES = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, min_size=1, max_size=3)


def _lint(data: dict[Any, Any]) -> list[Finding]:
    return lint_document(Document(file="fuzz.yaml", text="", data=data, places={}), CONTEXTS)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_mapping_gets_findings(data):
    assert _lint(data)


@given(STATES, VALUES)
def test_any_states_get_an_answer(states, block):
    found = _lint({"states": states, "x-xarb": block})

    assert found == sorted(found)


@given(st.text(max_size=60))
def test_any_text_gets_findings(text):
    assert lint_text(text, CONTEXTS)


@given(st.binary(max_size=40))
def test_any_bytes_get_findings(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "chart.yaml"
    path.write_bytes(content)

    assert lint_path(path, CONTEXTS)


def _data(path: Path) -> dict[str, Any]:
    return parse(path.read_text(encoding="utf-8")).data


SOUND = {path.stem: _data(path) for path in CHARTS}
SMALL = [_data(path) for path in BAD if path.stem[:5] not in {"XS001", "XS003", "XS109"}]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


@given(st.data())
def test_a_damaged_chart_gets_an_answer(data):
    chart = copy.deepcopy(data.draw(st.sampled_from(SMALL)))
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(chart)
        container, key = places[data.draw(st.integers(0, len(places) - 1))]
        if data.draw(st.booleans()):
            container[key] = data.draw(VALUES)
        elif data.draw(st.booleans()):
            container.pop(key)
        else:
            container[key] = copy.deepcopy(places[data.draw(st.integers(0, len(places) - 1))][0])

    assert isinstance(_lint(chart), list)


@pytest.mark.parametrize("name", sorted(SOUND))
@pytest.mark.parametrize("part", ["a key is gone", "a value is a number", "a value is a list"])
def test_a_chart_of_ours_with_one_thing_wrong_gets_an_answer(name, part):
    places = len(_places(SOUND[name]))
    for at in range(0, places, max(1, places // 5)):
        chart = copy.deepcopy(SOUND[name])
        container, key = _places(chart)[at]
        if part == "a key is gone":
            container.pop(key)
        else:
            container[key] = 5 if part == "a value is a number" else [[]]

        assert isinstance(_lint(chart), list)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "- a",
        "&a {states: *a}",
        "states: {a: " + "[" * 300,
        "states: {a: " * 100 + "}" * 100,
        "a: 2024-99-99",
        "a: !!python/object/apply:os.getcwd []",
        "? [a]\n: b",
        "a: \x00",
        "a: " + "9" * 5000,
        "a: &a [" + "x," * 99 + "x]\nb: &b [" + "*a," * 99 + "*a]\nc: [" + "*b," * 99 + "*b]",
    ],
    ids=range(12),
)
def test_hostile_yaml_gets_one_finding_with_a_place(text):
    findings = lint_text(text, CONTEXTS)

    assert {finding.code for finding in findings} == {"XS002"}


def test_a_file_that_is_not_there_is_a_finding(tmp_path):
    [finding] = lint_path(tmp_path / "nowhere.yaml", CONTEXTS)

    assert finding.code == "XS002"
    assert "No such file" in finding.message
