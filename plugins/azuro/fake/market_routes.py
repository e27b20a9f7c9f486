"""
The routes of games, conditions and odds.
"""

from collections.abc import Iterable
from decimal import Decimal
from http import HTTPStatus
from itertools import groupby
from math import ceil
from typing import Any

from aiohttp import web

from .bodies import check_ids
from .games import Condition, Game
from .replies import ProblemError, json_of, reply
from .shapes import brief, detailed, listed, slug
from .world import World

_LEAST_PAGE = 10
_LEAST_SEARCH = 3
_NEEDED = {
    "gameState": ("Prematch", "Live"),
    "orderBy": ("startsAt", "turnover"),
    "orderDirection": ("asc", "desc"),
}


class MarketRoutes:
    """What can be asked about the market."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self, base: str) -> list[web.RouteDef]:
        """Return the routes."""
        root = f"{base}/market-manager"
        return [
            web.get(f"{root}/games-by-filters", self.games_by_filters),
            web.get(f"{root}/sports", self.sports),
            web.get(f"{root}/navigation", self.navigation),
            web.get(f"{root}/search", self.search),
            web.get(f"{root}/predefined-combo", self.predefined_combo),
            web.post(f"{root}/games-by-ids", self.games_by_ids),
            web.post(f"{root}/conditions-by-game-ids", self.conditions_by_game_ids),
            web.post(f"{root}/condition-batch", self.condition_batch),
        ]

    async def games_by_filters(self, request: web.Request) -> web.Response:
        """Answer a page of games."""
        page, per_page = _page(request)
        games = self._chosen(request)
        shown = games[(page - 1) * per_page : page * per_page]
        body = {
            "games": [listed(game) for game in shown],
            "page": page,
            "perPage": per_page,
            "total": len(games),
            "totalPages": ceil(len(games) / per_page),
        }
        return reply(body)

    async def sports(self, request: web.Request) -> web.Response:
        """Answer games by sport, country and league."""
        return reply({"sports": [_sport(games) for games in _by(self._chosen(request), _sport_id)]})

    async def navigation(self, request: web.Request) -> web.Response:
        """Answer how many games there are of each sport."""
        self._check_environment(request)
        every = [game for game in self._world.market.games.values() if _is_open(game)]
        return reply({"sports": [_counted(games) for games in _by(every, _sport_id)]})

    async def search(self, request: web.Request) -> web.Response:
        """Answer games by part of their title."""
        self._check_environment(request)
        wanted = request.query.get("request", "")
        if len(wanted) < _LEAST_SEARCH:
            fault = "request must be longer than or equal to 3 characters"
            raise ProblemError(HTTPStatus.BAD_REQUEST, [fault])
        games = self._world.market.games.values()
        found = [game for game in games if wanted.lower() in game.given.title.lower()]
        return reply({"games": [listed(game) for game in found]})

    async def predefined_combo(self, request: web.Request) -> web.Response:
        """Answer that there are no combos to recommend."""
        self._check_environment(request)
        return reply({"comboData": []})

    async def games_by_ids(self, request: web.Request) -> web.Response:
        """Answer games by id; unknown ones are left out."""
        ids = check_ids(await json_of(request), "gameIds", environment=False)
        games = self._world.market.games
        return reply({"games": [listed(games[one]) for one in ids if one in games]})

    async def conditions_by_game_ids(self, request: web.Request) -> web.Response:
        """Answer the conditions of games; those of the API's own only where they are wanted."""
        body = await json_of(request)
        ids = check_ids(body, "gameIds", environment=True)
        games = self._world.market.games
        every = [condition for one in ids if one in games for condition in games[one].conditions]
        shown = every if body.get("extended") else [c for c in every if not c.id.startswith("5")]
        return reply({"conditions": [detailed(condition) for condition in shown]})

    async def condition_batch(self, request: web.Request) -> web.Response:
        """Answer conditions by id; unknown ones are left out."""
        body = await json_of(request)
        ids = check_ids(body, "conditionIds", environment=True)
        known = self._world.market.conditions
        here = body["environment"] == self._world.settings.environment
        shown: list[Condition] = [known[one] for one in ids if one in known and here]
        return reply({"conditions": [brief(condition) for condition in shown]})

    def _check_environment(self, request: web.Request) -> None:
        if not request.query.get("environment"):
            raise ProblemError(HTTPStatus.BAD_REQUEST, ["environment must be a string"])

    def _chosen(self, request: web.Request) -> list[Game]:
        asked = request.query
        self._check_environment(request)
        faults = [
            f"{name} must be one of the following values: {', '.join(allowed)}"
            for name, allowed in _NEEDED.items()
            if asked.get(name) not in allowed
        ]
        if faults:
            raise ProblemError(HTTPStatus.BAD_REQUEST, faults)
        if asked["environment"] != self._world.settings.environment:
            return []
        sports = asked.getall("sportId", [])
        games = [
            game
            for game in self._world.market.games.values()
            if game.state == asked["gameState"]
            and (not sports or str(game.given.sport_id) in sports)
            and asked.get("sportSlug", game.given.sport) == game.given.sport
            and asked.get("leagueSlug", slug(game.given.league)) == slug(game.given.league)
        ]
        by_start = asked["orderBy"] == "startsAt"
        return sorted(
            games,
            key=_starts if by_start else _turnover,
            reverse=asked["orderDirection"] == "desc",
        )


