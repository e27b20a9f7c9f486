"""
What there is to bet on in the demonstration: games, with a total at both venues and other lines.
"""

import random
from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec

from xarb_runtime.domain.money import floor_to
from xarb_runtime.domain.orders import Selection

SX, AZURO = "sx", "azuro"
#: The numbers of goals that the bets tell apart.
SCENARIOS = ("low", "middle", "high")
TEAMS = (
    "Ajax", "Basel", "Celtic", "Dinamo", "Everton", "Fulham", "Genoa", "Hibernian", "Inter",
    "Juventus", "Lazio", "Monaco", "Napoli", "Olympiacos", "Porto", "Rangers", "Sevilla", "Torino",
)  # fmt: skip
#: SX's odds are multiples of this, percent.
LADDER = Decimal("0.125")
CENT = Decimal("0.01")
DEPTH = 20_000


class Game(msgspec.Struct, frozen=True, kw_only=True):
    """
    One game.

    Attributes:
        number: which.
        title: for people.
        over_first: leg A takes the over; otherwise the under.
        first: the implied probability of leg A's side at SX, percent, on the ladder.
        back: that of the same market's other side at SX: what unwinding costs.
        other: that of the other line's opposite at SX.
        total: that of leg B's side in a second market of SX.
        second: leg B's decimal odds at Azuro.
    """

    number: int
    title: str
    over_first: bool
    first: Decimal
    back: Decimal
    other: Decimal
    total: Decimal
    second: Decimal

    @property
    def wins_a(self) -> tuple[str, ...]:
        """When leg A wins."""
        return SCENARIOS[1:] if self.over_first else SCENARIOS[:2]

    @property
    def wins_b(self) -> tuple[str, ...]:
        """When leg B wins."""
        return SCENARIOS[:1] if self.over_first else SCENARIOS[2:]

    @property
    def wins_other(self) -> tuple[str, ...]:
        """When the other line's opposite wins: a middle in which both do."""
        return SCENARIOS[:2] if self.over_first else SCENARIOS[1:]

    def at_sx(self, market: str, outcome: str, wins: tuple[str, ...]) -> Selection:
        """Return a selection at SX."""
        return Selection(SX, self.sx_market(market), outcome, wins)

    def sx_market(self, market: str) -> str:
        """Return the hash of one of the game's markets: `main`, `other`, `total`."""
        return "0x" + sha256(f"demo {self.number} {market}".encode()).hexdigest()

    @property
    def side_a(self) -> str:
        """Leg A's outcome at SX."""
        return "one" if self.over_first else "two"

    @property
    def side_b(self) -> str:
        """The opposite of leg A at SX."""
        return "two" if self.over_first else "one"

    @property
    def condition(self) -> str:
        """The condition's id at Azuro."""
        return f"3006100600000000{self.number:032d}"

    @property
    def leg_b(self) -> Selection:
        """Leg B at Azuro."""
        return Selection(AZURO, self.condition, "76" if self.over_first else "75", self.wins_b)


def make_games(count: int, seed: int) -> tuple[Game, ...]:
    """Return games whose prices leave a margin between the venues, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 -- a story, not a secret
    return tuple(_game(number, chance) for number in range(count))


def _game(number: int, chance: random.Random) -> Game:
    first = LADDER * chance.randint(336, 432)  # 42 to 54 percent
    margin = Decimal(chance.randint(5, 30)) / 1000
    second = floor_to(100 / (100 - first) * (1 + margin), CENT)
    home, away = chance.sample(TEAMS, 2)
    return Game(
        number=number,
        title=f"{home} - {away}",
        over_first=chance.random() < 0.5,  # noqa: PLR2004 -- a coin
        first=first,
        back=100 - first + LADDER * chance.randint(8, 16),
        # A line that lies well: a middle for a little more than the opposite costs.
        other=100 - first + LADDER * chance.randint(16, 60),
        total=100 - first + LADDER * chance.randint(4, 12),
        second=second,
    )


def sx_simulator(games: tuple[Game, ...], seed: int) -> dict[str, Any]:
    """Return the settings of SX's simulator."""
    return {
        "calibrated": True,
        "seed": seed,
        "accounts": [{"balance": "1000000"}],
        "rates": {"orders": 50_000, "trades": 50_000, "other": 50_000},
        "markets": [market for game in games for market in _sx_markets(game)],
    }


def _sx_markets(game: Game) -> list[dict[str, Any]]:
    takers = {
        "main": {game.side_a: game.first, game.side_b: game.back},
        "other": {game.side_b: game.other},
        "total": {game.side_b: game.total},
    }
    return [
        {
            "hash": game.sx_market(name),
            "event": f"L{game.number}",
            "type": 2,
            "sport": 5,
            "line": 2.5 if name != "other" else (3.5 if game.over_first else 1.5),
            "outcome_one": "Over",
            "outcome_two": "Under",
            # Who takes one side at p is matched by makers of the other at 100 - p.
            "one": _makers(prices.get("two")),
            "two": _makers(prices.get("one")),
            "refill": "0ms",
        }
        for name, prices in takers.items()
    ]


def _makers(taker: Decimal | None) -> list[dict[str, str]]:
    return [] if taker is None else [{"percent": str(100 - taker), "size": str(DEPTH)}]


def azuro_simulator(games: tuple[Game, ...], seed: int, delay_scale: Decimal) -> dict[str, Any]:
    """Return the settings of Azuro's simulator."""
    return {
        "calibrated": True,
        "seed": seed,
        "delay_scale": str(delay_scale),
        "bettors": [{"balance": "1000000"}],
        "games": [
            {
                "id": f"1006{game.number:018d}",
                "title": game.title,
                "conditions": [
                    {
                        "id": game.condition,
                        "title": "Total Goals",
                        "limit": str(DEPTH),
                        "outcomes": [
                            {"id": 75, "title": "Over (2.5)", "odds": _azuro_odds(game, "75")},
                            {"id": 76, "title": "Under (2.5)", "odds": _azuro_odds(game, "76")},
                        ],
                    }
                ],
            }
            for game in games
        ],
    }


def _azuro_odds(game: Game, outcome: str) -> str:
    is_leg_b = outcome == game.leg_b.outcome
    other_side = floor_to(1 / (Decimal("1.06") - 1 / game.second), CENT)
    return str(game.second if is_leg_b else other_side)
