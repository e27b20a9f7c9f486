"""
The dispatcher: carries out the commands that leave the house, each with a deadline.

A command arrives here only after the step that issued it is on disk. Whatever happens to the call,
an event says so: an answer, a definite refusal, or *unknown*. A plugin that raises, hangs or
cancels
hurts its own command only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec
import structlog

from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.domain import events
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelRefused,
    Found,
    Order,
    OrderReport,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.domain.steps import Command
from xarb_runtime.plugins.contracts import Bus, Clock, HedgeRequest, HedgeStrategy, Quote, Venue
from xarb_runtime.service.asking import Asking, NoAnswerError
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.killpoints import KillPoints
from xarb_runtime.service.sanity import plan_problem, quote_problem, readable, report_problem

T = TypeVar("T")
log = structlog.get_logger("xarb.dispatcher")

#: In these levels only orders that reduce exposure are placed; in `halted` none are.
REDUCE_ONLY = frozenset({"paused", "degraded", "reduced", "stopping", "stopped"})


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """Longest waits in milliseconds, by what is asked; `place` by venue."""

    place_ms: dict[str, int]
    find_ms: int
    plan_ms: int
    publish_ms: int


def report_event(report: OrderReport, venue: str, now_ms: int) -> Event:
    """Return the event of a venue's report; its identity is the order and the venue's sequence."""
    return Event(
        id=f"{report.client_id}#{report.sequence}",
        source=f"venue:{venue}",
        type=events.ORDER_REPORT,
        time_ms=now_ms,
        execution=execution_of(report.client_id),
        data=msgspec.to_builtins(report),
    )


def execution_of(key: str) -> str:
    """Return the execution that a command key, and so an order's client id, belongs to."""
    return key.rsplit(":", 2)[0]


