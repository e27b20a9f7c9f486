"""
Odds of a condition, as the REST API and the stream tell of them.

The two differ in names and in which numbers are texts; members that are missing are not a reason
to fail.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from .wire import fields_of, number_of, rows_of, text_of


class Side(msgspec.Struct, frozen=True):
    """
    One outcome.

    Attributes:
        odds: decimal.
        open: it may be bet on, as long as its condition may.
    """

    odds: Decimal
    open: bool


class Book(msgspec.Struct, frozen=True):
    """
    One condition.

    Attributes:
        open: it may be bet on.
        sides: by outcome id.
        heard_ms: when we heard of it.
    """

    open: bool
    sides: dict[str, Side]
    heard_ms: int

    def side(self, outcome: str) -> Side | None:
        """Return an outcome; closed when its condition is."""
        side = self.sides.get(outcome)
        return side if side is None or self.open else Side(side.odds, open=False)


def read_book(given: Mapping[str, Any], heard_ms: int) -> tuple[str, Book] | None:
    """Return a condition's id and its odds; None when it is no condition."""
    # One of several published shapes wraps what matters once more.
    inner = fields_of(given.get("data"))
    given = {**given, **inner}
    name = text_of(given.get("conditionId")) or text_of(given.get("id"))
    if not name or not text_of(given.get("state")):
        return None
    sides: dict[str, Side] = {}
    for outcome in rows_of(given.get("outcomes")):
        odds = number_of(outcome.get("currentOdds")) or number_of(outcome.get("odds"))
        outcome_id = text_of(outcome.get("outcomeId")).removeprefix(f"{name}_")
        if outcome_id and odds is not None and odds > 1:
            sides[outcome_id] = Side(odds, open=_is_open(outcome))
    return name, Book(_is_open(given), sides, heard_ms)


def _is_open(given: Mapping[str, Any]) -> bool:
    # Older answers have no state on outcomes: the condition's counts, and a limit of 0 closes too.
    state = text_of(given.get("state")) or "Active"
    return state == "Active" and given.get("hidden") is not True
