"""The supervisor says why its level is what it is, not what it has heard since."""

import msgspec
import pytest

from tests.service.world import World
from xarb_runtime.domain.supervisor import Supervisor
from xarb_runtime.service.book import SUPERVISOR


def supervisor(world: World) -> Supervisor:
    snapshot = world.desk.book.get(SUPERVISOR)
    assert snapshot is not None
    return msgspec.json.decode(snapshot.context, type=Supervisor)


def hear(world: World, kind: str, source: str = "runtime", **data: object) -> None:
    world.now_ms += 1
    world.say(kind, SUPERVISOR, source, **data)


def test_what_is_heard_later_does_not_become_the_reason_of_a_pause() -> None:
    world = World()
    hear(world, "incident.opened", reason="no_hedge_worked", pauses=True)
    hear(world, "venue.down", reason="sx is out of reach", venue="sx")

    assert world.leaves(SUPERVISOR) == ("paused",)
    assert (supervisor(world).reason, supervisor(world).by) == ("no_hedge_worked", "runtime")


def test_a_warning_gives_a_running_level_no_reason() -> None:
    world = World()
    hear(world, "incident.opened", reason="finality", pauses=False)

    assert world.leaves(SUPERVISOR) == ("running",)
    assert supervisor(world).reason == ""


def test_a_venue_that_is_back_ends_the_reason_of_the_degraded_level() -> None:
    world = World()
    hear(world, "venue.down", "venue:sx", reason="sx is out of reach", venue="sx")
    degraded = supervisor(world).reason
    hear(world, "venue.up", "venue:sx", venue="sx")

    assert degraded == "sx is out of reach"
    assert ("", world.now_ms) == (supervisor(world).reason, supervisor(world).since_ms)


def test_a_stopped_runtime_keeps_the_reason_of_the_stop() -> None:
    world = World()
    hear(world, "operator.stop", "operator:ann", reason="deploying")

    assert world.leaves(SUPERVISOR) == ("stopped",)
    assert (supervisor(world).reason, supervisor(world).by) == ("deploying", "operator:ann")


def test_whoever_resumes_is_noted() -> None:
    world = World()
    hear(world, "operator.pause", "operator:ann", reason="a look")
    hear(world, "operator.resume", "operator:bob", reason="all well")

    assert (supervisor(world).reason, supervisor(world).by) == ("", "operator:bob")


@pytest.mark.parametrize("drained", [True, False], ids=["after a safe stop", "killed meanwhile"])
def test_a_start_after_a_stop_holds_back_what_was_held_back_and_says_why(
    drained: bool,
) -> None:
    world = World()
    hear(world, "incident.opened", reason="no_hedge_worked", pauses=True)
    if not drained:
        world.admit()
        hear(world, "operator.resume", "operator:ann")
        world.admit("2")
        hear(world, "incident.opened", reason="no_hedge_worked", pauses=True)
    hear(world, "operator.stop", "operator:ann", reason="deploying")
    stopped = world.leaves(SUPERVISOR)
    hear(world, "operator.start")

    assert stopped == (("stopped",) if drained else ("stopping",))
    assert world.leaves(SUPERVISOR) == ("paused",)
    assert supervisor(world).reason == "still no_hedge_worked"


def test_a_second_start_says_it_once() -> None:
    world = World()
    hear(world, "operator.halt", "operator:ann", reason="prices are wrong")
    for _ in range(2):
        hear(world, "operator.stop", "operator:ann", reason="deploying")
        hear(world, "operator.start")

    assert world.leaves(SUPERVISOR) == ("paused",)
    assert supervisor(world).reason == "still prices are wrong"


def test_a_start_after_a_stop_of_a_running_level_runs() -> None:
    world = World()
    hear(world, "operator.pause", "operator:ann", reason="a look")
    hear(world, "operator.resume", "operator:ann")
    hear(world, "operator.stop", "operator:ann", reason="deploying")
    hear(world, "operator.start")

    assert world.leaves(SUPERVISOR) == ("running",)
    assert supervisor(world).reason == ""