class Dispatcher:
    """Runs each command in a task of its own, owned by the runtime's task group."""

    def __init__(
        self,
        *,
        clock: Clock,
        venues: Mapping[str, Venue],
        hedges: Mapping[str, HedgeStrategy],
        bus: Bus,
        deliver: Callable[[Delivery], None],
        level: Callable[[], str],
        deadlines: Deadlines,
        kill: KillPoints,
        health: Callable[[str, str, str], None],
        hide: Callable[[str], str] = str,
    ) -> None:
        self._clock = clock
        self._venues = venues
        self._hedges = hedges
        self._bus = bus
        self._deliver = deliver
        self._level = level
        self._deadlines = deadlines
        self._kill = kill
        self._health = health
        self._hide = hide
        self._asking = Asking(venues, health, self.clean)
        self.outstanding = 0
        self.nonsense = 0

    def start(self, command: Command, group: asyncio.TaskGroup) -> None:
        """Begin a command; returns at once."""
        self.outstanding += 1
        group.create_task(self._run(command), name=f"command {command.key}")

    async def _run(self, command: Command) -> None:
        try:
            handler = _HANDLERS.get((command.target, command.name))
            if handler is None:
                self._done(
                    command, "unsupported", f"no handler for {command.target}/{command.name}"
                )
                log.error("command_unsupported", key=command.key, target=command.target)
                return
            await handler(self, command)
        except Exception as error:  # noqa: BLE001  whatever a plugin gave us hurts its command only
            log.warning("command_failed", key=command.key, error=self.clean(repr(error)))
            self._gave_nonsense(command, self.clean(f"{type(error).__name__}: {error}"))
        finally:
            self.outstanding -= 1

    def clean(self, text: str) -> str:
        """Return what a plugin said as it may be written down: readable, and without secrets."""
        return self._hide(readable(text))

    @property
    def abandoned(self) -> list[str]:
        """Calls whose deadline has passed and that have not ended yet."""
        return self._asking.abandoned

    def heard(self, report: object, venue: str) -> Delivery:
        """Return what a report of a venue's stream amounts to; what cannot be true is none."""
        problem = report_problem(report)
        if not problem:
            event = report_event(self._cleaned(report), venue, self._clock.now_ms())
            return Delivery(event=event)
        log.warning("report_refused", venue=venue, reason=problem)
        self._health(venue, "call.failed", f"report: {problem}")
        client_id = readable(str(getattr(report, "client_id", "")))
        self.nonsense += 1
        event = Event(
            id=f"{client_id}?{self._clock.now_ms()}.{self.nonsense}",
            source=f"venue:{venue}",
            type=events.ORDER_UNKNOWN,
            time_ms=self._clock.now_ms(),
            execution=execution_of(client_id),
            data={"client_id": client_id, "reason": f"a report that cannot be true: {problem}"},
        )
        return Delivery(event=event)

    def _cleaned(self, report: Any) -> OrderReport:
        texts = {name: self.clean(str(getattr(report, name))) for name in ("code", "reason")}
        return msgspec.structs.replace(report, client_id=readable(report.client_id), **texts)

    def _gave_nonsense(self, command: Command, reason: str) -> None:
        """A command whose handling failed: what was asked is not known."""
        params = command.params
        kind = (command.target, command.name)
        if kind in {("venue", "place"), ("venue", "cancel"), ("venue", "find")}:
            venue = str(params.get("venue") or params.get("selection", {}).get("venue", ""))
            self._unknown(command, str(params.get("client_id", "")), venue, reason)
        elif kind == ("venue", "quote"):
            self._say(command, events.QUOTE_FAILED, {"reason": reason}, "runtime")
        elif kind == ("hedge", "plan"):
            self._say(command, events.HEDGE_NO_PLAN, {"reason": reason}, "runtime")
        else:
            self._done(command, "failed", reason)

    # -- Answers ---------------------------------------------------------------------------------

    def _say(self, command: Command, kind: str, data: dict[str, Any], source: str) -> None:
        event = Event(
            id=f"{command.key}/{kind}",
            source=source,
            type=kind,
            time_ms=self._clock.now_ms(),
            execution=execution_of(command.key),
            data=data,
        )
        self._deliver(Delivery(event=event, answers=command.key))

    def _done(self, command: Command, kind: str = "done", detail: str = "") -> None:
        self._deliver(
            Delivery(
                answers=command.key,
                answer_type=kind,
                answer_detail=detail,
                answered_ms=self._clock.now_ms(),
            )
        )

    def _report(self, command: Command, report: OrderReport, venue: str) -> None:
        problem = report_problem(report)
        if problem:
            raise TypeError(problem)
        event = report_event(self._cleaned(report), venue, self._clock.now_ms())
        self._deliver(Delivery(event=event, answers=command.key))

    def _unknown(self, command: Command, client_id: str, venue: str, reason: str) -> None:
        data = {"client_id": client_id, "reason": self.clean(reason)}
        self._say(command, events.ORDER_UNKNOWN, data, f"venue:{venue}")

    # -- Orders ----------------------------------------------------------------------------------

    async def place(self, command: Command) -> None:
        """Send an order, unless the supervisor's level forbids it."""
        order = msgspec.convert(command.params, Order, strict=False)
        name = order.selection.venue
        blocked = self._blocked(order)
        if blocked:
            data = {"client_id": order.client_id, "code": blocked, "reason": "not sent"}
            self._say(command, events.ORDER_REFUSED, data, "runtime")
            return
        if name not in self._venues:
            data = {"client_id": order.client_id, "code": "NO_VENUE", "reason": f"no venue {name}"}
            self._say(command, events.ORDER_REFUSED, data, "runtime")
            return
        await self._about_order(command, name, order.client_id, lambda v: v.place(order))

    def _blocked(self, order: Order) -> str:
        """
        Why an order that was not sent yet must not be sent any more; empty if it may.
        """
        if self._clock.now_ms() >= order.expires_ms:
            return "EXPIRED"
        level = self._level()
        if level == "halted" or (level in REDUCE_ONLY and not order.reduces):
            return level.upper()
        return ""

    async def cancel(self, command: Command) -> None:
        """Ask for an order to be cancelled."""
        name, client_id = command.params["venue"], command.params["client_id"]
        await self._about_order(command, name, client_id, lambda v: v.cancel(client_id))

    async def find(self, command: Command) -> None:
        """Look for an order in doubt."""
        name, client_id = command.params["venue"], command.params["client_id"]
        await self._about_order(command, name, client_id, lambda v: v.find(client_id))

    async def _about_order(
        self,
        command: Command,
        name: str,
        client_id: str,
        call: Callable[[Venue], Awaitable[object]],
    ) -> None:
        """Ask a venue about an order and say what it answered; what is no answer is unknown."""
        what = command.name
        places = what == "place" and name in self._deadlines.place_ms
        deadline_ms = self._deadlines.place_ms[name] if places else self._deadlines.find_ms
        self._kill.reach("before_wire", what)
        try:
            answer = await self._asking.venue(name, call, deadline_ms, what)
        except NoAnswerError as error:
            answer = Unknown(str(error))
        self._kill.reach("after_wire", what)
        source = f"venue:{name}"
        match answer:
            case _ if not isinstance(answer, _ANSWERS[what]):
                found = f"{type(answer).__name__} as the answer to {what}"
                self._unknown(command, client_id, name, f"not in the contract: {found}")
            case Accepted(report=report) | Found(report=report):
                self._report(command, report, name)
            case Unknown(reason=reason):
                self._unknown(command, client_id, name, reason)
            case _:
                self._say(command, _REFUSALS[what], self._words(client_id, answer), source)

    def _words(self, client_id: str, answer: object) -> dict[str, Any]:
        """What a venue said when it refused: its code, where it has one, and its reason."""
        words = {
            name: getattr(answer, name) for name in ("code", "reason") if hasattr(answer, name)
        }
        return {"client_id": client_id} | {key: self.clean(str(w)) for key, w in words.items()}

    # -- Prices and plans ------------------------------------------------------------------------

    async def quote(self, command: Command) -> None:
        """Ask for a live price."""
        selection = msgspec.convert(command.params["selection"], Selection)
        deadline_ms = self._deadlines.find_ms
        try:
            quote = await self._asking.venue(
                selection.venue, lambda v: v.quote(selection), deadline_ms, "quote"
            )
        except NoAnswerError as error:
            source = f"venue:{selection.venue}"
            self._say(command, events.QUOTE_FAILED, {"reason": str(error)}, source)
            return
        problem = quote_problem(quote)
        if problem:
            source = f"venue:{selection.venue}"
            self._say(command, events.QUOTE_FAILED, {"reason": problem}, source)
            return
        data = msgspec.to_builtins(quote)
        self._say(command, events.QUOTE_RECEIVED, data, f"venue:{selection.venue}")

    async def plan(self, command: Command) -> None:
        """Let a hedge strategy plan against live quotes."""
        request = msgspec.convert(command.params, HedgeRequest, strict=False)
        source = f"hedge:{request.strategy}"
        strategy = self._hedges.get(request.strategy)
        if strategy is None:
            known = ", ".join(sorted(self._hedges)) or "none"
            reason = (
                f"expected a hedge strategy that is loaded ({known}), found {request.strategy!r}"
            )
            self._say(command, events.HEDGE_NO_PLAN, {"reason": reason}, source)
            return
        try:
            quotes = await self._live_quotes(strategy.wanted(request))
            plan = strategy.plan(request, quotes)
        except Exception as error:  # noqa: BLE001  a strategy may raise anything; it means no plan
            log.warning("hedge_strategy_failed", strategy=request.strategy, error=repr(error))
            self._say(command, events.HEDGE_NO_PLAN, {"reason": self.clean(repr(error))}, source)
            return
        problem = plan_problem(plan) if plan is not None else "nothing improves it"
        if plan is None or problem:
            self._say(command, events.HEDGE_NO_PLAN, {"reason": problem}, source)
        else:
            self._say(command, events.HEDGE_PLANNED, msgspec.to_builtins(plan), source)

    async def _live_quotes(self, selections: tuple[Selection, ...]) -> tuple[Quote, ...]:
        """Return those quotes that could be had in time, in the order of the selections."""
        results: list[Quote | None] = [None] * len(selections)

        async def one(index: int, selection: Selection) -> None:
            try:
                results[index] = await self._asking.venue(
                    selection.venue, lambda v: v.quote(selection), self._deadlines.plan_ms, "quote"
                )
            except NoAnswerError as error:
                log.info("quote_failed", venue=selection.venue, reason=str(error))

        async with asyncio.TaskGroup() as group:
            for index, selection in enumerate(selections):
                group.create_task(one(index, selection))
        return tuple(q for q in results if q is not None and not quote_problem(q))

    # -- Messages --------------------------------------------------------------------------------

    async def publish(self, command: Command) -> None:
        """Publish a message on the bus."""
        body = self.message(command)
        kind = str(command.params.get("type", "execution.message"))
        try:
            await self._asking.ask(
                lambda: self._bus.publish(body, kind), self._deadlines.publish_ms, "publish"
            )
        except NoAnswerError as error:
            log.warning("publish_failed", key=command.key, reason=str(error))
            self._done(command, "failed", str(error))
            return
        self._done(command)

    def message(self, command: Command) -> bytes:
        """Return the CloudEvent that a `publish` command sends; its id is the command's key."""
        return encode(
            CloudEvent(
                id=command.key,
                source="xarb",
                type=str(command.params.get("type", "execution.message")),
                time_ms=self._clock.now_ms(),
                data={"execution": execution_of(command.key), **command.params},
            )
        )


#: What the contract allows as an answer, and the event of a definite no.
_ANSWERS: Mapping[str, tuple[type, ...]] = {
    "place": (Accepted, Refused, Unknown),
    "cancel": (Accepted, CancelRefused, Unknown),
    "find": (Found, Absent, Unknown),
}
_REFUSALS: Mapping[str, str] = {
    "place": events.ORDER_REFUSED,
    "cancel": events.ORDER_CANCEL_REFUSED,
    "find": events.ORDER_ABSENT,
}

_HANDLERS: Mapping[tuple[str, str], Callable[[Dispatcher, Command], Awaitable[None]]] = {
    ("venue", "place"): Dispatcher.place,
    ("venue", "cancel"): Dispatcher.cancel,
    ("venue", "find"): Dispatcher.find,
    ("venue", "quote"): Dispatcher.quote,
    ("hedge", "plan"): Dispatcher.plan,
    ("bus", "publish"): Dispatcher.publish,
}
