"""
The runtime: the execution service put together, from recovery to a safe stop.
"""

import asyncio
import sys
from collections.abc import Mapping

import structlog

from xarb_runtime.domain import events
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Command, Snapshot, Status, Step
from xarb_runtime.service.accounts import Accounts, accounts_of
from xarb_runtime.service.admission import Facts
from xarb_runtime.service.answers import execution_of
from xarb_runtime.service.book import SUPERVISOR, is_trade
from xarb_runtime.service.desk import Desk
from xarb_runtime.service.health import Health
from xarb_runtime.service.inbox import Delivery, Inbox
from xarb_runtime.service.kpi import Windows
from xarb_runtime.service.parts import (
    Parts,
    make_dispatcher,
    make_hearing,
    make_intake,
    make_outbox,
    make_relay,
)
from xarb_runtime.service.timers import Timers
from xarb_runtime.service.unsettled import unsettled_lines
from xarb_runtime.service.venue_limits import limits_of
from xarb_runtime.service.work import Arming, Work
from xarb_runtime.service.writer import Writer
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.records import OpenCommand

log = structlog.get_logger("xarb.runtime")

#: Commands that may be sent again after a crash without asking first.
REPEATABLE = frozenset({"cancel", "find", "quote", "plan", "publish"})


class RuntimeEndedError(RuntimeError):
    """A word came too late: the runtime has ended, and nothing was done about it."""

    def __init__(self) -> None:
        super().__init__("the runtime has ended; nothing was done. Start it again first.")


