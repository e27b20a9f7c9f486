"""
Parts of the settings: who trades, what is in the books, how long bets are held up.
"""

from decimal import Decimal

import msgspec

from xarb_runtime.plugins.simulator_faults import check_duration, refuse

#: The address of the private key 0x11…11, which the whole world knows.
ADDRESS = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
API_KEY = "sx-bet-simulator-key"
PRIVATE_KEY = "0x" + "11" * 32

_HASH_DIGITS = 64


def _check_hash(name: str, text: str) -> None:
    digits = text.removeprefix("0x")
    if len(digits) != _HASH_DIGITS or set(digits) - set("0123456789abcdef"):
        refuse(name, "0x and 64 hexadecimal digits, small letters", text)


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the settings: unknown keys are refused."""


class FakeAccount(Part, frozen=True, kw_only=True):
    """
    Somebody who trades.

    Attributes:
        api_key: what is sent as `x-sx-api-key`.
        address: the account that signs, with its checksum in the letters.
        balance: USDC in the proxy wallet.
        wallet: USDC in the account itself, which cannot be staked before it is moved.
        deployed: the proxy wallet exists.
        taker_fee, maker_fee: shares of the profit of a winning bet; left out: nothing is charged.
    """

    api_key: str = API_KEY
    address: str = ADDRESS
    balance: Decimal = Decimal(100_000)
    wallet: Decimal = Decimal(0)
    deployed: bool = True
    taker_fee: Decimal | None = None
    maker_fee: Decimal | None = None


class FakeLevel(Part, frozen=True, kw_only=True):
    """
    Stakes of makers that rest at one price.

    Attributes:
        percent: the makers' own odds, as an implied probability in percent, on the ladder.
        size: the makers' stakes, USDC.
    """

    percent: Decimal
    size: Decimal

    def __post_init__(self) -> None:
        if not 0 < self.percent < 100:  # noqa: PLR2004 -- percent
            refuse("percent", "between 0 and 100", self.percent)
        if self.size <= 0:
            refuse("size", "above 0", self.size)


class FakeMarket(Part, frozen=True, kw_only=True):
    """
    A market and its book.

    Attributes:
        hash: `0x` and 64 hexadecimal digits.
        event, league, sport: their ids.
        live: the event has begun: orders wait for the betting delay.
        active: orders are taken.
        type: the type of market; 226 is 'winner, overtime included'.
        line: for markets with a line.
        outcome_one, outcome_two: their names.
        one, two: stakes of makers that rest on outcome one and on outcome two.
        refill: what is taken from the book comes back after this long; left out: never.
    """

    hash: str = "0x" + "7a" * 32
    event: str = "L18870109"
    league: int = 243
    sport: int = 8
    live: bool = False
    active: bool = True
    type: int = 226
    line: float | None = None
    outcome_one: str = "Los Angeles Rams"
    outcome_two: str = "San Francisco 49ers"
    one: list[FakeLevel] = []
    two: list[FakeLevel] = []
    refill: str | None = None

    def __post_init__(self) -> None:
        _check_hash("hash", self.hash)
        check_duration("refill", self.refill)


class FakeDelays(Part, frozen=True, kw_only=True):
    """
    Betting delays: by league, else by sport, else the default.

    Attributes:
        pregame: before the event.
        live: during it.
        live_by_league, live_by_sport: by id.
    """

    pregame: str = "0ms"
    live: str = "10s"
    live_by_league: dict[int, str] = {}
    live_by_sport: dict[int, str] = {}

    def __post_init__(self) -> None:
        check_duration("pregame", self.pregame)
        check_duration("live", self.live)
        for name, table in (
            ("live_by_league", self.live_by_league),
            ("live_by_sport", self.live_by_sport),
        ):
            for key, text in table.items():
                check_duration(f"{name}.{key}", text)
