"""
Leg A is taken back while leg B stands: the other side is hedged, if need be with leg A again.
"""

from typing import Any

from tests.service.world import World
from xarb_runtime.domain.steps import Command


def command(world: World, name: str) -> Command:
    (found,) = [it for it in world.work.commands if it.name == name]
    return found


def both_legs(world: World) -> tuple[Command, Command]:
    """Both legs filled, none of them final yet."""
    world.admit()
    leg_a = command(world, "place")
    world.report(leg_a, final=False)
    world.quote()
    leg_b = command(world, "place")
    world.report(leg_b, final=False)
    return leg_a, leg_b


def asked(world: World) -> dict[str, dict[str, Any]]:
    """What each strategy is asked, none of which has a plan."""
    found: dict[str, dict[str, Any]] = {}
    while plans := [it for it in world.work.commands if it.name == "plan"]:
        (plan,) = plans
        found[plan.params["strategy"]] = plan.params
        world.say("hedge.no_plan", source=f"hedge:{plan.params['strategy']}", reason="none")
    return found


def test_unwind_may_buy_leg_a_again_when_only_leg_b_is_left() -> None:
    world = World()
    leg_a, _ = both_legs(world)

    world.report(leg_a, "reversed", filled="0")
    found = asked(world)

    outcomes = {
        name: [it["selection"]["outcome"] for it in request["offers"]]
        for name, request in found.items()
    }
    assert outcomes == {"alt_line": [], "total": [], "unwind": ["under", "over"]}
    assert world.leaves() == ("exposed",)


def test_unwind_buys_no_leg_again_while_leg_a_stands() -> None:
    world = World()
    _, leg_b = both_legs(world)

    world.report(leg_b, "reversed", filled="0")

    assert [it["selection"]["outcome"] for it in asked(world)["unwind"]["offers"]] == ["under"]


def test_leg_a_bought_again_covers_leg_b() -> None:
    world = World()
    leg_a, leg_b = both_legs(world)
    world.report(leg_a, "reversed", filled="0")
    for _ in range(2):
        world.say("hedge.no_plan", source="hedge:-", reason="none")
    request = command(world, "plan").params

    world.say(
        "hedge.planned",
        source="hedge:unwind",
        strategy="unwind",
        selection=request["offers"][1]["selection"],
        stake="100",
        odds="2.02",
        fee="0",
        worst_case="-1",
    )
    hedge = command(world, "place")
    world.report(hedge)
    world.report(leg_b)

    assert hedge.params["selection"]["outcome"] == "over"
    assert world.leaves() == ("unwound",)
