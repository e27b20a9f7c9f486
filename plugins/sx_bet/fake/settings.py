"""
The settings of the stand-in: who trades there, what is in the books, and how it behaves.

What contradicts itself is refused when the settings are read, with the key that is wrong. As a
user writes them (docs/reference/simulators.md has all of it):

    markets:
      - hash: "0x7a…7a"
        one: [{percent: "48.5", size: "5000"}]
        two: [{percent: "49.25", size: "2000"}, {percent: "50", size: "800"}]
        refill: 2s
    calibrated: true
    faults:
      - {fault: lost, numbers: [3]}
    seed: 7
"""

from decimal import Decimal
from typing import Literal

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.simulator_faults import (
    ScriptedFault,
    check_duration,
    check_mix,
    refuse,
)

from .parts import (
    ADDRESS,
    API_KEY,
    PRIVATE_KEY,
    FakeAccount,
    FakeDelays,
    FakeLevel,
    FakeMarket,
    Part,
)

__all__ = [
    "ADDRESS",
    "API_KEY",
    "PRIVATE_KEY",
    "FakeAccount",
    "FakeChecks",
    "FakeDelays",
    "FakeFault",
    "FakeLevel",
    "FakeMarket",
    "FakeMix",
    "FakeRates",
    "FakeSettings",
]

#: What can go wrong here.
Word = Literal[
    "lost", "reset", "error", "error_after", "garbage", "slow", "refused", "unfilled", "partial",
    "rests", "timeout", "taken_back", "late_index", "stream_break",
    "cancel_unconfirmed", "cancel_refused", "cancel_too_late",
    "limit", "unavailable", "away",
    "drop_frame", "repeat_frame", "stale_frame",
]  # fmt: skip

#: Where a failed check is told: as an answer to the whole request, or in the order's own entry.
CheckLevel = Literal["request", "entry", "off"]


class FakeChecks(Part, frozen=True, kw_only=True):
    """
    What orders are checked for. Which check answers where is not documented, so it can be switched.

    Attributes:
        base_token: the token is the active one.
        size: the stake is not below the minimum.
        odds: the odds are above 0 and below 1.
        ladder: the odds are on the ladder.
        expiry: it lies in the future, beyond the betting delay.
        market: the market exists and takes orders.
        proxy: the proxy wallet exists.
        signature: the maker has signed, and is the key's account.
        balance: the stake is there.
        duplicate: the order has not been there before; `existing` answers with the one there is.
    """

    base_token: CheckLevel = "request"  # noqa: S105 -- where it is told
    size: CheckLevel = "request"
    odds: CheckLevel = "request"
    ladder: CheckLevel = "entry"
    expiry: CheckLevel = "request"
    market: CheckLevel = "entry"
    proxy: CheckLevel = "request"
    signature: CheckLevel = "entry"
    balance: CheckLevel = "request"
    duplicate: CheckLevel | Literal["existing"] = "entry"


class FakeMix(Part, frozen=True, kw_only=True):
    """
    How orders fare: so many of a thousand, at most one fate an order. The rest is plain fills.

    Attributes:
        unfilled, lost, timeout, error, stream_break: see [the words](#what-can-go-wrong).
        reset, error_after, garbage, refused, rests: see [the words](#what-can-go-wrong).
        partial: fills 10 to 90 %.
        slow: takes 2 to 9 s.
        taken_back: takes back all, or the first fill.
        late_index: hides the order from 1 to 3 looks, for 3 s at most.
    """

    unfilled: int = 0
    partial: int = 0
    slow: int = 0
    lost: int = 0
    taken_back: int = 0
    late_index: int = 0
    timeout: int = 0
    error: int = 0
    stream_break: int = 0
    reset: int = 0
    error_after: int = 0
    garbage: int = 0
    refused: int = 0
    rests: int = 0

    def __post_init__(self) -> None:
        check_mix(self)


#: That immediate orders find nothing has been observed often; how often is one user's figure, with
#: a client that lost a step of the ladder. The others have been seen or are documented, without a
#: rate: these are chosen so that a few hundred orders show them all.
CALIBRATED = FakeMix(
    unfilled=120,
    partial=80,
    slow=50,
    lost=20,
    taken_back=20,
    late_index=30,
    timeout=15,
    error=15,
    stream_break=10,
)


