"""
The market: its games, how they change, and what the API shows of it.

What the REST API shows may lag behind the truth, and so may the feed: `move` says where it is seen.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from .games import Condition, Game, Outcome
from .settings import FakeGame
from .shapes import condition_frame, game_frame

_CENT = Decimal("0.01")
Listener = Callable[[str, dict[str, Any]], None]


class Market:
    """
    All games.

    Attributes:
        games, conditions: by id.
    """

    def __init__(self, games: Iterable[FakeGame], opened_ms: int) -> None:
        self.games = {given.id: Game(given, opened_ms) for given in games}
        every = (condition for game in self.games.values() for condition in game.conditions)
        self.conditions = {condition.id: condition for condition in every}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell a listener the id and the feed's data of every condition and game that changes."""
        self._listeners.append(listener)

    def find(self, condition: str, outcome: int) -> tuple[Condition, Outcome]:
        """
        Return a condition and its outcome.

        Raises:
            LookupError: there is none.
        """
        found = self.conditions[condition]
        return found, found.outcomes[outcome]

    def move(
        self,
        condition: str,
        outcome: int,
        odds: Decimal,
        *,
        in_truth: bool = True,
        on_rest: bool = True,
        on_feed: bool = True,
    ) -> None:
        """Change a price, and where the change is seen."""
        place, moved = self.find(condition, outcome)
        true_odds = moved.odds
        moved.odds = odds
        if on_rest:
            moved.shown_odds = odds
        if on_feed:
            self._tell(place)
        if not in_truth:
            moved.odds = true_odds

    def turn(self, condition: str, state: str) -> None:
        """Change a condition's state."""
        found = self.conditions[condition]
        found.state = state
        self._tell(found)

    def turn_outcome(self, condition: str, outcome: int, state: str) -> None:
        """Change an outcome's state."""
        place, found = self.find(condition, outcome)
        found.state = state
        self._tell(place)

    def turn_game(self, game: str, state: str) -> None:
        """Change a game's state."""
        found = self.games[game]
        found.state = state
        for listener in self._listeners:
            listener(game, game_frame(found))

    def _tell(self, condition: Condition) -> None:
        for listener in self._listeners:
            listener(condition.id, condition_frame(condition))
