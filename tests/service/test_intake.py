"""
Messages come in: on two ways, in order, acknowledged after the commit, whatever the bus does.
"""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.service.fickle import FickleBus
from tests.service.outside import KEY, OUTSIDE, came, play, until
from tests.service.test_reading import word
from tests.service.test_runtime import START_MS, ended, message
from xarb_runtime.plugins.contracts import BusMessage
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.runtime import Runtime, RuntimeEndedError
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.store.records import ActionRow

SLOW: Settings = msgspec.structs.replace(
    OUTSIDE,
    venues={name: {**own, "latency": "400ms"} for name, own in OUTSIDE.venues.items()},
)


class Heard(Instruments):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, int | None]] = []
        self.repetitions: list[str] = []

    def received(self, message: BusMessage, outcome: str, age_ms: int | None) -> None:
        assert message.body
        self.outcomes.append((outcome, age_ms))

    def repeated(self, execution: str) -> None:
        self.repetitions.append(execution)


async def actions(runtime: Runtime) -> list[ActionRow]:
    """What operators have asked for, oldest first; the test's own stop is none of it."""
    rows = await runtime.journal.queries.operator_actions()
    return [row for row in reversed(rows) if row.operator.startswith("bus:")]


def test_a_message_is_acknowledged_when_it_is_on_disk(tmp_path: Path) -> None:
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        bus.incoming.put_nowait(came(message("1"), "t1"))
        await until(lambda: bus.acknowledged == ["t1"])

        assert await runtime.journal.seen([("bus:engine", "message-1")])

    play(tmp_path, bus, use)


def test_messages_of_one_round_are_stepped_in_the_order_of_delivery(tmp_path: Path) -> None:
    """Many at once, prefetched: the first of the same opportunity is the one that is executed."""
    bus = FickleBus()
    settings = msgspec.structs.replace(
        OUTSIDE, bus=msgspec.structs.replace(OUTSIDE.bus, in_flight=50)
    )
    order: list[str] = []

    async def use(runtime: Runtime) -> None:
        runtime.desk.book.put, put = (  # type: ignore[method-assign]
            lambda snapshot: (order.append(snapshot.execution), put(snapshot))[1],
            runtime.desk.book.put,
        )
        names = [f"{number % 5}" for number in range(20)]
        for number, name in enumerate(names):
            body = message(name).replace(f"message-{name}".encode(), f"m{number}".encode())
            bus.incoming.put_nowait(came(body, number))
        await until(lambda: len(bus.acknowledged) == len(names))
        first = list(dict.fromkeys(name for name in order if name.startswith("x-")))

        assert first[:5] == [f"x-{number}" for number in range(5)]
        assert first[5:20] == [f"x-{n % 5}!bus:engine!m{n}" for n in range(5, 20)]

    play(tmp_path, bus, use, settings)


def test_many_acknowledgements_do_not_wait_for_each_other(tmp_path: Path) -> None:
    bus = FickleBus()
    bus.slow = 1.0

    async def use(runtime: Runtime) -> None:
        began = asyncio.get_running_loop().time()
        for number in range(16):
            bus.incoming.put_nowait(came(b"no message", number))
        await until(lambda: len(bus.acknowledged) == 16)

        assert asyncio.get_running_loop().time() - began < 3
        assert runtime.intake.state.unacknowledged == 0

    play(tmp_path, bus, use)


def test_a_stop_tells_the_bus_of_everything_that_is_on_disk(tmp_path: Path) -> None:
    bus = FickleBus()
    bus.slow = 2.0

    async def use(runtime: Runtime) -> None:
        bus.incoming.put_nowait(came(message("1"), "t1"))
        await until(lambda: runtime.intake.state.unacknowledged == 1)

    play(tmp_path, bus, use)

    assert bus.acknowledged == ["t1"]


def test_a_repetition_is_acknowledged_and_told_to_the_instruments(tmp_path: Path) -> None:
    bus, heard = FickleBus(), Heard()

    async def use(runtime: Runtime) -> None:
        for token in range(3):
            bus.incoming.put_nowait(came(message("1"), token, redelivered=token > 0))
        await until(lambda: len(bus.acknowledged) == 3)
        await ended(runtime, "x-1")

    play(tmp_path, bus, use, instruments=heard)

    assert heard.repetitions == ["x-1", "x-1"]
    assert heard.outcomes == [("opportunity", 0)] * 3


