"""
Games, conditions and outcomes: what is true of them.
"""

from decimal import ROUND_DOWN, Decimal

from xarb_runtime.domain.money import ZERO, parse_duration_ms

from .settings import FakeCondition, FakeGame, FakeOutcome

_CENT = Decimal("0.01")


class Outcome:
    """
    One outcome.

    Attributes:
        id: the selection id.
        odds: the true odds, those that the oracle signs.
        shown_odds: what the REST API shows.
        state: `Active`, `Stopped`, `Canceled`, `Won` or `Lost`.
        loss: what the pool loses if it wins, in the bet token.
        staked: what has been staked on it.
    """

    def __init__(self, given: FakeOutcome, index: int) -> None:
        self.id, self.title, self.state = given.id, given.title, given.state
        self.odds = self.shown_odds = given.odds
        self.index = index
        self.loss = self.staked = ZERO


class Condition:
    """
    One condition.

    Attributes:
        state: `Active`, `Stopped`, `Resolved`, `Canceled` or `Removed`.
        settled_ms: since when it is resolved or cancelled.
    """

    def __init__(self, given: FakeCondition, game: "Game") -> None:
        self.id, self.title, self.state = given.id, given.title, given.state
        self.given, self.game = given, game
        outcomes = (Outcome(outcome, index) for index, outcome in enumerate(given.outcomes))
        self.outcomes = {outcome.id: outcome for outcome in outcomes}
        self.settled_ms: int | None = None

    @property
    def won(self) -> list[int]:
        """The outcomes that have won."""
        return [outcome.id for outcome in self.outcomes.values() if outcome.state == "Won"]

    def obstacle(self, outcome: Outcome) -> str:
        """Return why one cannot bet on an outcome now, in the API's words; empty if one can."""
        if self.state != "Active" or self.game.state not in ("Prematch", "Live"):
            return "Condition is not active"
        if self.game.state == "Live" and not self.given.live:
            return "Live not available"
        if self.game.state == "Prematch" and not self.given.prematch:
            return "Condition is not active"
        return "" if outcome.state == "Active" else "Outcome not active"

    def room(self, outcome: Outcome) -> Decimal:
        """Return the largest stake that the pool can bear; 0 while one cannot bet."""
        if self.obstacle(outcome):
            return ZERO
        left = (self.given.limit - outcome.loss) / (outcome.odds - 1)
        return max(ZERO, left.quantize(_CENT, ROUND_DOWN))


class Game:
    """One game, and when it starts."""

    def __init__(self, given: FakeGame, opened_ms: int) -> None:
        self.id, self.state, self.given = given.id, given.state, given
        distance_ms = parse_duration_ms(given.starts_in)
        if given.state == "Live":
            distance_ms = -distance_ms
        self.starts = (opened_ms + distance_ms) // 1000
        self.conditions = [Condition(condition, self) for condition in given.conditions]

    @property
    def participants(self) -> list[str]:
        """Who plays."""
        return self.given.title.split(" - ")