class FakeFault(ScriptedFault, frozen=True, kw_only=True):
    """See `ScriptedFault`."""

    fault: Word


class FakeRates(Part, frozen=True, kw_only=True):
    """
    Requests that are allowed in a window, by group. Nobody knows V3's figures: these are V2's.

    Attributes:
        orders: `POST /orders-v3`.
        trades: reading fills and trades.
        other: everything else, together.
        window: the window.
    """

    orders: int = 5500
    trades: int = 200
    other: int = 500
    window: str = "60s"

    def __post_init__(self) -> None:
        check_duration("window", self.window)


class FakeSettings(Part, frozen=True, kw_only=True):
    """
    The whole exchange.

    Attributes:
        chain_id, escrow, base_token, executor: as `/metadata/obv3` tells them.
        accounts: who trades.
        markets: what can be bet on. Left out: one market with deep books at 50 %.
        unlisted: a market that stands in for every hash that is not listed; left out: there are no
            others.
        delays, checks, rates: see there.
        calibrated: orders fare as has been seen or documented; otherwise as the book has it.
        mix: orders fare like this, whatever `calibrated` says; see there.
        faults: what shall go wrong besides, from the start on; see there.
        seed: other seeds, other fates.
        latency: every answer takes this long.
        matching: from an order's arrival to its matching, betting delay not counted.
        lock: from match to finality on the chain: the least and the most.
        index: fills and ended orders can be read this long after they happened.
        deploy: how long it takes to make a proxy wallet, or to move money into it.
        minimum: the least stake of an order, USDC.
        minimum_resting: the least remainder that stays in the book, USDC.
        most_orders, most_cancels: orders that a request may place, and cancel.
        ladder: the step of the odds, in thousandths of a percent.
        ping, pong: how often websockets are pinged, and how long an answer may take.
        shared_frames: objects that are sent at the same moment share a frame of the websocket, as
            in real life. ccxt for Python cannot read such frames.
        history: publications of a channel that can be recovered.
        token: how long a websocket's token is good for.
    """

    chain_id: int = 4162
    escrow: str = "0x890482680C3a0116aBB003B17e7D694D13a6c1eB"
    base_token: str = "0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B"  # noqa: S105 -- an address
    executor: str = "0x38aef22152BC8965bf0af7Cf53586e4b0C4E9936"
    accounts: list[FakeAccount] = msgspec.field(default_factory=lambda: [FakeAccount()])
    markets: list[FakeMarket] = msgspec.field(default_factory=lambda: [_deep_market()])
    unlisted: FakeMarket | None = None
    delays: FakeDelays = FakeDelays()
    checks: FakeChecks = FakeChecks()
    rates: FakeRates = FakeRates()
    calibrated: bool = False
    mix: FakeMix | None = None
    faults: tuple[FakeFault, ...] = ()
    seed: int = 0
    latency: str = "20ms"
    matching: str = "200ms"
    lock: tuple[str, str] = ("1s", "4s")
    index: str = "0ms"
    deploy: str = "2s"
    minimum: Decimal = Decimal(1)
    minimum_resting: Decimal = Decimal("0.1")
    most_orders: int = 10
    most_cancels: int = 100
    ladder: int = 125
    ping: str = "25s"
    pong: str = "8s"
    shared_frames: bool = True
    history: int = 1000
    token: str = "1h"  # noqa: S105 -- a duration

    def __post_init__(self) -> None:
        for name in ("latency", "matching", "index", "deploy", "ping", "pong", "token"):
            check_duration(name, getattr(self, name))
        for number, text in enumerate(self.lock):
            check_duration(f"lock[{number}]", text)
        if parse_duration_ms(self.lock[0]) > parse_duration_ms(self.lock[1]):
            refuse("lock", "the least first", " ".join(self.lock))
        if not self.accounts:
            refuse("accounts", "at least one", "none")
        step = Decimal(self.ladder) / 1000
        for number, market in enumerate(self.markets):
            for level in (*market.one, *market.two):
                if level.percent % step:
                    where = f"markets[{number}]"
                    refuse(where, f"percentages that are multiples of {step}", level.percent)


def _deep_market() -> FakeMarket:
    deep = [FakeLevel(percent=Decimal(50), size=Decimal(1_000_000))]
    return FakeMarket(one=deep, two=deep, refill="0ms")
