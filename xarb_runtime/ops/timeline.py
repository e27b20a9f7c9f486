"""
One execution as people look at it: what happened when, what it sent, what it owns.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.opportunity import Opportunity
from xarb_runtime.domain.position import profit_by_scenario
from xarb_runtime.domain.steps import Exposure, Outcome, Timer
from xarb_runtime.store.records import (
    CommandRow,
    EventRow,
    ExecutionRow,
    IncidentRow,
    Timeline,
    TransitionRow,
)

#: Figures are shown with so many digits after the point at most.
PLENTY = 8

R = TypeVar("R", TransitionRow, CommandRow)


class CommandView(msgspec.Struct, frozen=True, kw_only=True):
    """
    A command and its answer.

    Attributes:
        key: its idempotency key.
        what: target and name, e.g. `venue place`.
        about: what it is about, for people.
        answer: type of the event that answered it; empty while there is none.
        detail: more about the answer.
        took_ms: how long the answer took; None while there is none.
    """

    key: str
    what: str
    about: str
    answer: str
    detail: str
    took_ms: int | None


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """
    One event of an execution, and what came of it.

    Attributes:
        at_ms: milliseconds since the execution began.
        source, event: who said what; `signal` is the name under which the chart saw it.
        about: what the event says, for people.
        outcome: what came of it; `detail` a fault or a broken invariant.
        states: the states it went through, the first one before it, the last one after.
        exposure: after it; None when nothing was stepped.
        commands: what was to be done then.
    """

    at_ms: int
    source: str
    event: str
    signal: str
    about: str
    outcome: str
    detail: str
    states: tuple[str, ...]
    exposure: Exposure | None
    commands: list[CommandView]


class LegView(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the execution, as far as it is known; venues know it by its `client_id`."""

    client_id: str
    slot: str
    strategy: str
    venue: str
    selection: str
    stake: Decimal
    min_odds: Decimal
    filled: Decimal
    odds: Decimal
    status: str
    final: bool
    answered_after_ms: int | None
    code: str
    reason: str


class ExecutionView(msgspec.Struct, frozen=True, kw_only=True):
    """
    Attributes:
        execution: the execution.
        opportunity: what it is about; None where its context does not say.
        moments: what happened, in order.
        legs: its orders, oldest first.
        profit: profit in each scenario of all that is filled; `worst` is the smallest.
        timers: pending timers.
        incidents: its incidents, oldest first.
    """

    execution: ExecutionRow
    opportunity: Opportunity | None
    moments: list[Moment]
    legs: list[LegView]
    profit: dict[str, Decimal]
    worst: Decimal | None
    timers: list[Timer]
    incidents: list[IncidentRow]


class _Admission(msgspec.Struct, frozen=True):
    opportunity: Opportunity


class Held(msgspec.Struct, frozen=True):
    """What a context says about orders, whatever else is in it."""

    admission: _Admission | None = None
    orders: tuple[OrderLine, ...] = ()
    reason: str = ""

    @property
    def opportunity(self) -> Opportunity | None:
        """What it is about."""
        return self.admission.opportunity if self.admission else None

    @property
    def staked(self) -> Decimal:
        """All that is filled."""
        return sum((line.filled for line in self.orders), ZERO)

    @property
    def profit(self) -> dict[str, Decimal]:
        """The profit in each scenario of all that is filled; empty when nothing is."""
        fills = [line.as_filled for line in self.orders if line.filled]
        opportunity = self.opportunity
        return profit_by_scenario(fills, opportunity.scenarios) if opportunity and fills else {}


_decode = msgspec.json.Decoder(Held).decode


def held_by(context: bytes | msgspec.Raw) -> Held:
    """Return what a context says about orders; nothing where these names mean something else."""
    try:
        return _decode(context)
    except msgspec.ValidationError:
        return Held()


def view_of(timeline: Timeline) -> ExecutionView:
    """Return an execution for people, from what the store knows about it."""
    held = held_by(timeline.snapshot.context)
    profit = held.profit
    return ExecutionView(
        execution=timeline.execution,
        opportunity=held.opportunity,
        moments=_moments(timeline),
        legs=[_leg(line) for line in held.orders],
        profit=profit,
        worst=min(profit.values(), default=None),
        timers=list(timeline.snapshot.timers),
        incidents=timeline.incidents,
    )


