"""
How games and conditions look: in the REST API, and in the feed, which differs from it.

Numbers and texts are as they were captured: ids are texts in REST and numbers in the feed.
"""

from typing import Any

from xarb_runtime.domain.money import ZERO

from .games import Condition, Game, Outcome
from .units import text

_SPORTS_HUB = {
    "id": "f800a0de-5fb6-45ff-8ed2-35daab086119",
    "slug": "sports",
}


def listed(game: Game) -> dict[str, Any]:
    """Return a game as the REST API lists it."""
    given = game.given
    turnover = sum((o.staked for c in game.conditions for o in c.outcomes.values()), ZERO)
    sport = {"sportId": str(given.sport_id), "slug": given.sport, "name": given.sport.title()}
    return {
        "id": game.id,
        "gameId": game.id,
        "slug": f"{slug(given.title)}-{game.id}",
        "title": given.title,
        "startsAt": str(game.starts),
        "state": game.state,
        "turnover": text(turnover),
        "sport": sport | {"sporthub": _SPORTS_HUB},
        "league": {
            "id": f"league-{slug(given.league)}",
            "slug": slug(given.league),
            "name": given.league,
            "isTopLeague": False,
            "topWeight": 0,
        },
        "country": {
            "id": f"country-{slug(given.country)}",
            "slug": slug(given.country),
            "name": given.country,
        },
        "participants": [{"name": name, "image": None} for name in game.participants],
    }


def slug(name: str) -> str:
    """Return a name as it stands in addresses."""
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def detailed(condition: Condition) -> dict[str, Any]:
    """Return a condition as `conditions-by-game-ids` shows it."""
    given, game = condition.given, condition.game
    return {
        "id": condition.id,
        "conditionId": condition.id,
        "state": condition.state,
        "title": condition.title,
        "isExpressForbidden": given.express_forbidden,
        "isPrematchEnabled": given.prematch,
        "isLiveEnabled": given.live,
        "margin": 0,
        "marketId": 3,
        "marketVarietyId": None,
        "category": None,
        "hidden": False,
        "sort": "400",
        "outcomes": [
            {"outcomeId": str(outcome.id), "odds": text(outcome.shown_odds)} | _named(outcome)
            for outcome in condition.outcomes.values()
        ],
        "game": {"gameId": game.id, "sport": {"sportId": str(game.given.sport_id)}},
        "wonOutcomeIds": [str(outcome) for outcome in condition.won],
    }


def brief(condition: Condition) -> dict[str, Any]:
    """Return a condition as `condition-batch` shows it."""
    return {
        "state": condition.state,
        "conditionId": condition.id,
        "sort": "400",
        "title": condition.title,
        "category": None,
        "outcomes": [
            {
                "id": f"{condition.id}_{outcome.index}",
                "outcomeId": str(outcome.id),
                "odds": text(outcome.shown_odds),
            }
            | _named(outcome)
            for outcome in condition.outcomes.values()
        ],
    }


def _named(outcome: Outcome) -> dict[str, Any]:
    return {
        "title": outcome.title,
        "point": None,
        "sort": f"{outcome.index:06d}",
        "state": outcome.state,
        "hidden": False,
    }


def condition_frame(condition: Condition) -> dict[str, Any]:
    """Return a condition as the feed tells it."""
    active = condition.state == "Active"
    losses = [outcome.loss for outcome in condition.outcomes.values()]
    limit = text(condition.given.limit)
    return {
        "id": condition.id,
        "gameId": condition.game.id,
        "state": condition.state,
        "hidden": False,
        "isPrematchEnabled": condition.given.prematch,
        "isLiveEnabled": condition.given.live,
        "isCashoutEnabled": True,
        "maxConditionPotentialLoss": limit,
        "maxOutcomePotentialLoss": limit,
        "currentConditionPotentialLoss": text(max(losses, default=ZERO)),
        "outcomes": [
            {
                "outcomeId": outcome.id,
                "title": outcome.title,
                "currentOdds": text(outcome.odds),
                "turnover": text(outcome.staked),
                "potentialLoss": text(outcome.loss),
                # An inactive condition says that all its outcomes are stopped.
                "state": outcome.state if active else "Stopped",
                "hidden": False,
            }
            for outcome in condition.outcomes.values()
        ],
    }


def game_frame(game: Game) -> dict[str, Any]:
    """Return a game as the feed tells it."""
    given = game.given
    return {
        "id": game.id,
        "sportId": given.sport_id,
        "country": given.country,
        "league": given.league,
        "state": game.state,
        "startsAt": game.starts,
        "participants": game.participants,
        "title": given.title,
    }
