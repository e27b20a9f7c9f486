"""Timers: what counts is delivered when it is due, what was cancelled does not pile up."""

import asyncio

import msgspec

from tests.service.world import World
from xarb_runtime.domain.steps import Snapshot, Timer
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.timers import TIDY, Timers
from xarb_runtime.service.work import Arming
from xarb_runtime.simulation.virtual import Machine, VirtualLoop


def with_timers(snapshot: Snapshot, *timers: Timer) -> Snapshot:
    return msgspec.structs.replace(snapshot, timers=timers)


def test_cancelled_timers_do_not_pile_up_and_none_that_counts_is_lost() -> None:
    world = World()
    world.admit()
    running = world.desk.book.get("x-1")
    assert running is not None
    book: dict[str, Snapshot] = {}
    delivered: list[str] = []

    async def live(machine: Machine) -> None:
        def deliver(delivery: Delivery) -> None:
            assert delivery.event is not None
            delivered.append(delivery.event.execution)

        timers = Timers(machine.clock(), deliver, book.get)
        for number in range(10 * TIDY):
            name, timer = f"x-{number}", Timer("t", "ttl", 60_000 + number, 1)
            counts = number % 100 == 0
            book[name] = with_timers(running, *([timer] if counts else []))
            timers.watch([Arming(name, timer)])
            assert timers.pending <= TIDY
        watching = asyncio.get_running_loop().create_task(timers.run())
        await machine.clock().sleep_ms(200_000)
        watching.cancel()

    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(live(Machine(loop, 0)))

    assert delivered == [f"x-{number}" for number in range(0, 10 * TIDY, 100)]


def test_many_timers_that_all_count_are_kept() -> None:
    world = World()
    world.admit()
    running = world.desk.book.get("x-1")
    assert running is not None
    many = tuple(Timer(f"t{number}", "ttl", number, 1) for number in range(3 * TIDY))
    book = {"x-1": with_timers(running, *many)}
    loop = VirtualLoop()
    timers = Timers(Machine(loop, 0).clock(), lambda _: None, book.get)
    loop.close()
    timers.watch([Arming("x-1", timer) for timer in many[: TIDY + 1]])

    assert timers.pending == TIDY + 1
