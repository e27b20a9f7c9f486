"""
A scenario: what the venues do, what the operator does, what breaks, and what must hold.

One YAML file each. Durations have a unit and count from the scenario's beginning, venues' ones from
where the ghost's own documentation says. What is left out has a default, so that a file shows only
what is special about it.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from xarb_runtime.domain.money import parse_duration_ms

Duration = str


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in a scenario: an unknown key is an error."""

    def check_durations(self, *names: str) -> None:
        """
        Check fields that hold durations.

        Raises:
            ValueError: the text begins with the field's name.
        """
        spelled = {field.name: field.encode_name for field in msgspec.structs.fields(self)}
        for name in names:
            value = getattr(self, name)
            for text in [value] if isinstance(value, str) else value or []:
                try:
                    parse_duration_ms(text)
                except ValueError as error:
                    raise ValueError(f"{spelled[name]}: {error}") from None


class OfferChange(Part, frozen=True, kw_only=True):
    """
    How one price differs from the usual market (`market.py`).

    Attributes:
        odds: decimal odds as the engine saw them.
        fee: the venue's share of a winning bet's profit.
        settlement: how the venue settles special cases.
        venue: the venue.
    """

    odds: Decimal | None = None
    fee: Decimal | None = None
    settlement: dict[str, str] | None = None
    venue: str | None = None


class Published(Part, frozen=True, kw_only=True):
    """
    A message that the engine puts on the bus.

    Attributes:
        id: the opportunity's id; its execution is `x-<id>`.
        at: when it is published.
        age: how old its prices are by then.
        message: the message's own id; left out: the opportunity's.
        again: when the very same message is published once more.
        times, every: a series of opportunities: `id-01`, `id-02`, and so on.
        body: this text instead of an opportunity.
        stake: leg A's stake.
        leg_a, leg_b: how they differ from the usual market.
        hedges: the strategies that are offered a price, and how it differs; left out: all three.
    """

    id: str = ""
    at: Duration = "0ms"
    age: Duration = "0ms"
    message: str = ""
    again: list[Duration] = []
    times: int = 1
    every: Duration = "1s"
    body: str | None = None
    stake: Decimal = Decimal(100)
    leg_a: OfferChange = OfferChange()
    leg_b: OfferChange = OfferChange()
    hedges: dict[str, OfferChange] | None = None

    def __post_init__(self) -> None:
        self.check_durations("at", "age", "again", "every")
        if self.body is None and not self.id:
            message = "id: expected the opportunity's id, found none"
            raise ValueError(message)
        if self.times < 1:
            message = f"times: expected 1 or more, found {self.times}"
            raise ValueError(message)


class StateEntered(Part, frozen=True, kw_only=True):
    """The first moment at which an execution is in a state; `execution` without its `x-`."""

    execution: str
    state: str


class OperatorWord(Part, frozen=True, kw_only=True):
    """
    What an operator does.

    Attributes:
        say: a word to the supervisor; `resolve` and `retry` go to an execution; `start` starts the
            runtime again after a safe stop.
        at: when.
        when: or as soon as an execution has entered a state.
        after: how long after that.
        to: the execution, for `resolve` and `retry`; without its `x-`.
        by: who.
        note: why.
    """

    say: Literal["pause", "resume", "reduce", "halt", "stop", "start", "resolve", "retry"]
    at: Duration | None = None
    when: StateEntered | None = None
    after: Duration = "0ms"
    to: str = ""
    by: str = "ann"
    note: str = ""

    def __post_init__(self) -> None:
        self.check_durations("at", "after")
        if (self.at is None) == (self.when is None):
            message = "at: expected either at or when, found both or none"
            raise ValueError(message)
        if (self.say in {"resolve", "retry"}) != bool(self.to):
            message = f"to: expected an execution for resolve and retry only, found {self.to!r}"
            raise ValueError(message)


class Crash(Part, frozen=True, kw_only=True):
    """
    The runtime dies, and is started again.

    Attributes:
        kill: the kill point, `after_commit:3` or `before_wire:place:2`, counted from its start.
        pause: how long it is gone.
    """

    kill: str
    pause: Duration = "1s"

    def __post_init__(self) -> None:
        self.check_durations("pause")