def _page(request: web.Request) -> tuple[int, int]:
    page, per_page = request.query.get("page", ""), request.query.get("perPage", "10")
    faults: list[str] = []
    if not page.isdigit() or int(page) < 1:
        faults.append("page must not be less than 1")
    if not per_page.isdigit() or int(per_page) < _LEAST_PAGE:
        faults.append(f"perPage must not be less than {_LEAST_PAGE}")
    if faults:
        raise ProblemError(HTTPStatus.BAD_REQUEST, faults)
    return int(page), int(per_page)


def _starts(game: Game) -> Decimal:
    return Decimal(game.starts)


def _turnover(game: Game) -> Decimal:
    return Decimal(listed(game)["turnover"])


def _sport_id(game: Game) -> str:
    return str(game.given.sport_id)


def _country(game: Game) -> str:
    return game.given.country


def _league(game: Game) -> str:
    return game.given.league


def _by(games: Iterable[Game], key: Any) -> list[list[Game]]:
    return [list(group) for _, group in groupby(sorted(games, key=key), key)]


def _is_open(game: Game) -> bool:
    return game.state in ("Prematch", "Live")


def _named(name: str, games: list[Game]) -> dict[str, Any]:
    turnover = sum(map(_turnover, games))
    return {"slug": slug(name), "name": name, "turnover": str(turnover)}


def _sport(games: list[Game]) -> dict[str, Any]:
    given = games[0].given
    head = {"id": given.sport_id, "sportId": str(given.sport_id)} | _named(given.sport, games)
    countries = [
        _named(group[0].given.country, group)
        | {"leagues": [_league_of(x) for x in _by(group, _league)]}
        for group in _by(games, _country)
    ]
    return head | {"countries": countries}


def _league_of(games: list[Game]) -> dict[str, Any]:
    body = _named(games[0].given.league, games) | {"isTopLeague": False}
    return body | {"games": [listed(game) for game in games]}


def _counted(games: list[Game]) -> dict[str, Any]:
    given = games[0].given
    countries = [
        _head(group[0].given.country, group)
        | {"leagues": [_head(one[0].given.league, one) for one in _by(group, _league)]}
        for group in _by(games, _country)
    ]
    sport = {"id": given.sport_id, "sportId": str(given.sport_id), "slug": given.sport}
    sport |= {"name": given.sport.title(), "sportHub": listed(games[0])["sport"]["sporthub"]}
    return sport | _counts(games) | {"countries": countries}


def _head(name: str, games: list[Game]) -> dict[str, Any]:
    return {"id": slug(name)} | _named(name, games) | _counts(games)


def _counts(games: list[Game]) -> dict[str, int]:
    live = sum(game.state == "Live" for game in games)
    return {
        "activeGamesCount": len(games),
        "activeLiveGamesCount": live,
        "activePrematchGamesCount": len(games) - live,
    }
