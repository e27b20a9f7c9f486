"""
What the imitation of Azuro is set up with: its games, its bettors, its manners.

Everything has a default, so that it runs without a file: two live games, one to come, and one
bettor whose key everybody knows. What contradicts itself is refused when the settings are read.
"""

import re
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

from .chains import CHAINS

#: The throw-away key of the web3 documentation, and its address. Never fund it.
THROW_AWAY_KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
THROW_AWAY_ADDRESS = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")

When = Literal["sync", "async"]
#: What can go wrong here: an order is never filled in part, and cannot be cancelled.
Word = Literal[
    "lost", "reset", "error", "error_after", "garbage", "slow", "refused", "unfilled", "rests",
    "sticks", "vanishes", "taken_back", "late_index", "stream_break",
    "limit", "unavailable", "away",
    "drop_frame", "repeat_frame", "stale_frame",
]  # fmt: skip


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything here: an unknown key is an error."""


class FakeOutcome(_Written, frozen=True, kw_only=True):
    """
    One outcome of a condition.

    Attributes:
        id: the selection id, a number such as 29.
        odds: decimal odds, two digits at most.
        title: for people.
        state: `Active`, `Stopped`, `Canceled`, `Won` or `Lost`.
    """

    id: int
    odds: Decimal
    title: str = ""
    state: str = "Active"

    def __post_init__(self) -> None:
        if self.odds <= 1 or self.odds != self.odds.quantize(Decimal("0.01")):
            refuse("odds", "decimal odds above 1 with two digits at most", self.odds)


class FakeCondition(_Written, frozen=True, kw_only=True):
    """
    One condition: a question with outcomes to bet on.

    Attributes:
        id: up to 48 digits.
        outcomes: what one can bet on.
        title: for people.
        state: `Active`, `Stopped`, `Resolved`, `Canceled` or `Removed`.
        express_forbidden: it may not be part of a combo.
        prematch, live: it may be bet on before the game, and during it.
        limit: the most that the pool may lose on it, in the bet token; sets `maxBet`.
    """

    id: str
    outcomes: tuple[FakeOutcome, ...]
    title: str = ""
    state: str = "Active"
    express_forbidden: bool = False
    prematch: bool = True
    live: bool = True
    limit: Decimal = Decimal(5000)

    def __post_init__(self) -> None:
        if not self.id.isdigit():
            refuse("id", "digits", self.id)
        if len({outcome.id for outcome in self.outcomes}) != len(self.outcomes):
            refuse("outcomes", "different ids", [outcome.id for outcome in self.outcomes])


class FakeGame(_Written, frozen=True, kw_only=True):
    """
    One game.

    Attributes:
        id: digits.
        conditions: its questions.
        title: `Home - Away`.
        state: `Prematch`, `Live`, `Finished`, `Stopped` or `Canceled`.
        starts_in: counted from the opening; for live games how long ago it began.
        sport_id, sport: number and slug: 33 football, 45 tennis, 31 basketball.
        country, league: names.
    """

    id: str
    conditions: tuple[FakeCondition, ...]
    title: str = "Home - Away"
    state: str = "Live"
    starts_in: str = "30m"
    sport_id: int = 33
    sport: str = "football"
    country: str = "International Tournaments"
    league: str = "UEFA Conference League"

    def __post_init__(self) -> None:
        check_duration("starts_in", self.starts_in)
        if not self.id.isdigit():
            refuse("id", "digits", self.id)


class FakeBettor(_Written, frozen=True, kw_only=True):
    """
    A wallet.

    Attributes:
        address: `0x` and 40 hexadecimal digits.
        balance: of the bet token.
        allowance: what the relayer may take; left out: without limit.
        native: of the chain's own coin, to pay for transactions.
        max_bet: this wallet's own limit; left out: none.
    """

    address: str = THROW_AWAY_ADDRESS
    balance: Decimal = Decimal(100_000)
    allowance: Decimal | None = None
    native: Decimal = Decimal(10)
    max_bet: Decimal | None = None

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            refuse("address", "0x and 40 hexadecimal digits", self.address)


class FakeChecks(_Written, frozen=True, kw_only=True):
    """
    Which checks answer the request itself (`sync`), and which reject the order later (`async`).

    It is not documented which do. The chain checks again what it checks when the order is sent.

    Attributes:
        signature: `MessageNotVerified`.
        data: environment, core, chain, condition and outcome are known: `BadData`.
        state: the condition and the outcome are active, live is allowed.
        odds: `Real odds less than min odds`.
        stake: the smallest and the largest stake: `TooHighStake`.
        money: allowance and balance: `TokenAllowance`.
        fee: `TooLowRelayerFeeAmount`.
        expiry: already expired, or too far ahead.
        nonce: zero, or used by another order.
    """

    signature: When = "sync"
    data: When = "sync"
    state: When = "sync"
    odds: When = "sync"
    stake: When = "sync"
    money: When = "sync"
    fee: When = "sync"
    expiry: When = "sync"
    nonce: When = "async"


class FakeMix(_Written, frozen=True, kw_only=True):
    """
    How orders fare: so many of a thousand, at most one fate an order. The rest is plain bets.

    Attributes:
        lost, reset, error, error_after, garbage: see [the words](#what-can-go-wrong).
        slow, refused: see [the words](#what-can-go-wrong).
        unfilled, rests, sticks, vanishes, stream_break: see [the words](#what-can-go-wrong).
        taken_back: 5 to 20 s after it was accepted, scaled.
        late_index: two looks do not find the order.
    """

    unfilled: int = 0
    refused: int = 0
    lost: int = 0
    taken_back: int = 0
    late_index: int = 0
    rests: int = 0
    sticks: int = 0
    vanishes: int = 0
    slow: int = 0
    error: int = 0
    error_after: int = 0
    reset: int = 0
    garbage: int = 0
    stream_break: int = 0

    def __post_init__(self) -> None:
        check_mix(self)


class FakeFault(ScriptedFault, frozen=True, kw_only=True):
    """See `ScriptedFault`."""

    fault: Word


_FOOTBALL = FakeGame(
    id="1006000000000091146911",
    title="Kuopio PS - Shamrock Rovers FC",
    conditions=(
        FakeCondition(
            id="300610060000000000847934050000000000002435769680",
            title="Full Time Result",
            outcomes=(
                FakeOutcome(id=29, odds=Decimal("1.56"), title="1"),
                FakeOutcome(id=30, odds=Decimal("4.02"), title="X"),
                FakeOutcome(id=31, odds=Decimal("6.54"), title="2"),
            ),
        ),
        FakeCondition(
            id="300610060000000000847934050000000000002435769681",
            title="Total Goals",
            outcomes=(
                FakeOutcome(id=75, odds=Decimal("2.10"), title="Over (2.5)"),
                FakeOutcome(id=76, odds=Decimal("1.80"), title="Under (2.5)"),
            ),
        ),
    ),
)
_TENNIS = FakeGame(
    id="1006000000000084793405",
    title="Lan Mi - Xinyu Jiang",
    sport_id=45,
    sport="tennis",
    country="WTA",
    league="WTA 125K Jinan",
    conditions=(
        FakeCondition(
            id="300610060000000000306992750000000000009084689496",
            title="Handicap Games",
            outcomes=(
                FakeOutcome(id=377, odds=Decimal("2.08"), title="Lan Mi (-7)"),
                FakeOutcome(id=378, odds=Decimal("1.72"), title="Xinyu Jiang (7)"),
            ),
        ),
    ),
)
_BASKETBALL = FakeGame(
    id="1006000000000090000017",
    title="Valencia Basket - Baskonia",
    state="Prematch",
    starts_in="3h",
    sport_id=31,
    sport="basketball",
    country="Spain",
    league="Liga Endesa",
    conditions=(
        FakeCondition(
            id="300610060000000000900000170000000000001500000001",
            title="Match Winner",
            outcomes=(
                FakeOutcome(id=6983, odds=Decimal("1.90"), title="Valencia Basket"),
                FakeOutcome(id=6984, odds=Decimal("1.91"), title="Baskonia"),
            ),
        ),
    ),
)


class FakeSettings(_Written, frozen=True, kw_only=True):
    """
    An imitation of Azuro's backend, relayer and chain.

    Attributes:
        environment: `PolygonUSDT`, `BaseWETH`, `PolygonAmoyUSDT` or `BaseSepoliaWETH`.
        games: what there is to bet on.
        bettors: the wallets.
        min_bet: the smallest stake, in the bet token.
        pool: what the liquidity pool has, in the bet token.
        relayer_fee: what the relayer asks per order, in the bet token.
        expires_ahead: the furthest expiry that is taken; left out: any.
        accepted_after, accepted_within: an order is accepted this long after it was created, at
            the earliest and at the latest; drawn for each order.
        delay_scale: what these and all other delays are multiplied by; 0 for none at all.
        latency: how long each answer takes; not scaled.
        checks: which checks answer at once.
        refusal_status: the HTTP status of an order that is refused at once.
        keeps_refused: an order that was refused at once can be looked up afterwards.
        repeats: what an order that is sent again is answered with: `existing` (itself), `conflict`
            (409) or `invalid_nonce` (a rejection that leaves the first one alone).
        cashout: there is a cashout; otherwise all its paths are 404, as seen in September 2026.
        void_refund: a void gives back the `full` stake, or `stored`, 99 % of it.
        calibrated: orders meet the fates that live orders have been seen to meet.
        mix: orders fare like this, whatever `calibrated` says; see there.
        faults: what shall go wrong besides, from the start on; see there.
        drift: how often live prices move, and live conditions stop for a moment; left out: never.
        seed: other seeds, other fates, other delays, another drift.
    """

    environment: str = "PolygonUSDT"
    games: tuple[FakeGame, ...] = (_FOOTBALL, _TENNIS, _BASKETBALL)
    bettors: tuple[FakeBettor, ...] = (FakeBettor(),)
    min_bet: Decimal = Decimal(1)
    pool: Decimal = Decimal(1_000_000)
    relayer_fee: Decimal = Decimal(0)
    expires_ahead: str | None = None
    accepted_after: str = "10s"
    accepted_within: str = "30s"
    delay_scale: Decimal = Decimal(1)
    latency: str = "0ms"
    checks: FakeChecks = FakeChecks()
    refusal_status: int = 201
    keeps_refused: bool = True
    repeats: Literal["existing", "conflict", "invalid_nonce"] = "existing"
    cashout: bool = False
    void_refund: Literal["full", "stored"] = "full"
    calibrated: bool = False
    mix: FakeMix | None = None
    faults: tuple[FakeFault, ...] = ()
    drift: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.environment not in CHAINS:
            refuse("environment", f"one of {', '.join(CHAINS)}", self.environment)
        for name in ("accepted_after", "accepted_within", "latency", "expires_ahead", "drift"):
            check_duration(name, getattr(self, name))
        if parse_duration_ms(self.accepted_within) < parse_duration_ms(self.accepted_after):
            refuse("accepted_within", f"{self.accepted_after} or more", self.accepted_within)
        if self.delay_scale < 0:
            refuse("delay_scale", "0 or more", self.delay_scale)
        ids = [condition.id for game in self.games for condition in game.conditions]
        if len(set(ids)) != len(ids):
            refuse("games", "every condition once", ids)
