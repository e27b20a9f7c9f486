"""
What the exchange keeps: accounts, markets, orders, fills.
"""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import msgspec

from .settings import FakeMarket

#: How a market ends: void, or the outcome that wins.
Outcome = Literal[0, 1, 2]

#: What the engine says of an order on its arrival, by name.
Decision = Literal[
    "", "RESTED", "FULLY_FILLED", "PARTIAL_FILL_DONE", "PARTIAL_FILL_RESTED", "CANCELLED"
]

#: What becomes of the first cancel of an order, see `OrderFate.on_cancel`.
CancelFate = Literal["", "unconfirmed", "unconfirmed_done", "notCancelled", "filled"]


class OrderState(StrEnum):
    """Where an order is."""

    PENDING = "PENDING"  #: taken; it has not been matched yet
    ACTIVE = "ACTIVE"  #: in the book
    INACTIVE = "INACTIVE"  #: dead; `reason` says why


class FillState(StrEnum):
    """Where a fill is."""

    MATCHED = "MATCHED"  #: the engine's word; it can be taken back
    LOCKED = "LOCKED"  #: on the chain; final
    SETTLED = "SETTLED"  #: the market has an outcome
    FAILED = "FAILED"  #: taken back


class OrderFate(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is to become of one order, instead of what the book says.

    Attributes:
        reject: its entry says FAILED with this reason; the exchange never has it.
        most_percent: at most so much of its stake finds something.
        cancelled: the engine drops it unmatched, for this reason.
        holds: it is not matched: it stays open until it is filled or cancelled by hand, or expires.
        fails: its fills are taken back instead of locked.
        fails_first: the first of its fills is, the others stay.
        hidden_looks: reading it finds nothing so many times, nor its fills.
        hidden_ms: but not for longer than this: an index catches up by itself; 0: for ever.
        on_cancel: the first cancel is answered so and has no effect: `unconfirmed`, `notCancelled`.
            Or: `filled`: it fills first; `unconfirmed_done`: it is cancelled, and not confirmed.
        forgets: the wait for its outcome ends with TIMEOUT, whatever has happened.
        answer: what becomes of the answer to its request: `lost` (the order is taken, the
            connection breaks), `reset` (the connection breaks, the order is not taken), `error` (a
            503, the order is not taken), `error_after`, `garbage` (the order is taken).
        slow_ms: the answer to its request comes so much later.
        breaks_streams: all websockets break when it has been matched.
    """

    reject: str = ""
    most_percent: int = 100
    cancelled: str = ""
    holds: bool = False
    fails: bool = False
    fails_first: bool = False
    hidden_looks: int = 0
    hidden_ms: int = 0
    on_cancel: CancelFate = ""
    forgets: bool = False
    answer: Literal["", "lost", "reset", "error", "error_after", "garbage"] = ""
    slow_ms: int = 0
    breaks_streams: bool = False

    def after_cancel(self) -> "OrderFate":
        """Return what is left of it when a cancel has arrived."""
        return msgspec.structs.replace(self, on_cancel="")


@dataclass(slots=True, eq=False)
class Account:
    """
    Somebody's money, in smallest units.

    Attributes:
        available: what can be staked.
        matched: staked, not on the chain yet.
        escrowed: staked, on the chain.
        wallet: in the account itself, not in its proxy wallet.
        permits: how many permits have been used; the next one bears this number.
    """

    api_key: str
    address: str
    proxy: str
    deployed: bool
    available: int
    matched: int = 0
    escrowed: int = 0
    wallet: int = 0
    permits: int = 0
    taker_fee: Decimal | None = None
    maker_fee: Decimal | None = None
    heartbeat_until_ms: int | None = None

    @property
    def total(self) -> int:
        """All of it."""
        return self.available + self.matched + self.escrowed + self.wallet


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was sent, read."""

    market: str
    maker: str
    token: str
    stake: int
    odds: int
    salt: int
    expiry: int
    on_one: bool
    time_in_force: str
    signature: str
    client_id: str | None = None
    id: str = ""


@dataclass(slots=True, eq=False)
class Order:
    """
    An order.

    Attributes:
        id: the digest that was signed.
        odds: the owner's own.
        priority: earlier in the book is served earlier.
        decided: set when the engine has said what became of it on its arrival.
        decision, decision_reason: what it said.
        looks: how often it has still to be hidden from readers.
    """

    id: str
    account: Account
    market: str
    stake: int
    odds: int
    on_one: bool
    time_in_force: str
    expiry: int
    client_id: str | None
    created_ms: int
    updated_ms: int
    fate: OrderFate = field(default_factory=OrderFate)
    filled: int = 0
    state: OrderState = OrderState.PENDING
    reason: str | None = None
    priority: int = 0
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    decision: Decision = ""
    decision_reason: str = ""
    looks: int = 0
    fills: list["Fill"] = field(default_factory=list["Fill"])

    @property
    def remaining(self) -> int:
        """The stake that is not filled."""
        return self.stake - self.filled

    @property
    def open(self) -> bool:
        """Whether it may still fill."""
        return self.state is not OrderState.INACTIVE

    @property
    def command(self) -> str:
        """The exchange's name for the request."""
        return f"command-{self.id[2:18]}"

    def hides(self) -> bool:
        """Return whether this look does not find it, and count the look."""
        if not self.looks:
            return False
        self.looks -= 1
        return True

    def decide(self, decision: Decision, reason: str = "") -> None:
        """Say what became of it on its arrival; only the first word counts."""
        if not self.decided.is_set():
            self.decision, self.decision_reason = decision, reason
            self.decided.set()


@dataclass(slots=True, eq=False)
class Fill:
    """
    One side of a match.

    Attributes:
        stake: the owner's.
        pot: the stakes of both sides: what the winner gets, before fees.
        paid, fee: what the owner got at settlement, and what the exchange kept.
    """

    match: str
    trade: str
    order: Order
    stake: int
    pot: int
    odds: int
    is_maker: bool
    created_ms: int
    updated_ms: int
    state: FillState = FillState.MATCHED
    transaction: str | None = None
    outcome: Outcome | None = None
    paid: int = 0
    fee: int = 0

    @property
    def id(self) -> str:
        """The fill's id."""
        return f"{self.match}:{self.order.id}:{self.order.market}"


@dataclass(slots=True, eq=False)
class Market:
    """
    A market and the orders that rest in it.

    Attributes:
        settings: what is known of it.
        orders: those that rest, in the order of their arrival.
        version: of the book.
        outcome: 0, 1 or 2 once it is settled.
    """

    settings: FakeMarket
    active: bool
    game_s: int
    orders: list[Order] = field(default_factory=list["Order"])
    version: int = 0
    outcome: Outcome | None = None
    settled_s: int = 0


#: A row as it goes over the wire.
Row = dict[str, Any]
