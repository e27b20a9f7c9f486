"""
What contexts promise to lint about themselves holds.
"""

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.lint.contexts import CONTEXTS
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.cross_venue_facts import Admission
from xarb_runtime.domain.ledger import LineStatus, OrderLine
from xarb_runtime.domain.opportunity import Gate, LegOffer, Limits, Opportunity
from xarb_runtime.domain.orders import Selection
from xarb_runtime.statechart.internals import compile_expression
from xarb_runtime.statechart.lint.attributes import members, methods, writable

SELECTION = Selection(venue="one", market="m", outcome="o", wins=("yes",))
OFFER = LegOffer(selection=SELECTION, odds=Decimal(2))
ADMISSION = Admission(
    opportunity=Opportunity(
        id="x",
        detected_ms=0,
        event="e",
        scenarios=("yes", "no"),
        stake=Decimal(10),
        leg_a=OFFER,
        leg_b=OFFER,
    ),
    gate=Gate(),
    limits=Limits(),
)


@st.composite
def orders(draw: Any) -> OrderLine:
    return OrderLine(
        slot=draw(st.sampled_from(CrossVenue.slots)),
        client_id="c",
        selection=SELECTION,
        stake=Decimal(10),
        min_odds=Decimal(2),
        fee=Decimal(0),
        sent_ms=0,
        status=draw(st.sampled_from(list(LineStatus))),
        filled=Decimal(draw(st.sampled_from([0, 5, 10]))),
        odds=Decimal(2),
        final=draw(st.booleans()),
    )


class _Names:
    """Reads names off a context, as a guard does."""

    def __init__(self, context: CrossVenue) -> None:
        self.context = context

    def __getitem__(self, name: str) -> Any:
        return getattr(self.context, name)


@given(st.lists(orders(), max_size=4))
def test_a_condition_that_settles_a_slot_never_holds_with_an_order_in_doubt(lines):
    context = CrossVenue(admission=ADMISSION, orders=lines)
    for condition, slots in CrossVenue.settled.items():
        holds = eval(condition, {}, _Names(context))
        if holds:
            assert not any(line.in_doubt for line in lines if line.slot in slots)


@given(st.integers(0, 5), st.integers(0, 5))
def test_a_countdown_ends(strategy, restarts):
    context = CrossVenue(admission=ADMISSION, strategy_index=strategy, restarts=restarts)
    for guard, countdown in CrossVenue.countdowns.items():
        for _ in range(20):
            getattr(context, countdown.step)()

        assert not eval(guard, {}, _Names(context))


def test_what_contexts_say_about_themselves_is_written_in_the_dialect():
    for context in CONTEXTS.values():
        for expression in (*context.settled, *context.countdowns):
            compile_expression(expression)
        assert context.remarks <= writable(context)
        assert {c.step for c in context.countdowns.values()} <= methods(context)
        assert context.beginnings <= context.catalogue


def test_no_property_depends_on_a_remark():
    remarked = CrossVenue(admission=ADMISSION, reason="something else")
    plain = CrossVenue(admission=ADMISSION)
    for name in members(CrossVenue) - CrossVenue.remarks:
        with suppress(LookupError, ArithmeticError):
            seen = getattr(plain, name)
            if isinstance(seen, (bool, str, int, Decimal)):
                assert getattr(remarked, name) == seen
