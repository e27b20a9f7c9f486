"""
Answers: what became of commands, and what venues say by themselves, as events for the inbox.
"""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from xarb_runtime.domain import events
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.orders import OrderReport
from xarb_runtime.domain.steps import Command
from xarb_runtime.plugins.contracts import Clock
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.sanity import readable, report_problem

log = structlog.get_logger("xarb.dispatcher")


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


class Answers:
    """
    Puts answers into the inbox, each with the command that it answers.

    Args:
        deliver: takes what is to be put into the journal.
        health: told when a venue says what cannot be true.
        hide: takes secrets out of a text.
        instruments: told of each command and of its answer.
        seconds: a clock that never goes back.

    Attributes:
        open: the keys of the commands that have no answer yet, and when each began.
        nonsense: how many reports could not be true.
    """

    def __init__(
        self,
        clock: Clock,
        deliver: Callable[[Delivery], None],
        health: Callable[[str, str, str], None],
        hide: Callable[[str], str],
        instruments: Instruments,
        seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._clock = clock
        self._deliver = deliver
        self._health = health
        self._hide = hide
        self._instruments = instruments
        self._seconds = seconds
        self.open: dict[str, float] = {}
        self.nonsense = 0

    def clean(self, text: str) -> str:
        """Return what a plugin said as it may be written down: readable, and without secrets."""
        return self._hide(readable(text))

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

    def gave_nonsense(self, command: Command, reason: str) -> None:
        """A command whose handling failed: what was asked is not known."""
        params = command.params
        kind = (command.target, command.name)
        if kind in {("venue", "place"), ("venue", "cancel"), ("venue", "find")}:
            venue = str(params.get("venue") or params.get("selection", {}).get("venue", ""))
            self.unknown(command, str(params.get("client_id", "")), venue, reason)
        elif kind == ("venue", "quote"):
            self.say(command, events.QUOTE_FAILED, {"reason": reason}, "runtime")
        elif kind == ("hedge", "plan"):
            self.say(command, events.HEDGE_NO_PLAN, {"reason": reason}, "runtime")
        else:
            self.done(command, "failed", reason)

    def begin(self, command: Command) -> None:
        """Note that a command is being carried out."""
        self.open[command.key] = self._seconds()
        self._instruments.issued(command)

    # -- To commands -----------------------------------------------------------------------------

    def say(self, command: Command, kind: str, data: dict[str, Any], source: str) -> None:
        """Answer with an event."""
        event = Event(
            id=f"{command.key}/{kind}",
            source=source,
            type=kind,
            time_ms=self._clock.now_ms(),
            execution=execution_of(command.key),
            data=data,
        )
        self._answer(command, Delivery(event=event, answers=command.key))

    def _answer(self, command: Command, delivery: Delivery) -> None:
        began = self.open.pop(command.key, None)
        if began is not None:
            outcome = delivery.event.type if delivery.event else delivery.answer_type
            self._instruments.answered(command, outcome, self._seconds() - began)
        self._deliver(delivery)

    def done(self, command: Command, kind: str = "done", detail: str = "") -> None:
        """Answer without an event."""
        delivery = Delivery(
            answers=command.key,
            answer_type=kind,
            answer_detail=detail,
            answered_ms=self._clock.now_ms(),
        )
        self._answer(command, delivery)

    def report(self, command: Command, report: OrderReport, venue: str) -> None:
        """
        Answer with a venue's report.

        Raises:
            TypeError: it cannot be true; the message says why.
        """
        problem = report_problem(report)
        if problem:
            raise TypeError(problem)
        event = report_event(self._cleaned(report), venue, self._clock.now_ms())
        self._answer(command, Delivery(event=event, answers=command.key))

    def unknown(self, command: Command, client_id: str, venue: str, reason: str) -> None:
        """Answer that nobody can say what became of an order."""
        data = {"client_id": client_id, "reason": self.clean(reason)}
        self.say(command, events.ORDER_UNKNOWN, data, f"venue:{venue}")