class ClockJump(Part, frozen=True, kw_only=True):
    """Somebody sets the machine's clock."""

    at: Duration
    forward: Duration = "0ms"
    back: Duration = "0ms"

    def __post_init__(self) -> None:
        self.check_durations("at", "forward", "back")

    @property
    def by_ms(self) -> int:
        """By how much, negative for back."""
        return parse_duration_ms(self.forward) - parse_duration_ms(self.back)


class ExpectedExecution(Part, frozen=True, kw_only=True):
    """
    What must be true of an execution in the end. What is left out is not looked at.

    Attributes:
        state: the state it is in.
        through: states that it has been in, in this order, others between them.
        reason: its reason.
        count: how many executions there are by this name (it may be a pattern).
        orders: how often each venue was asked to place an order for it.
        profit_at_least, profit_at_most: its worst case by the venues' books, after fees.
        naked_at_least, naked_at_most: how long it stood on one leg.
        doubt_at_most: how long it could not say what it owned.
    """

    state: str
    through: list[str] = []
    reason: str | None = None
    count: int = 1
    orders: dict[str, int] | None = None
    profit_at_least: Decimal | None = None
    profit_at_most: Decimal | None = None
    naked_at_least: Duration | None = None
    naked_at_most: Duration | None = None
    doubt_at_most: Duration | None = None

    def __post_init__(self) -> None:
        self.check_durations("naked_at_least", "naked_at_most", "doubt_at_most")


class ExpectedIncident(Part, frozen=True, kw_only=True):
    """An incident; `execution` without its `x-`, empty when it is the runtime's."""

    kind: str
    execution: str = ""
    open: bool = True


class Expected(Part, frozen=True, kw_only=True):
    """
    What must hold at the end of a scenario.

    Attributes:
        executions: by name without `x-`, or a pattern such as `o-*`; every execution must have one.
        incidents: all there ever were, in any order.
        supervisor: its level in the end.
        levels: all its levels, in order; left out: not looked at.
        venues: venues' health in the end, for those that are named.
        ended: whether the runtime has ended by itself.
        crashes: how often it crashed.
        dead_letters: messages that could not be read.
        dropped: messages that were too old to be looked at.
        repeated: messages that had been seen before.
        waiting: messages that nobody has taken from the bus.
    """

    executions: dict[str, ExpectedExecution] = {}
    incidents: list[ExpectedIncident] = []
    supervisor: str = "running"
    levels: list[str] = []
    venues: dict[str, str] = {}
    ended: bool = False
    crashes: int = 0
    dead_letters: int = 0
    dropped: int = 0
    repeated: int = 0
    waiting: int = 0


class Scenario(Part, frozen=True, kw_only=True):
    """
    One scenario.

    Attributes:
        name: the file's name without `.yaml`.
        title: what it is about, in a few words.
        story: what happens and why it matters, for people.
        settings: what differs from the packaged defaults: sections `limits`, `kpi`, `service`,
            `venue_health`, `bus`.
        venues: by name, what differs from the usual venues (`market.py`).
        opportunities: what the engine publishes.
        operator: what the operator does.
        crashes: the runtime's deaths, one after another.
        clock: when somebody sets the machine's clock.
        secrets: texts that must not be seen anywhere, whatever the venues put into their errors.
        until: how long it goes on.
        expect: what must hold in the end.
    """

    name: str = ""
    title: str
    story: str
    settings: dict[str, dict[str, Any]] = {}
    venues: dict[str, dict[str, Any]] = {}
    opportunities: list[Published] = []
    operator: list[OperatorWord] = []
    crashes: list[Crash] = []
    clock: list[ClockJump] = []
    secrets: list[str] = []
    until: Duration = "10s"
    expect: Expected

    def __post_init__(self) -> None:
        self.check_durations("until")

    @property
    def until_ms(self) -> int:
        """`until` in milliseconds."""
        return parse_duration_ms(self.until)