def test_a_repetition_after_a_restart_is_told_too(tmp_path: Path) -> None:
    bus, heard = FickleBus(), Heard()

    async def first(runtime: Runtime) -> None:
        bus.incoming.put_nowait(came(message("1"), "a"))
        await ended(runtime, "x-1")

    async def second(_: Runtime) -> None:
        bus.incoming.put_nowait(came(message("1"), "b", redelivered=True))
        await until(lambda: bus.acknowledged == ["a", "b"])

    play(tmp_path, bus, first)
    play(tmp_path, bus, second, instruments=heard, at_ms=START_MS + 20_000)

    assert heard.repetitions == ["x-1"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (ConnectionError("the line is dead"), "ConnectionError: the line is dead"),
        (asyncio.CancelledError(), "the bus cancelled itself"),
        (None, "the bus gave no more messages"),
    ],
)
def test_a_bus_that_breaks_off_is_asked_again(tmp_path: Path, broken: Any, reason: str) -> None:
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        bus.incoming.put_nowait(came(message("1"), "t1"))
        bus.incoming.put_nowait(broken)
        bus.incoming.put_nowait(came(message("2"), "t2"))
        await until(lambda: runtime.intake.state.interruptions == 1)
        assert not runtime.intake.state.reading
        await ended(runtime, "x-1", "x-2")
        state = runtime.intake.state

        assert (state.reading, state.interruptions, state.reason) == (True, 1, reason)
        assert sorted(map(str, bus.acknowledged)) == ["t1", "t2"]
        assert bus.asked == 2

    play(tmp_path, bus, use)


def test_words_go_on_when_messages_break_off_and_the_other_way_round(tmp_path: Path) -> None:
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        bus.spoken.put_nowait(OSError("no words"))
        bus.incoming.put_nowait(came(message("1"), "t1"))
        await until(lambda: bus.acknowledged == ["t1"])
        bus.incoming.put_nowait(OSError("no messages"))
        bus.spoken.put_nowait(came(word(), "w1"))
        await until(lambda: "w1" in bus.acknowledged)

        assert runtime.desk.level == "paused"

    play(tmp_path, bus, use)


def test_an_operators_word_passes_opportunities_that_wait_for_room(tmp_path: Path) -> None:
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        for number in range(10):
            bus.incoming.put_nowait(came(message(str(number)), number))
        await until(lambda: runtime.desk.book.in_flight == 4)
        bus.spoken.put_nowait(came(word("operator.halt"), "w1"))
        await until(lambda: "w1" in bus.acknowledged)

        assert runtime.desk.level == "halted"
        assert runtime.desk.book.in_flight == 4
        (noted,) = await actions(runtime)
        assert (noted.operator, noted.action, noted.result) == (
            "bus:ann",
            "halt",
            "running -> halted",
        )
        assert noted.detail == {"reason": "a test", "source": "desk", "message": "w-1"}

    play(tmp_path, bus, use, SLOW)


def test_a_word_among_the_opportunities_does_not_wait_for_room_either(tmp_path: Path) -> None:
    """A bus without a way of its own for words brings them with everything else."""
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        for number in range(4):
            bus.incoming.put_nowait(came(message(str(number)), number))
        await until(lambda: runtime.desk.book.in_flight == 4)
        bus.incoming.put_nowait(came(word("operator.halt"), "w1"))
        await until(lambda: "w1" in bus.acknowledged)

        assert runtime.desk.book.in_flight == 4
        assert runtime.desk.level == "halted"

    play(tmp_path, bus, use, SLOW)


async def stopping(bus: FickleBus, runtime: Runtime) -> None:
    """Stop the runtime while its only execution waits for leg B."""
    bus.incoming.put_nowait(came(message("1"), "t1"))
    await until(lambda: [it.leaves for it in runtime.desk.book.trades] == [("b_placing",)])
    runtime.say("operator.stop", source="operator:test")
    await until(lambda: runtime.desk.level == "stopping")


def test_what_is_not_taken_before_a_stop_stays_on_the_bus(tmp_path: Path) -> None:
    """Whoever comes next takes it; rejecting all that waits would empty the broker's queue."""
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        await stopping(bus, runtime)
        for number in range(2, 9):
            bus.incoming.put_nowait(came(message(str(number)), f"t{number}"))
        await until(lambda: runtime.desk.level == "stopped")

    play(tmp_path, bus, use, SLOW)

    assert bus.acknowledged == ["t1"]


def test_a_stop_that_is_taken_back_lets_opportunities_in_again(tmp_path: Path) -> None:
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        await stopping(bus, runtime)
        bus.incoming.put_nowait(came(message("2"), "t2"))
        await until(bus.incoming.empty)
        bus.spoken.put_nowait(came(word("operator.resume"), "w1"))
        await until(lambda: bus.acknowledged == ["t1", "w1", "t2"])
        await ended(runtime, "x-1", "x-2")

        snapshot = runtime.desk.book.get("x-2")
        assert snapshot is not None
        assert snapshot.leaves == ("completed",)

    play(tmp_path, bus, use, SLOW)


