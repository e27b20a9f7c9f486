"""
What the exchange says, read. Numbers come as numbers or as texts; both are taken.

What does not fit is no answer: it raises, and whoever asked must call it unknown.
"""

from datetime import datetime
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

ACTIVE, PENDING, INACTIVE = "ACTIVE", "PENDING", "INACTIVE"
ORDER_STATUSES = frozenset({ACTIVE, PENDING, INACTIVE})
FILLED = "FILLED"

MATCHED, LOCKED, SETTLED, FAILED = "MATCHED", "LOCKED", "SETTLED", "FAILED"
#: How far a fill has come; what is in the same place excludes each other.
FILL_STAGES = {MATCHED: 0, LOCKED: 1, FAILED: 1, SETTLED: 2}


class WireError(ValueError):
    """The exchange said something that is not in its protocol as we know it."""


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    """Part of an answer; keys that are not named here do not matter."""


class Envelope(_Answer, frozen=True):
    """What success is wrapped in."""

    data: msgspec.Raw
    status: str = "success"


class ErrorBody(_Answer, frozen=True):
    """What an error looks like: a code, or what validation found."""

    message: str | list[str]
    error: str = ""

    @property
    def code(self) -> str:
        """The code; for what validation found, `VALIDATION`."""
        return self.message if isinstance(self.message, str) else "VALIDATION"

    @property
    def reason(self) -> str:
        """All of it, for people."""
        told = self.message if isinstance(self.message, str) else "; ".join(self.message)
        # Where there is nothing to add, the exchange says the same twice.
        return f"{self.error}: {told}" if self.error not in {"", told} else told


class OrderRow(_Answer, frozen=True):
    """An order, as reading and the stream show it."""

    total_bet_size: int
    remaining_size: int
    status: str
    id: str = ""
    order_id: str = ""
    client_order_id: str | None = None
    inactive_reason: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    def __post_init__(self) -> None:
        if self.status not in ORDER_STATUSES or not 0 <= self.remaining_size <= self.total_bet_size:
            found = f"status {self.status}, {self.remaining_size} of {self.total_bet_size} left"
            raise ValueError(f"an order that cannot be: {found}")

    @property
    def key(self) -> str:
        """The order's id, small letters."""
        return (self.id or self.order_id).lower()

    @property
    def updated_ms(self) -> int:
        """When it changed last."""
        return read_time_ms(self.updated_at or self.created_at)


class FillRow(_Answer, frozen=True):
    """A fill, as reading and the stream show it."""

    order_id: str
    fill_amount: int
    fill_odds: int
    status: str
    id: str = ""
    match_id: str = ""
    tx_hash: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    def __post_init__(self) -> None:
        if (
            self.status not in FILL_STAGES
            or self.fill_amount < 0
            or not 0 < self.fill_odds < 10**20
        ):
            found = f"status {self.status}, {self.fill_amount} at {self.fill_odds}"
            raise ValueError(f"a fill that cannot be: {found}")

    @property
    def key(self) -> str:
        """What tells it from the order's other fills."""
        return self.id or self.match_id

    @property
    def updated_ms(self) -> int:
        """When it changed last."""
        return read_time_ms(self.updated_at or self.created_at)


class OrderBody(_Answer, frozen=True):
    """An order that was read: itself, or wrapped once more."""

    order: msgspec.Raw | None = None


class FillPage(_Answer, frozen=True):
    """A page of fills."""

    fills: list[FillRow]
    next_key: str | None = None


class Outcome(_Answer, frozen=True):
    """What became of an order while the exchange waited with its answer."""

    state: str
    fill_amount: int = 0
    remaining_amount: int = 0
    blended_odds: int = 0
    cancel_reason: str | None = None


class Placed(_Answer, frozen=True):
    """The exchange's word on one order that was sent."""

    status: str
    order_id: str = ""
    reason: str | None = None
    error: str | None = None
    message: str | None = None
    outcome: Outcome | None = None

    @property
    def code(self) -> str:
        """Why it failed."""
        return self.reason or self.error or self.message or ""


class PlacedPage(_Answer, frozen=True):
    """The answer to sending orders."""

    orders: list[Placed]


class Cancelled(_Answer, frozen=True):
    """The exchange's word on one order that was to be cancelled."""

    order_id: str
    reason: str = ""


class CancelPage(_Answer, frozen=True):
    """The answer to cancelling orders."""

    cancelled: list[Cancelled] = []
    not_cancelled: list[Cancelled] = []
    unconfirmed: list[Cancelled] = []


class Level(_Answer, frozen=True):
    """Stakes of makers at one price: their own probability, and what they have left."""

    percentage_odds: int
    size: int

    def __post_init__(self) -> None:
        if not 0 < self.percentage_odds < 10**20 or self.size < 0:
            raise ValueError(f"a level that cannot be: {self.size} at {self.percentage_odds}")


class BookRow(_Answer, frozen=True):
    """A whole book, as the makers see it."""

    market_hash: str
    outcome_one: list[Level]
    outcome_two: list[Level]
    version: str

    def __post_init__(self) -> None:
        if not self.version.isdecimal():
            raise ValueError(f"expected a version of digits, found {self.version!r}")


class MarketRow(_Answer, frozen=True):
    """What there is to know of a market."""

    market_hash: str
    status: str = ""


class ProxyRow(_Answer, frozen=True):
    """The account's wallet at the exchange."""

    obv3_proxy_wallet_address: str | None = None
    deployed: bool = False


class BalanceRow(_Answer, frozen=True):
    """What the account has of one token."""

    token_address: str
    available_amount: int
    user_address: str = ""
    escrowed_amount: int = 0


class BalancePage(_Answer, frozen=True):
    """What the account has."""

    balances: list[BalanceRow]


class Lapse(_Answer, frozen=True):
    """When the exchange will take us for dead."""

    expires_at: str | None = None


class Token(_Answer, frozen=True):
    """What opens a websocket."""

    token: str = ""


def read(body: bytes | msgspec.Raw, shape: type[T]) -> T:
    """
    Return a body as `shape`.

    Raises:
        WireError: it is none.
    """
    try:
        return msgspec.json.decode(body, type=shape, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WireError(f"expected {shape.__name__}: {error}") from None


def take(value: Any, shape: type[T]) -> T:
    """Return what a stream brought as `shape`, or raise WireError."""
    try:
        return msgspec.convert(value, shape, strict=False)
    except msgspec.MsgspecError as error:
        raise WireError(f"expected {shape.__name__}: {error}") from None


def read_data(body: bytes, shape: type[T]) -> T:
    """Return what is in the envelope, or raise WireError."""
    envelope = read(body, Envelope)
    if envelope.status != "success":
        raise WireError(f"expected status success, found {envelope.status!r}")
    return read(envelope.data, shape)


def read_order(body: bytes) -> OrderRow:
    """Return an order that was read, or raise WireError."""
    envelope = read(body, Envelope)
    inner = read(envelope.data, OrderBody).order
    return read(envelope.data if inner is None else inner, OrderRow)


def read_problem(body: bytes) -> ErrorBody | None:
    """Return what an error says, or None when it is not the exchange's own."""
    try:
        return read(body, ErrorBody)
    except WireError:
        return None


def read_time_ms(text: str | None) -> int:
    """Return a time in milliseconds since the epoch; 0 when it is none."""
    try:
        return round(datetime.fromisoformat(text or "").timestamp() * 1000)
    except ValueError:
        return 0
