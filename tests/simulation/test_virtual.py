"""Virtual time: it jumps, it waits for real I/O, and I/O never decides the order of anything."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.simulation.virtual import Machine, StuckError, VirtualLoop


def run(program: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(program())


def the_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


class Disk:
    """One thread that answers in the order it was asked, after real delays."""

    def __init__(self, delays: list[float]) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._delays = iter(delays)

    async def ask(self, what: Any) -> Any:
        loop = the_loop()
        answer = loop.create_future()
        delay = next(self._delays, 0.0)

        def work() -> None:
            time.sleep(delay)
            loop.call_soon_threadsafe(answer.set_result, what)

        with loop.io_guard():
            self._thread.submit(work)
            return await answer

    def close(self) -> None:
        self._thread.shutdown()


def test_hours_of_sleep_take_no_time() -> None:
    async def program() -> float:
        await asyncio.sleep(36_000)
        return the_loop().time()

    began = time.monotonic()

    assert run(program) == 36_000
    assert time.monotonic() - began < 5


def test_timers_fire_in_the_order_of_their_deadlines_and_at_their_time() -> None:
    async def program() -> list[tuple[int, float]]:
        seen: list[tuple[int, float]] = []

        async def after(milliseconds: int) -> None:
            await asyncio.sleep(milliseconds / 1000)
            seen.append((milliseconds, the_loop().time()))

        async with asyncio.TaskGroup() as group:
            for milliseconds in (300, 100, 200, 100):
                group.create_task(after(milliseconds))
        return seen

    assert run(program) == [(100, 0.1), (100, 0.1), (200, 0.2), (300, 0.3)]


def test_time_stands_still_while_io_is_under_way() -> None:
    async def program() -> list[str]:
        seen: list[str] = []
        disk = Disk([0.02])

        async def clockwork() -> None:
            await asyncio.sleep(0.001)
            seen.append("timer")

        async def writer() -> None:
            await disk.ask("row")
            seen.append(f"disk at {the_loop().time()}")

        async with asyncio.TaskGroup() as group:
            group.create_task(clockwork())
            group.create_task(writer())
        disk.close()
        return seen

    assert run(program) == ["disk at 0.0", "timer"]


def _busy_program(delays: list[float]) -> Callable[[], Coroutine[Any, Any, list[str]]]:
    """Workers that sleep, hand work to each other and ask one disk, all at once."""

    async def program() -> list[str]:
        seen: list[str] = []
        disk = Disk(delays)
        queue: asyncio.Queue[str] = asyncio.Queue()

        async def worker(name: int) -> None:
            for turn in range(4):
                await asyncio.sleep((name * 7 + turn * 3) % 5 / 1000)
                await disk.ask(name)
                seen.append(f"{name}.{turn}@{the_loop().time()}")
                queue.put_nowait(f"{name}.{turn}")
                await asyncio.sleep(0)

        async def reader() -> None:
            while len(seen) < 24:
                seen.append(f"read {await queue.get()}")

        async with asyncio.TaskGroup() as group:
            for name in range(3):
                group.create_task(worker(name))
            group.create_task(reader())
        disk.close()
        return seen

    return program


@given(st.randoms(use_true_random=False))
def test_the_speed_of_io_never_changes_the_order_of_anything(dice: random.Random) -> None:
    expected = run(_busy_program([]))

    delays = [dice.choice([0.0, 0.0, 0.0002, 0.001]) for _ in range(12)]

    assert run(_busy_program(delays)) == expected


def test_what_threads_say_waits_until_nothing_else_is_ready() -> None:
    async def program() -> list[str]:
        loop, seen = the_loop(), list[str]()
        done = asyncio.Event()

        def finish() -> None:
            seen.append("thread")
            done.set()

        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(finish,))
        thread.start()
        thread.join()
        for turn in range(3):
            await asyncio.sleep(0)
            seen.append(f"turn {turn}")
        await done.wait()
        return seen

    assert run(program) == ["turn 0", "turn 1", "turn 2", "thread"]


def test_a_cancelled_word_of_a_thread_is_not_heard() -> None:
    async def program() -> list[str]:
        seen: list[str] = []
        the_loop().call_soon_threadsafe(seen.append, "no").cancel()
        the_loop().call_soon_threadsafe(seen.append, "yes")
        await asyncio.sleep(1)
        return seen

    assert run(program) == ["yes"]


def test_work_in_threads_holds_time_back_by_itself() -> None:
    async def program() -> float:
        await asyncio.to_thread(time.sleep, 0.01)
        return the_loop().time()

    assert run(program) == 0


def test_waiting_for_io_ends_when_everything_under_way_has_answered() -> None:
    async def program() -> tuple[int, int]:
        disk = Disk([0.01, 0.01])
        async with asyncio.TaskGroup() as group:
            group.create_task(disk.ask(1))
            group.create_task(disk.ask(2))
            await asyncio.sleep(0)
            the_loop().finish_io()
            answered = the_loop().answers_waiting
        disk.close()
        return answered, the_loop().io_under_way

    assert run(program) == (2, 0)


def test_waiting_for_ever_is_an_error_that_names_who_waits() -> None:
    async def program() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.create_task(program(), name="the one that waits")

    with pytest.raises(StuckError, match="the one that waits") as caught:
        run(main)
    assert "the one that waits" in caught.value.waiting


def test_a_clock_keeps_its_time_when_the_machine_is_set() -> None:
    async def program() -> tuple[int, int, int]:
        machine = Machine(the_loop(), 1_000_000)
        clock = machine.clock()
        await clock.sleep_ms(250)
        machine.set_by_ms = 60_000
        return clock.now_ms(), machine.clock().now_ms(), machine.true_ms()

    assert run(program) == (1_000_250, 1_060_250, 1_000_250)


def test_a_clock_never_begins_before_its_floor() -> None:
    async def program() -> tuple[int, int]:
        machine = Machine(the_loop(), 1_000_000)
        machine.set_by_ms = -60_000
        clock = machine.clock(floor_ms=1_000_100)
        before = clock.now_ms()
        await clock.sleep_ms(5)
        return before, clock.now_ms()

    assert run(program) == (1_000_100, 1_000_105)