def test_a_repeated_word_does_nothing_and_is_noted_once(tmp_path: Path) -> None:
    bus, heard = FickleBus(), Heard()

    async def first(runtime: Runtime) -> None:
        bus.spoken.put_nowait(came(word(), "w1"))
        await until(lambda: bus.acknowledged == ["w1"])
        await runtime.say("operator.resume", source="operator:bob")
        bus.spoken.put_nowait(came(word(), "w2"))
        await until(lambda: bus.acknowledged == ["w1", "w2"])
        assert runtime.desk.level == "running"

    async def second(runtime: Runtime) -> None:
        bus.spoken.put_nowait(came(word(), "w3"))
        await until(lambda: bus.acknowledged == ["w1", "w2", "w3"])

        assert runtime.desk.level == "running"
        assert [row.result for row in await actions(runtime)] == ["running -> paused"]

    play(tmp_path, bus, first, instruments=heard)
    play(tmp_path, bus, second, instruments=heard, at_ms=START_MS + 20_000)

    assert heard.repetitions == ["supervisor", "supervisor"]


def test_a_word_that_is_too_old_is_a_row_and_noted_once(tmp_path: Path) -> None:
    bus, heard = FickleBus(), Heard()

    async def use(runtime: Runtime) -> None:
        for token in ("w1", "w2"):
            bus.spoken.put_nowait(came(word(at_ms=START_MS - 40_000), token))
        await until(lambda: len(bus.acknowledged) == 2)

        assert runtime.desk.level == "running"
        assert [row.result for row in await actions(runtime)] == ["too_old"]
        assert await runtime.journal.seen([("bus:desk", "w-1")])
        assert runtime.intake.stale == 2

    play(tmp_path, bus, use, instruments=heard)

    assert [outcome for outcome, _ in heard.outcomes] == ["too_old", "too_old"]


def test_a_stray_publisher_stops_nothing(tmp_path: Path) -> None:
    bus, heard = FickleBus(), Heard()

    async def use(runtime: Runtime) -> None:
        bus.spoken.put_nowait(came(word("operator.stop", key=KEY[::-1]), "w1"))
        await until(lambda: bus.acknowledged == ["w1"])
        (letter,) = await runtime.journal.queries.dead_letters()

        assert runtime.desk.level == "running"
        assert letter.source == "desk"
        assert letter.reason.startswith("xarbsignature: ")
        assert KEY not in letter.reason
        assert await actions(runtime) == []

    play(tmp_path, bus, use, instruments=heard)

    assert heard.outcomes == [("unsigned", None)]


def test_a_word_over_the_bus_stops_the_runtime_and_is_acknowledged(tmp_path: Path) -> None:
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        bus.spoken.put_nowait(came(word("operator.stop"), "w1"))
        await until(lambda: runtime.desk.level == "stopped")

    play(tmp_path, bus, use)

    assert bus.acknowledged == ["w1"]


# -- By hand ---------------------------------------------------------------------------------------


def test_what_is_entered_by_hand_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        await runtime.intake.enter(message("1"))
        assert await runtime.journal.seen([("bus:engine", "message-1")])
        await runtime.intake.enter(b"no message")
        assert len(await runtime.journal.queries.dead_letters()) == 1
        await ended(runtime, "x-1")

    play(tmp_path, bus, use)

    assert bus.acknowledged == []


def test_what_is_entered_by_hand_waits_for_room(tmp_path: Path) -> None:
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(9):
                group.create_task(runtime.intake.enter(message(str(number))))
            await until(lambda: runtime.desk.book.in_flight == 4)
            assert runtime.intake.state.unsettled == 0
        assert runtime.desk.book.get("x-8") is not None

    play(tmp_path, bus, use, SLOW)


def test_whoever_enters_something_at_the_end_is_told(tmp_path: Path) -> None:
    bus = FickleBus()
    entering: list[asyncio.Task[None]] = []

    async def use(runtime: Runtime) -> None:
        async def unwritten(_: object) -> None:
            await asyncio.sleep(1_000)

        runtime.journal.commit = unwritten  # type: ignore[method-assign]
        entering.append(asyncio.get_running_loop().create_task(runtime.intake.enter(message("1"))))
        await asyncio.sleep(1)

    play(tmp_path, bus, use, dies=True)

    with pytest.raises((RuntimeEndedError, asyncio.CancelledError)):
        entering[0].result()