def figure(value: object) -> str:
    """Return odds or an amount for people: of twenty computed digits eight are plenty."""
    text = str(value)
    if "E" in text or len(text.partition(".")[2]) <= PLENTY:
        return text
    return f"{Decimal(text):.8f}".rstrip("0").rstrip(".")


# -- What happened -------------------------------------------------------------------------------


def _moments(timeline: Timeline) -> list[Moment]:
    began_ms = timeline.execution.started_ms
    transitions, commands = _by_seq(timeline.transitions), _by_seq(timeline.commands)
    moments: list[Moment] = []
    state = ""
    for event in timeline.events:
        stepped = event.seq if event.outcome != Outcome.STALE else None
        taken = transitions.pop(stepped, []) if stepped is not None else []
        states = _states(state, taken)
        state = states[-1] if states else state
        moments.append(
            Moment(
                at_ms=event.time_ms - began_ms,
                source=event.source,
                event=event.type,
                signal=event.signal,
                about=_about(event),
                outcome=event.outcome,
                detail=event.detail,
                states=states,
                exposure=taken[-1].exposure if taken else None,
                commands=[_command(row) for row in commands.pop(stepped, [])] if taken else [],
            )
        )
    return moments


def _by_seq(rows: Iterable[R]) -> dict[int | None, list[R]]:
    found: dict[int | None, list[R]] = defaultdict(list)
    for row in rows:
        found[row.seq].append(row)
    return dict(found)


def _states(state: str, taken: list[TransitionRow]) -> tuple[str, ...]:
    """A transition may be written on a parent: then the state before it is the one that we know."""
    if not taken:
        return ()
    path = [state or taken[0].source]
    path += [row.target for row in taken if row.target and row.target != path[-1]]
    return tuple(path)


def _about(event: EventRow) -> str:
    data = event.data
    if "status" in data:
        filled = _at(data, "filled") if data.get("filled") not in {None, "0"} else ""
        return _words(data["status"], filled, data.get("code"), data.get("reason"))
    if "worst_case" in data:
        head = f"{data.get('strategy')}: {_at(data, 'stake')} at {_venue(data)}"
        return _words(f"{head}, worst case {figure(data['worst_case'])}")
    if "selection" in data and "odds" in data:
        return f"{_venue(data)} @ {figure(data['odds'])}"
    return _words(data.get("code"), data.get("reason"), data.get("note"))


def _command(row: CommandRow) -> CommandView:
    return CommandView(
        key=row.key,
        what=f"{row.target} {row.name}",
        about=_about_command(row.name, row.params),
        answer=row.answer_type,
        detail=row.answer_detail,
        took_ms=row.answered_ms - row.issued_ms if row.answered_ms is not None else None,
    )


def _about_command(name: str, params: dict[str, Any]) -> str:
    if name == "place":
        return f"{params['stake']} @ {figure(params.get('min_odds'))} or better at {_venue(params)}"
    venue = params.get("venue") or _venue(params)
    what = params.get("strategy") or params.get("type") or params.get("kind")
    return _words(venue, what, params.get("reason"))


def _at(data: dict[str, Any], amount: str) -> str:
    return f"{data.get(amount)} @ {figure(data.get('odds'))}"


def _venue(data: dict[str, Any]) -> str:
    selection = data.get("selection")
    return str(selection.get("venue", "")) if isinstance(selection, dict) else ""


def _words(*parts: object) -> str:
    return " ".join(str(part) for part in parts if part)


# -- What it owns --------------------------------------------------------------------------------


def _leg(line: OrderLine) -> LegView:
    return LegView(
        client_id=line.client_id,
        slot=line.slot,
        strategy=line.strategy,
        venue=line.selection.venue,
        selection=f"{line.selection.market} {line.selection.outcome}",
        stake=line.stake,
        min_odds=line.min_odds,
        filled=line.filled,
        odds=line.odds,
        status=line.status.value,
        final=line.final,
        answered_after_ms=line.answered_ms - line.sent_ms if line.answered_ms else None,
        code=line.code,
        reason=line.reason,
    )
