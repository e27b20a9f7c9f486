"""
The dispatcher: carries out the commands that leave the house, each with a deadline.

A command arrives here only after the step that issued it is on disk. Whatever happens to the call,
an event says so: an answer, a definite refusal, or *unknown*. A plugin that raises, hangs or
cancels
hurts its own command only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import structlog

from xarb_runtime.bus.cloudevents import CloudEvent, Extension, encode
from xarb_runtime.bus.published import MODE
from xarb_runtime.domain import events
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelRefused,
    Found,
    Order,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.domain.steps import Command
from xarb_runtime.plugins.contracts import Bus, Clock, HedgeRequest, HedgeStrategy, Quote, Venue
from xarb_runtime.service.answers import Answers, execution_of
from xarb_runtime.service.asking import Asking, NoAnswerError
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.killpoints import KillPoints
from xarb_runtime.service.sanity import plan_problem, quote_problem
from xarb_runtime.service.venue_limits import VenueLimits

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


class Dispatcher:
    """
    Runs each command in a task of its own.

    Questions to venues are on nobody's hands but the dispatcher's: a plugin that does not let go
    must hold nobody up. Everything else is owned by the runtime's task group.

    Attributes:
        foreign: orders, by client id, that the venue cannot be asked about, and why.
    """

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
        instruments: Instruments | None = None,
        limits: VenueLimits | None = None,
        staked_at: Callable[[str], Decimal] = lambda _venue: ZERO,
        mode: str = "",
    ) -> None:
        self._clock = clock
        self._venues = venues
        self._hedges = hedges
        self._bus = bus
        self._level = level
        self._deadlines = deadlines
        self._kill = kill
        self._limits = limits or VenueLimits()
        self._staked_at = staked_at
        self.foreign: dict[str, str] = {}
        self._extensions: dict[str, Extension] = {MODE: mode} if mode else {}
        self._answers = Answers(clock, deliver, health, hide, instruments or Instruments())
        self._asking = Asking(venues, health, self.clean)

    @property
    def outstanding(self) -> int:
        """How many commands have no answer yet."""
        return len(self._answers.open)

    def start(self, command: Command, group: asyncio.TaskGroup) -> None:
        """Begin a command; returns at once. What fails and is no plugin's doing ends the group."""
        self._answers.begin(command)
        kind = (command.target, command.name)
        if kind in _QUESTIONS:
            self._safely(command, lambda: _QUESTIONS[kind](self, command, group))
        else:
            group.create_task(self._run(command), name=f"command {command.key}")

    def leave(self) -> None:
        """Cancel all questions that are under way, and wait for none of them."""
        self._asking.leave()

    async def _run(self, command: Command) -> None:
        try:
            handler = _HANDLERS.get((command.target, command.name))
            if handler is None:
                detail = f"no handler for {command.target}/{command.name}"
                self._answers.done(command, "unsupported", detail)
                log.error("command_unsupported", key=command.key, target=command.target)
                return
            await handler(self, command)
        except Exception as error:  # noqa: BLE001  whatever a plugin gave us hurts its command only
            self._failed(command, error)

    def _safely(self, command: Command, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # noqa: BLE001  whatever a plugin gave us hurts its command only
            self._failed(command, error)

    def _failed(self, command: Command, error: Exception) -> None:
        log.warning("command_failed", key=command.key, error=self.clean(repr(error)))
        self._answers.gave_nonsense(command, self.clean(f"{type(error).__name__}: {error}"))

    def clean(self, text: str) -> str:
        """Return what a plugin said as it may be written down: readable, and without secrets."""
        return self._answers.clean(text)

    def heard(self, report: object, venue: str) -> Delivery:
        """Return what a report of a venue's stream amounts to; what cannot be true is none."""
        return self._answers.heard(report, venue)

    def watch(self, name: str, venue: Venue, order: Order) -> None:
        """Tell a venue of an order that an earlier life has placed."""
        try:
            venue.watch(order)
        except Exception as error:  # noqa: BLE001  a plugin may raise anything; `find` still asks
            reason = self.clean(f"{type(error).__name__}: {error}")
            log.warning("watch_failed", venue=name, order=order.client_id, reason=reason)

    @property
    def abandoned(self) -> list[str]:
        """Calls whose deadline has passed and that have not ended yet."""
        return self._asking.abandoned

    # -- Orders ----------------------------------------------------------------------------------

    def place(self, command: Command, group: asyncio.TaskGroup) -> None:
        """Send an order, unless the supervisor's level forbids it."""
        order = _order(command)
        name = order.selection.venue
        blocked = self._blocked(order)
        if blocked:
            data = {"client_id": order.client_id, "code": blocked, "reason": "not sent"}
            self._answers.say(command, events.ORDER_REFUSED, data, "runtime")
            return
        if name not in self._venues:
            data = {"client_id": order.client_id, "code": "NO_VENUE", "reason": f"no venue {name}"}
            self._answers.say(command, events.ORDER_REFUSED, data, "runtime")
            return
        self._about_order(command, order, lambda v, order: v.place(order), group)

    def _blocked(self, order: Order) -> str:
        """
        Why an order that was not sent yet must not be sent any more; empty if it may.
        """
        if self._clock.now_ms() >= order.expires_ms:
            return "EXPIRED"
        level = self._level()
        if level == "halted" or (level in REDUCE_ONLY and not order.reduces):
            return level.upper()
        return self._limits.forbids(order, self._staked_at(order.selection.venue))

    def cancel(self, command: Command, group: asyncio.TaskGroup) -> None:
        """Ask for an order to be cancelled."""
        self._about_order(command, _order(command), lambda v, order: v.cancel(order), group)

    def find(self, command: Command, group: asyncio.TaskGroup) -> None:
        """Look for an order in doubt."""
        self._about_order(command, _order(command), lambda v, order: v.find(order), group)

    def _about_order(
        self,
        command: Command,
        order: Order,
        call: Callable[[Venue, Order], Awaitable[object]],
        group: asyncio.TaskGroup,
    ) -> None:
        """Ask a venue about an order and say what it answered; what is no answer is unknown."""
        what, name, client_id = command.name, order.selection.venue, order.client_id
        if client_id in self.foreign:
            self._answers.unknown(command, client_id, name, self.foreign[client_id])
            return
        places = what == "place" and name in self._deadlines.place_ms
        deadline_ms = self._deadlines.place_ms[name] if places else self._deadlines.find_ms

        def told(answer: object) -> None:
            self._kill.reach("after_wire", what)
            self._safely(command, lambda: self._order_answer(command, client_id, name, answer))

        self._asking.begin(
            name,
            lambda venue: call(venue, order),
            deadline_ms,
            what,
            reached=lambda: self._kill.reach("before_wire", what),
            told=told,
            fail=lambda error: _end(group, error),
        )

    def _order_answer(self, command: Command, client_id: str, name: str, answer: object) -> None:
        if isinstance(answer, NoAnswerError):
            answer = Unknown(str(answer))
        what = command.name
        match answer:
            case _ if not isinstance(answer, _ANSWERS[what]):
                found = f"{type(answer).__name__} as the answer to {what}"
                self._answers.unknown(command, client_id, name, f"not in the contract: {found}")
            case Accepted(report=report) | Found(report=report):
                self._answers.report(command, report, name)
            case Unknown(reason=reason):
                self._answers.unknown(command, client_id, name, reason)
            case _:
                words = self._words(client_id, answer)
                self._answers.say(command, _REFUSALS[what], words, f"venue:{name}")

    def _words(self, client_id: str, answer: object) -> dict[str, Any]:
        """What a venue said when it refused: its code, where it has one, and its reason."""
        words = {
            name: getattr(answer, name) for name in ("code", "reason") if hasattr(answer, name)
        }
        return {"client_id": client_id} | {key: self.clean(str(w)) for key, w in words.items()}

    # -- Prices and plans ------------------------------------------------------------------------

    def quote(self, command: Command, group: asyncio.TaskGroup) -> None:
        """Ask for a live price."""
        selection = msgspec.convert(command.params["selection"], Selection)
        name = selection.venue
        self._asking.begin(
            name,
            lambda v: v.quote(selection),
            self._deadlines.find_ms,
            "quote",
            reached=lambda: None,
            told=lambda answer: self._safely(command, lambda: self._price(command, name, answer)),
            fail=lambda error: _end(group, error),
        )

    def _price(self, command: Command, name: str, answer: object) -> None:
        problem = str(answer) if isinstance(answer, NoAnswerError) else quote_problem(answer)
        if problem or not isinstance(answer, Quote):
            self._answers.say(command, events.QUOTE_FAILED, {"reason": problem}, f"venue:{name}")
        else:
            data = msgspec.to_builtins(self._limits.capped(answer))
            self._answers.say(command, events.QUOTE_RECEIVED, data, f"venue:{name}")

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
            self._answers.say(command, events.HEDGE_NO_PLAN, {"reason": reason}, source)
            return
        try:
            quotes = await self._live_quotes(strategy.wanted(request), self._quotes_ms(request))
            plan = strategy.plan(request, quotes)
        except Exception as error:  # noqa: BLE001  a strategy may raise anything; it means no plan
            log.warning("hedge_strategy_failed", strategy=request.strategy, error=repr(error))
            self._answers.say(
                command, events.HEDGE_NO_PLAN, {"reason": self.clean(repr(error))}, source
            )
            return
        problem = plan_problem(plan) if plan is not None else "nothing improves it"
        if plan is None or problem:
            self._answers.say(command, events.HEDGE_NO_PLAN, {"reason": problem}, source)
        else:
            self._answers.say(command, events.HEDGE_PLANNED, msgspec.to_builtins(plan), source)

    def _quotes_ms(self, request: HedgeRequest) -> int:
        """One price that does not come must not cost the strategy its turn: others may be there."""
        left_ms = request.until_ms - self._clock.now_ms()
        if left_ms <= 0:  # asked again after a restart
            return self._deadlines.plan_ms
        return min(self._deadlines.plan_ms, left_ms * 19 // 20)

    async def _live_quotes(
        self, selections: tuple[Selection, ...], deadline_ms: int
    ) -> tuple[Quote, ...]:
        """Return those quotes that could be had in time, in the order of the selections."""
        results: list[Quote | None] = [None] * len(selections)

        async def one(index: int, selection: Selection) -> None:
            try:
                results[index] = await self._asking.venue(
                    selection.venue, lambda v: v.quote(selection), deadline_ms, "quote"
                )
            except NoAnswerError as error:
                log.info("quote_failed", venue=selection.venue, reason=str(error))

        async with asyncio.TaskGroup() as group:
            for index, selection in enumerate(selections):
                group.create_task(one(index, selection))
        live = [q for q in results if q is not None and not quote_problem(q)]
        return tuple(map(self._limits.capped, live))

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
            self._answers.done(command, "failed", str(error))
            return
        self._answers.done(command)

    def message(self, command: Command) -> bytes:
        """Return the CloudEvent that a `publish` command sends; its id is the command's key."""
        return encode(
            CloudEvent(
                id=command.key,
                source="xarb",
                type=str(command.params.get("type", "execution.message")),
                time_ms=self._clock.now_ms(),
                data={"execution": execution_of(command.key), **command.params},
                extensions=self._extensions,
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

#: Begun at once and answered by a task that nobody waits for.
_QUESTIONS: Mapping[tuple[str, str], Callable[[Dispatcher, Command, asyncio.TaskGroup], None]] = {
    ("venue", "place"): Dispatcher.place,
    ("venue", "cancel"): Dispatcher.cancel,
    ("venue", "find"): Dispatcher.find,
    ("venue", "quote"): Dispatcher.quote,
}

#: Awaited.
_HANDLERS: Mapping[tuple[str, str], Callable[[Dispatcher, Command], Awaitable[None]]] = {
    ("hedge", "plan"): Dispatcher.plan,
    ("bus", "publish"): Dispatcher.publish,
}


def _order(command: Command) -> Order:
    return msgspec.convert(command.params, Order, strict=False)


def _end(group: asyncio.TaskGroup, error: BaseException) -> None:
    """End a group by an error that did not happen in one of its tasks."""

    async def fail() -> None:
        raise error

    failing = fail()
    try:
        group.create_task(failing)
    except RuntimeError:  # it is ending already
        failing.close()
