"""
The writer: one loop that turns deliveries into steps, steps into one commit, and only then acts.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

import msgspec
import structlog

from xarb_runtime.domain.steps import Outcome, Snapshot, Step
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.desk import Desk
from xarb_runtime.service.dispatcher import Dispatcher
from xarb_runtime.service.inbox import Delivery, Inbox
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.killpoints import KillPoints
from xarb_runtime.service.outgoing import Outbox
from xarb_runtime.service.relay import Relay
from xarb_runtime.service.timers import Timers
from xarb_runtime.service.work import Work, is_empty, size
from xarb_runtime.statechart.findings import ChartError
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.journal import Journal

log = structlog.get_logger("xarb.writer")

#: Turns of the loop until an order is on the wire: in one it is signed, in the next one written.
TURNS = 2


class Writer:
    """
    Owns the desk and the journal.

    Attributes:
        stopped: set when the supervisor has said that the runtime is to end.
        idle: set while nothing waits in the inbox and nothing is being committed.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        desk: Desk,
        journal: Journal,
        timers: Timers,
        dispatcher: Dispatcher,
        kill: KillPoints,
        batch: int,
        orders: int,
        observe: Callable[[Work], None],
        outbox: Outbox,
        relay: Relay,
        instruments: Instruments,
        seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._inbox = inbox
        self._desk = desk
        self._journal = journal
        self._timers = timers
        self._dispatcher = dispatcher
        self._kill = kill
        self._batch = batch
        self._orders = orders
        self._observe = observe
        self._outbox = outbox
        self._relay = relay
        self._instruments = instruments
        self._seconds = seconds
        self.stopped = asyncio.Event()

    async def run(self, commands: asyncio.TaskGroup) -> None:
        """
        Work until cancelled, or until a commit fails.

        Raises:
            StoreError: a commit failed. Nothing that was acknowledged is lost; nothing else may be
                done with what is in memory.
        """
        while True:
            await self.round(await self._inbox.take(self._batch), commands)

    async def round(self, deliveries: list[Delivery], commands: asyncio.TaskGroup) -> None:
        """Make one commit of these deliveries, then acknowledge, arm and dispatch."""
        seen = await self._look_up(deliveries)
        work = self._desk.work(deliveries, seen, orders=self._orders)
        self._inbox.put_back(work.left)
        work.batch.outgoing += self._outbox.messages(work.news)
        if not is_empty(work.batch):
            await self._commit(work.batch)
        self._after(work, commands)
        if work.commands:
            await _let_leave()

    async def _commit(self, batch: Batch) -> None:
        batch.sent += self._relay.noted()
        self._kill.reach("before_commit")
        began = self._seconds()
        await self._journal.commit(batch)
        taken = self._seconds() - began
        self._kill.reach("after_commit")
        self._instruments.committed(steps=len(batch.steps), rows=size(batch), seconds=taken)

    def _after(self, work: Work, commands: asyncio.TaskGroup) -> None:
        for delivery, taken in work.settled:
            if delivery.settled is not None:
                delivery.settled(taken)
        self._timers.watch(work.armed)
        self._relay.add(work.batch.outgoing)
        for command in work.commands:
            self._dispatcher.start(command, commands)
        for taken in work.steps:
            _tell(taken)
        self._observe(work)
        if work.stopped:
            self.stopped.set()

    async def _look_up(self, deliveries: Iterable[Delivery]) -> set[tuple[str, str]]:
        """
        Return those of the events that were seen before, and fetch the executions that are spoken
        of and not in memory: they ended before this start, or long ago.
        """
        asked = [
            delivery.received.event if delivery.received else delivery.event
            for delivery in deliveries
            if delivery.received or self._desk.may_repeat(delivery)
        ]
        pairs = {(event.source, event.id) for event in asked if event is not None}
        book = self._desk.book
        spoken_of = {delivery.event.execution for delivery in deliveries if delivery.event}
        away = {name for name in spoken_of if is_trade(name) and book.get(name) is None}
        if not pairs and not away:
            return set()
        known = await self._journal.known(sorted(pairs), sorted(away))
        for execution in sorted(known.executions):
            await self._remember(execution)
        return known.seen

    async def _remember(self, execution: str) -> None:
        snapshot = await self._journal.queries.snapshot(execution)
        if snapshot is None:
            return
        if await self._load_chart(snapshot):
            self._desk.book.put(snapshot)
        else:
            self._desk.book.note_unreadable(execution)

    async def _load_chart(self, snapshot: Snapshot) -> bool:
        """Load the chart of an execution that has ended; False if it is not accepted any more."""
        text = await self._journal.queries.chart(snapshot.hash)
        try:
            if text is not None:
                self._desk.charts.add_text(text)
            chart = self._desk.charts.of(snapshot)
            chart.decoder.decode(snapshot.context)
        except (ChartError, LookupError, msgspec.ValidationError) as error:
            log.warning("ended_unreadable", execution=snapshot.execution, reason=str(error))
            return False
        return True


async def _let_leave() -> None:
    """
    Let what was dispatched get onto the wire before the next batch is worked out.

    That takes milliseconds in which nothing else runs, and orders are what prices wait for.
    """
    for _ in range(TURNS):
        await asyncio.sleep(0)


def _tell(taken: Step) -> None:
    if taken.outcome is Outcome.FAILED:
        log.error(
            "step_failed",
            execution=taken.after.execution,
            event_type=taken.event.type,
            fault=taken.fault and taken.fault.message,
        )
    elif taken.outcome is Outcome.UNEXPECTED:
        log.warning(
            "event_unexpected",
            execution=taken.after.execution,
            signal=taken.signal,
            state=list(taken.before.leaves),
        )
