"""
The settings of the stand-in: who trades there, what is in the books, and how it behaves.

What contradicts itself is refused when the settings are read, with the key that is wrong. As a
user writes them:

    markets:
      - hash: "0x7a…7a"
        one: [{percent: "48.5", size: "5000"}]
        two: [{percent: "49.25", size: "2000"}, {percent: "50", size: "800"}]
        refill: 2s
    calibrated: true
    seed: 7
"""

from decimal import Decimal
from typing import Literal

import msgspec

from xarb_runtime.domain.money import parse_duration_ms

from .parts import (
    ADDRESS,
    API_KEY,
    PRIVATE_KEY,
    FakeAccount,
    FakeDelays,
    FakeLevel,
    FakeMarket,
    Part,
    check_duration,
    refuse,
)

__all__ = [
    "ADDRESS",
    "API_KEY",
    "PRIVATE_KEY",
    "FakeAccount",
    "FakeChecks",
    "FakeDelays",
    "FakeLevel",
    "FakeMarket",
    "FakeMix",
    "FakeRates",
    "FakeSettings",
]

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
    How orders fare when `calibrated` is set: shares in thousandths, at most one fate an order.

    That immediate orders find nothing has been observed often; how often is one user's figure, with
    a client that lost a step of the ladder. The others have been seen or are documented, without a
    rate: these are chosen so that a few hundred orders show them all.

    Attributes:
        no_liquidity: nothing is there when the order arrives.
        partial: a part is there.
        slow: matched as usual, answered 2 to 9 seconds later.
        lost: matched as usual, the answer never arrives.
        failed: matched, and taken back a moment later.
        late_index: matched, but not found for the first looks.
        timeout: the wait for the outcome ends without one.
        error: an error of the server before the order is taken.
        stream_break: matched as usual, and all websockets break.
    """

    no_liquidity: int = 120
    partial: int = 80
    slow: int = 50
    lost: int = 20
    failed: int = 20
    late_index: int = 30
    timeout: int = 15
    error: int = 15
    stream_break: int = 10

    def __post_init__(self) -> None:
        shares = msgspec.structs.astuple(self)
        if min(shares) < 0 or sum(shares) > 1000:  # noqa: PLR2004 -- thousandths
            refuse("mix", "shares of together at most 1000", sum(shares))


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
        calibrated: orders fare as `mix` says; otherwise as the book has it.
        mix: see there.
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
    mix: FakeMix = FakeMix()
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
