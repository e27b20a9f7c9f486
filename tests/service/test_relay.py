"""
The relay: everything is confirmed in the end, in order per execution, whatever the bus does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.service.fickle import OUTCOMES, FickleBus
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.relay import Relay, RelayLimits
from xarb_runtime.simulation.virtual import Machine, VirtualLoop
from xarb_runtime.store.batch import Outgoing
from xarb_runtime.store.errors import StoreError

TIGHT = RelayLimits(held=4, at_once=2, deadline_ms=50, note_ms=20, retry_ms=10, retry_max_ms=100)
LANES = ("x-1", "x-2", "supervisor")


class Table:
    """The outbox as a table, and a relay on it that can be started again."""

    def __init__(self, bus: FickleBus, limits: RelayLimits = TIGHT) -> None:
        self.bus = bus
        self.rows: dict[int, Outgoing] = {}
        self.position = 0
        self.reads = self.commits = 0
        self.unreadable = False
        self.told: list[str] = []
        self._limits = limits
        self._task: asyncio.Task[None] | None = None
        self._machine = Machine(asyncio.get_running_loop(), 1_000)  # pyright: ignore[reportArgumentType]
        self.relay = self.start()

    def start(self) -> Relay:
        """Start a relay in a new life."""
        told = self.told

        class Told(Instruments):
            def published(self, kind: str, outcome: str, seconds: float) -> None:
                assert seconds >= 0
                told.append(outcome)

        self.relay = Relay(
            bus=self.bus,
            clock=self._machine.clock(),
            read=self.read,
            deliver=self.deliver,
            instruments=Told(),
            hide=lambda text: text.replace("connected", "***"),
            limits=self._limits,
        )
        self.relay.recall(self.position, len(self.rows))
        self._task = asyncio.get_running_loop().create_task(self.relay.run())
        return self.relay

    async def stop(self) -> None:
        """Let it die."""
        assert self._task is not None
        assert not self._task.done(), self._task
        self._task.cancel()
        await asyncio.wait([self._task])

    async def read(self, after: int, limit: int) -> list[Outgoing]:
        self.reads += 1
        await asyncio.sleep(0.002)
        if self.unreadable:
            message = "the disk is away"
            raise StoreError(message)
        return [row for position, row in sorted(self.rows.items()) if position > after][:limit]

    def deliver(self, delivery: Delivery) -> None:
        self.commits += 1
        for position in delivery.sent:
            del self.rows[position]

    def commit(self, lanes: Iterable[str], kind: str = "execution.transition") -> None:
        """Put messages of these executions into the outbox with one commit."""
        self.relay.add(self.write(lanes, kind))

    def write(self, lanes: Iterable[str], kind: str = "execution.transition") -> list[Outgoing]:
        """The same, before the relay hears of it."""
        messages: list[Outgoing] = []
        for lane in lanes:
            self.position += 1
            name = f"{lane}:{self.position}"
            messages.append(
                Outgoing(
                    position=self.position,
                    id=name,
                    type=kind,
                    execution=lane,
                    time_ms=self._machine.now_ms(),
                    body=name.encode(),
                )
            )
        self.rows |= {message.position: message for message in messages}
        return messages

    async def emptied(self) -> None:
        """Wait until nothing is left in the outbox."""
        async with asyncio.timeout(60):
            while self.rows:  # noqa: ASYNC110  it is emptied by commits, which say nothing
                await asyncio.sleep(0.01)

    def first_arrivals(self, lane: str) -> list[int]:
        """The positions that arrived of one execution, each where it came first."""
        names = [body.decode().rpartition(":") for _, body in self.bus.arrived]
        return list(dict.fromkeys(int(place) for name, _, place in names if name == lane))


def play(bus: FickleBus, use: Callable[[Table], Awaitable[None]], limits: RelayLimits = TIGHT):
    """Run a relay in virtual time."""

    async def live() -> None:
        table = Table(bus, limits)
        await use(table)
        await table.stop()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(live())


bursts = st.lists(
    st.tuples(
        st.lists(st.sampled_from(LANES), max_size=6),
        st.integers(0, 30),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=8,
)


@given(plan=st.lists(st.sampled_from(OUTCOMES), max_size=25), bursts=bursts)
def test_whatever_fails_everything_arrives_in_order_and_is_confirmed(plan, bursts) -> None:
    """Bursts of messages, any pattern of failures, lives that end in between."""
    bus = FickleBus(plan)

    async def use(table: Table) -> None:
        sent: dict[str, list[int]] = {lane: [] for lane in LANES}
        for lanes, pause_ms, late_ms, dies in bursts:
            for position, lane in enumerate(lanes, table.position + 1):
                sent[lane].append(position)
            written = table.write(lanes)
            await asyncio.sleep(late_ms / 1000)  # the table may be read before the relay hears
            table.relay.add(written)
            await asyncio.sleep(pause_ms / 1000)
            if dies:
                await table.stop()
                table.start()
        await table.emptied()

        for lane, positions in sent.items():
            assert table.first_arrivals(lane) == positions
        assert table.relay.is_idle
        figures = table.relay.figures()
        assert (figures.waiting, figures.held, figures.stuck, figures.error) == (0, 0, 0, "")

    play(bus, use)


@given(plan=st.lists(st.sampled_from(OUTCOMES), max_size=12), count=st.integers(1, 12))
def test_no_message_is_tried_before_the_one_before_it_is_confirmed(plan, count: int) -> None:
    bus = FickleBus(plan)

    async def use(table: Table) -> None:
        table.commit(["x-1"] * count)
        await table.emptied()

        tried = [int(body.decode().rpartition(":")[2]) for body in bus.attempts]
        assert tried == sorted(tried)
        assert bus.most == 1

    play(bus, use)


def test_one_execution_that_is_stuck_does_not_hold_up_the_others() -> None:
    bus = FickleBus()
    bus.unroutable = {"kpi.window"}

    async def use(table: Table) -> None:
        table.commit(["x-1"], "kpi.window")
        table.commit(["x-1", "x-2", "x-2"])
        await asyncio.sleep(5)

        assert table.first_arrivals("x-2") == [3, 4]
        assert table.first_arrivals("x-1") == []
        figures = table.relay.figures()
        assert (figures.waiting, figures.stuck, figures.oldest_ms) == (2, 1, 1_000)
        assert figures.error == "kpi.window: no queue takes kpi.window"
        assert figures.unroutable > 1

        bus.unroutable = set()
        await table.emptied()
        assert table.first_arrivals("x-1") == [1, 2]
        assert table.relay.figures().error == ""

    play(bus, use)


def test_memory_is_bounded_and_what_does_not_fit_is_read_later() -> None:
    bus = FickleBus()
    bus.down = True

    async def use(table: Table) -> None:
        for number in range(40):
            table.commit([f"x-{number % 7}", "x-1"])
            await asyncio.sleep(0.01)

        assert table.relay.figures().held == TIGHT.held
        assert table.relay.figures().waiting == 80
        assert table.reads == 0

        bus.down = False
        await table.emptied()
        assert table.first_arrivals("x-1") == sorted(table.first_arrivals("x-1"))
        assert len({body for _, body in bus.arrived}) == 80
        assert bus.most <= TIGHT.at_once

    play(bus, use)


def test_a_bus_that_is_back_is_used_at_once_by_all_that_waited_for_it() -> None:
    bus = FickleBus()
    bus.down = True
    limits = msgspec.structs.replace(TIGHT, held=100, retry_ms=60_000, retry_max_ms=60_000)

    async def use(table: Table) -> None:
        table.commit([f"x-{number}" for number in range(20)])
        await asyncio.sleep(1)
        bus.down = False
        table.commit(["x-new"])
        await asyncio.sleep(1)

        assert not table.rows

    play(bus, use, limits)


def test_a_down_bus_is_tried_less_and_less_often() -> None:
    bus = FickleBus()
    bus.down = True

    async def use(table: Table) -> None:
        table.commit(["x-1"])
        await asyncio.sleep(10)

        assert 100 <= len(bus.attempts) <= 110  # every 100 ms at last, not every 10
        assert "not ***" in table.relay.figures().error  # secrets are taken out

    play(bus, use)


def test_what_is_confirmed_leaves_the_outbox_with_few_commits() -> None:
    bus = FickleBus()
    limits = RelayLimits(note_ms=200)

    async def use(table: Table) -> None:
        table.commit([f"x-{number}" for number in range(500)])
        await table.emptied()
        assert table.commits <= 3
        before = table.commits
        await asyncio.sleep(100)

        assert table.commits == before  # nothing to note, nothing noted

    play(bus, use, limits)


def test_a_commit_that_is_made_anyway_takes_confirmed_messages_along() -> None:
    bus = FickleBus()

    async def use(table: Table) -> None:
        table.commit(["x-1", "x-2"])
        await asyncio.sleep(0.005)

        assert sorted(table.relay.noted()) == [1, 2]
        assert table.relay.noted() == []
        await asyncio.sleep(1)
        assert table.commits == 0

    play(bus, use)


def test_a_table_that_cannot_be_read_for_a_while_is_read_later() -> None:
    bus = FickleBus()

    async def use(table: Table) -> None:
        table.unreadable = True
        table.commit(["x-1"] * 10)
        await asyncio.sleep(1)
        assert table.rows
        table.unreadable = False
        await table.emptied()

        assert table.first_arrivals("x-1") == list(range(1, 11))

    play(bus, use)


def test_an_outbox_whose_messages_were_all_confirmed_is_no_reason_to_wait() -> None:
    bus = FickleBus()

    async def use(table: Table) -> None:
        await table.stop()
        table.position = 77
        table.start()
        await asyncio.sleep(1)

        assert table.relay.is_idle
        table.commit(["x-1"])
        await table.emptied()
        assert table.first_arrivals("x-1") == [78]

    play(bus, use)


@pytest.mark.parametrize("outcome", ["refuse", "unroutable", "hang", "cancel"])
def test_each_way_to_fail_is_counted(outcome: str) -> None:
    bus = FickleBus([outcome])

    async def use(table: Table) -> None:
        table.commit(["x-1"])
        await table.emptied()
        figures = table.relay.figures()
        kind = "unroutable" if outcome == "unroutable" else "failed"

        assert table.told == [kind, "confirmed"]
        assert (figures.confirmed, getattr(figures, kind)) == (1, 1)

    play(bus, use)