class Runtime:
    """
    The execution service.

    `run` recovers what is in the journal and works until it is stopped, by the supervisor chart
    (safe stop), by a failed commit, or by cancellation.
    """

    def __init__(self, parts: Parts) -> None:
        self.settings = parts.settings
        self.clock = parts.clock
        self.journal = parts.journal
        self.bus = parts.bus
        self.venues = parts.venues
        self._parts = parts
        self.inbox = Inbox()
        self.windows = Windows(parts.settings.kpi, parts.settings.kpi_of)
        self.desk = Desk(
            parts.charts,
            Facts(
                limits=parts.settings.limits,
                capabilities=parts.capabilities,  # pyright: ignore[reportArgumentType]
                level=lambda: self.desk.level,
                is_up=self._is_up,
                venue_limits=limits_of(parts.settings),
            ),
            self.windows,
            drain=parts.settings.service.drain_deadline,
        )
        self.timers = Timers(
            parts.clock, self.inbox.put, self.desk.book.get, instruments=parts.instruments
        )
        self.health = Health(
            parts.clock,
            parts.settings.venue_health,
            self.inbox.put,
            self.desk.book.get,
            life=parts.journal.epoch,
        )
        self.dispatcher = make_dispatcher(
            parts,
            self.inbox.put,
            level=lambda: self.desk.level,
            health=self.health.notice,
            staked_at=self.desk.book.staked_at,
        )
        self.hearing = make_hearing(parts, self.inbox.put, self.dispatcher, self.health.notice)
        self.outbox = make_outbox(parts)
        self.relay = make_relay(parts, self.inbox.put, self.dispatcher.clean)
        self.intake = make_intake(parts, self.inbox.put, self.desk, self.dispatcher.clean)
        self.writer = self._make_writer()
        self.started = asyncio.Event()
        self._operator_words = 0
        self._said: set[asyncio.Future[Step | None]] = set()
        self._ended = False

    def _make_writer(self) -> Writer:
        return Writer(
            inbox=self.inbox,
            desk=self.desk,
            journal=self.journal,
            timers=self.timers,
            dispatcher=self.dispatcher,
            kill=self._parts.kill,
            batch=self.settings.service.batch,
            orders=self.settings.service.orders,
            observe=self._observe,
            outbox=self.outbox,
            relay=self.relay,
            instruments=self._parts.instruments,
        )

    # -- Life ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """
        Recover, work, and return after a safe stop.

        Raises:
            ExceptionGroup: a part failed; a StoreError inside means that a commit failed.
        """
        try:
            await self._live(await self._recover())
        finally:
            self._ended = True
            for future in [said for said in self._said if not said.done()]:
                future.set_exception(RuntimeEndedError)
            self.intake.end(RuntimeEndedError())

    async def _live(self, pending: list[Command]) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._with_commands(pending), name="writer"),
                group.create_task(self.timers.run(), name="timers"),
                group.create_task(self.intake.run(), name="intake"),
                group.create_task(self._keep_lease(), name="lease"),
                *self.hearing.start(group),
            ]
            if self._parts.outbound:
                tasks.append(group.create_task(self.relay.run(), name="relay"))
            self.started.set()
            await self.writer.stopped.wait()
            await self._let_messages_out()
            for task in tasks:
                task.cancel()

    async def _with_commands(self, pending: list[Command]) -> None:
        """The writer, and inside it the tasks of the commands that it starts."""
        try:
            async with asyncio.TaskGroup() as commands:
                for command in pending:
                    self.dispatcher.start(command, commands)
                await self.writer.run(commands)
        finally:
            self.dispatcher.leave()

    async def _let_messages_out(self) -> None:
        """Give what is being said at the end a moment to be confirmed and noted."""
        deadline_ms = self.clock.now_ms() + self.settings.service.publish_deadline_ms
        while self._has_more_to_say():
            if self.clock.now_ms() >= deadline_ms:
                waiting = self.relay.figures().waiting
                log.warning(
                    "stopped_with_work_open",
                    commands=self.dispatcher.outstanding,
                    messages=waiting,
                )
                return
            self.relay.hand_over()
            await self.clock.sleep_ms(10)

    def _has_more_to_say(self) -> bool:
        return bool(
            self.dispatcher.outstanding
            or self.inbox.depth
            or self.intake.unacknowledged
            or not self.relay.is_idle
        )

    async def _keep_lease(self) -> None:
        pause_ms = max(1, self.settings.store.lease_ms // 3)
        while True:
            await self.clock.sleep_ms(pause_ms)
            await self.journal.renew()

    # -- Recovery --------------------------------------------------------------------------------

    async def _recover(self) -> list[Command]:
        """Take up what the journal holds; return the commands that are to be carried out again."""
        recovered = await self.journal.recover()
        charts = self.desk.charts
        snapshots = [*recovered.snapshots, *recovered.quarantined]
        for name in charts.missing(snapshots):
            text = await self.journal.queries.chart(name)
            if text is not None:
                charts.add_text(text)
        accounts = await self._accounts()
        now_ms = self.clock.now_ms()
        await self.journal.commit(Batch(charts=charts.texts(now_ms), actions=accounts.news(now_ms)))
        for snapshot in snapshots:
            charts.of(snapshot)
            self.desk.recall(snapshot)
            self._watch_orders(snapshot, accounts)
        self._resume_timers(snapshots, recovered.commands)
        self.desk.recall_incidents(recovered.incidents)
        await self._recover_windows()
        if self._parts.outbound:
            await self._recover_outbox()
        if self.desk.level in {"stopping", "stopped"}:
            # Also when it died while it was stopping: whoever starts it again wants it to run.
            self.say("operator.start", source="runtime")
        log.info("recovered", executions=len(snapshots), commands=len(recovered.commands))
        return self._pending(recovered.commands)

    def _resume_timers(self, snapshots: list[Snapshot], commands: list[OpenCommand]) -> None:
        repeated = [each.command.key for each in commands if each.command.name in REPEATABLE]
        asked = {execution_of(key) for key in repeated}
        for snapshot in snapshots:
            if snapshot.status is not Status.RUNNING:
                continue
            self.timers.resume(
                [Arming(snapshot.execution, timer) for timer in snapshot.timers],
                now_ms=self.clock.now_ms(),
                pause_ms=self.settings.service.find_deadline_ms,
                asked=snapshot.execution in asked,
            )

    async def _accounts(self) -> Accounts:
        noted = await self.journal.queries.operator_actions(limit=sys.maxsize)
        return Accounts(accounts_of(self._parts.venues, self.dispatcher.clean), noted)

    def _watch_orders(self, snapshot: Snapshot, accounts: Accounts) -> None:
        """Tell venues of the orders that an earlier life has placed and that are not settled."""
        if not is_trade(snapshot.execution):
            return
        for line in unsettled_lines(self.desk.charts, snapshot):
            name, order = line.selection.venue, line.order
            venue = self._parts.venues.get(name)
            another = accounts.another(name, line.sent_ms)
            if venue is None:
                log.error("order_without_venue", venue=name, order=order.client_id)
            elif another:
                log.error("order_of_another_account", venue=name, order=order.client_id)
                reason = f"it was sent under the account {another}, which is not the present one"
                self.dispatcher.foreign[order.client_id] = reason
            else:
                self.dispatcher.watch(name, venue, order)

    async def _recover_windows(self) -> None:
        since_ms = self.desk.levels.resumed_ms
        for venue in self._parts.venues:
            trades = await self.journal.queries.trades(
                venue, limit=self.settings.kpi.window, since_ms=since_ms
            )
            for trade in reversed(trades):
                self.windows.add(trade)

    async def _recover_outbox(self) -> None:
        journal = self.journal
        newest = await journal.newest_outgoing()
        began: dict[str, int] = {}
        for status in (Status.RUNNING, Status.QUARANTINED):
            rows = await journal.queries.executions(status, limit=sys.maxsize)
            began |= {row.id: row.started_ms for row in rows}
        self.outbox.recall(newest, began)
        self.relay.recall(newest, await journal.queries.waiting_outgoing())

    def _pending(self, commands: list[OpenCommand]) -> list[Command]:
        """An order that may have been sent is *unknown*; everything else is asked again."""
        for opened in commands:
            command = opened.command
            if command.name == "place":
                self.inbox.put(self._in_doubt(command))
            elif command.name not in REPEATABLE:
                self.inbox.put(self._given_up(command))
        return [opened.command for opened in commands if opened.command.name in REPEATABLE]

    def _given_up(self, command: Command) -> Delivery:
        """A command that only its plugin understands: nobody can say whether it was done."""
        log.warning("command_given_up", key=command.key, target=command.target)
        now_ms = self.clock.now_ms()
        return Delivery(answers=command.key, answer_type="given_up", answered_ms=now_ms)

    def _in_doubt(self, command: Command) -> Delivery:
        data = {"client_id": command.key, "reason": "the runtime ended before the answer came"}
        event = Event(
            id=f"{command.key}/recovered",
            source="runtime",
            type=events.ORDER_UNKNOWN,
            time_ms=self.clock.now_ms(),
            execution=execution_of(command.key),
            data=data,
        )
        return Delivery(event=event, answers=command.key)

    # -- Words from outside ----------------------------------------------------------------------

    def say(
        self,
        kind: str,
        *,
        source: str,
        execution: str = SUPERVISOR,
        data: Mapping[str, object] | None = None,
        delivery: Delivery | None = None,
    ) -> asyncio.Future[Step | None]:
        """
        Deliver an operator's or the runtime's own word; the future has the step after its commit.

        `delivery` may carry what else belongs into the same commit (an action, a closure).
        """
        delivery = delivery or Delivery()
        delivery.event = self._word(kind, source, execution, data or {})
        return self.tell(delivery)

    def tell(self, delivery: Delivery) -> asyncio.Future[Step | None]:
        """Put a delivery into the inbox; the future has its step, if any, after the commit."""
        future: asyncio.Future[Step | None] = asyncio.get_running_loop().create_future()
        if self._ended:
            future.set_exception(RuntimeEndedError)
            return future
        self._said.add(future)
        future.add_done_callback(self._said.discard)

        def settled(taken: Step | None) -> None:
            if not future.done():
                future.set_result(taken)

        delivery.settled = settled
        self.inbox.put(delivery)
        return future

    def _word(self, kind: str, source: str, execution: str, data: Mapping[str, object]) -> Event:
        self._operator_words += 1
        now_ms = self.clock.now_ms()
        return Event(
            id=f"{kind}:{self.journal.epoch}:{self._operator_words}",
            source=source,
            type=kind,
            time_ms=now_ms,
            execution=execution,
            data=dict(data),
        )

    def _is_up(self, venue: str) -> bool:
        return self.desk.levels.is_up(venue)

    def _observe(self, work: Work) -> None:
        self.intake.has_room()
        for observer in self._parts.observers:
            observer(work)
