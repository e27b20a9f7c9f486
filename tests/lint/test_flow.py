"""
Each of these faults, put into the flow that trades, is found.
"""

import pytest

from tests.lint.contexts import CONTEXTS, ROOT
from xarb_runtime.statechart.lint import lint_text

FLOW = (ROOT / "statecharts" / "cross_venue.yaml").read_text(encoding="utf-8")

FAULTS = {
    "leg B's deadline is not armed": (
        '          - send: {event: ttl.leg_b, id: ttl_leg_b, delayexpr: "limits.ttl_leg_b"}\n',
        "",
        "XS401",
    ),
    "nobody handles leg B's deadline": (
        "          - {event: ttl.leg_b, target: b_cancelling}\n",
        "",
        "XS303",
    ),
    "finality is armed anew with each look": (
        (
            '- send: {event: look.leg_b, id: look_leg_b, delayexpr: "find_pause"}\n'
            "          - {event: finality.leg_b"
        ),
        (
            '- send: {event: look.leg_b, id: look_leg_b, delayexpr: "find_pause"}\n'
            "              - send: {event: finality.leg_b, id: finality_leg_b, delayexpr: reason}\n"
            "          - {event: finality.leg_b"
        ),
        "XS401",
    ),
    "a strategy's turn does not end": (
        "- {event: hedge.planned hedge.no_plan ttl.plan, target: deciding, on: next_strategy}",
        "- {event: hedge.planned hedge.no_plan ttl.plan, target: deciding}",
        "XS401",
    ),
    "a person's retry does not ask what is in doubt": (
        'target: deciding, cond: "not in_doubt", on: retry_strategies}',
        "target: b_quoting, on: retry_strategies}",
        "XS407",
    ),
    "the flow ends in doubt": (
        "- {event: finality.hedge, target: exposed,",
        "- {event: finality.hedge, target: hedged,",
        "XS408",
    ),
    "late answers are forgotten": (
        '    - {state: "*", events: ["quote.*", "hedge.planned", "hedge.no_plan"],',
        '    - {state: "*", events: ["hedge.planned", "hedge.no_plan"],',
        "XS108",
    ),
    "a pause in leg A is not handled": (
        "          - {event: operator.pause, target: a_cancelling}\n",
        "",
        "XS405",
    ),
    "a limit is misspelt": ("limits.ttl_leg_b", "limits.ttl_legb", "XS201"),
    "the flow ends exposed": (
        "closed:        {exposure: hedged,",
        "closed:        {exposure: one_leg,",
        "XS404",
    ),
    "nobody is called": (
        (
            '      - send: {target: "#_runtime", event: incident, params: [\n'
            "          {name: kind, expr: \"'exposed'\"}"
        ),
        (
            '      - send: {target: "#_bus", event: publish, params: [\n'
            "          {name: kind, expr: \"'exposed'\"}"
        ),
        "XS401",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_flow_is_found(fault):
    before, after, code = FAULTS[fault]
    assert before in FLOW, "the flow has changed: say this fault anew"

    found = lint_text(FLOW.replace(before, after, 1), CONTEXTS)

    assert code in {finding.code for finding in found}


def test_the_flow_itself_is_clean():
    assert lint_text(FLOW, CONTEXTS) == []
