"""A plan for a position that we do not have any more decides nothing."""

from typing import Any

from tests.service.world import World, selection
from xarb_runtime.domain import events
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Outcome
from xarb_runtime.service.inbox import Delivery

OFFER = {"selection": selection("azuro", "under"), "odds": "1.95"}


def planning() -> World:
    """A world in which leg A is filled, leg B was refused and a strategy is being asked."""
    world = World()
    world.admit(hedges=[{"strategy": "alt_line", "offer": OFFER}])
    world.report(world.work.commands[0])
    world.quote(odds="1.20")
    return world


def answer(world: World, question: str, kind: str, **data: Any) -> Outcome:
    event = Event(
        id=f"{question}/{kind}",
        source="hedge:alt_line",
        type=kind,
        time_ms=world.now_ms,
        execution="x-1",
        data=data,
    )
    return world.deliver(Delivery(event=event)).steps[0].outcome


def test_an_answer_to_an_earlier_question_does_not_end_the_turn() -> None:
    world = planning()

    assert answer(world, "x-1:1:0", events.HEDGE_NO_PLAN, reason="none") is Outcome.STALE
    assert world.leaves() == ("h_planning",)


def test_the_answer_to_the_newest_question_counts() -> None:
    world = planning()
    question = world.work.commands[-1]

    assert question.target == "hedge"
    assert answer(world, question.key, events.HEDGE_NO_PLAN, reason="none") is Outcome.MOVED
