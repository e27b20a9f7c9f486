"""
What a venue says about an execution that has ended.
"""

from tests.service.world import World


def kinds(world: World) -> list[str]:
    return [incident.kind for incident in world.desk.register.all]


def test_a_fill_after_the_end_is_an_incident() -> None:
    world = World()
    world.admit()
    command = world.work.commands[0]
    world.report(command, "refused")

    world.report(command, "filled")

    assert world.leaves() == ("aborted",)
    assert kinds(world) == ["late_report"]


def test_an_order_that_turns_up_open_after_the_end_is_an_incident() -> None:
    world = World()
    world.admit()
    command = world.work.commands[0]
    world.report(command, "refused")

    world.report(command, "open", final=False)

    assert kinds(world) == ["late_report"]


def test_a_fill_that_is_read_after_the_cancel_ended_it_is_an_incident() -> None:
    world = World()
    world.admit()
    command = world.work.commands[0]
    world.report(command, "cancelled", final=False)
    assert world.leaves() == ("aborted",)

    world.report(command, "cancelled", final=True)
    assert not kinds(world)
    world.report(command, "cancelled", filled="30", odds="2.10")

    assert kinds(world) == ["late_report"]
    assert world.desk.level == "paused"
