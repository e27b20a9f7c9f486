"""
The desk that anybody may ask: metadata, sports, leagues, markets, books, the public tape.
"""

from typing import Any

from aiohttp import web

from xarb_runtime.domain.money import parse_duration_ms

from .desk import Floor, success
from .model import Market, Row
from .odds import units
from .reading import page
from .refusals import Refusal, malformed
from .rows import book_row, iso, market_row, public_trade_row, trades_of

_MOST_HASHES = 30
_MOST_MARKETS = 100
_NOT_STARTED, _IN_PROGRESS = 1, 2
_EMPTY_VERSION = "0" * 23


class ReferenceDesk:
    """Answers that need no key."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._settings = floor.settings

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/metadata/obv3", self.metadata),
            web.get("/sports", self.sports),
            web.get("/leagues", self.leagues),
            web.get("/leagues/active", self.active_leagues),
            web.get("/leagues/teams/{id}", self.teams_of_league),
            web.get("/teams", self.teams),
            web.get("/fixture/active", self.fixtures),
            web.get("/fixture/status", self.fixture_status),
            web.get("/live-scores", self.nothing),
            web.get("/markets/active", self.markets),
            web.get("/markets/find", self.find_markets),
            web.get("/markets/popular", self.popular),
            web.get("/orderbook-v3/snapshot", self.book),
            web.get("/trades-v3/public", self.tape),
        ]

    async def metadata(self, _: web.Request) -> Any:
        """What one has to know to trade."""
        settings, delays = self._settings, self._settings.delays
        domain = {
            "name": "OBv3 Escrow",
            "version": "1",
            "chainId": settings.chain_id,
            "verifyingContract": settings.escrow,
        }
        asset = {
            "symbol": "USDC",
            "baseToken": settings.base_token,
            "escrowAddress": settings.escrow,
            "decimals": 6,
        }
        delay = {
            "pregameMsDefault": parse_duration_ms(delays.pregame),
            "liveMsDefault": parse_duration_ms(delays.live),
            "leagueIdToMs": _by_id(delays.live_by_league),
            "sportIdToMs": _by_id(delays.live_by_sport),
        }
        limits = {
            "orderSizeMinimum": str(settings.minimum),
            "orderSizeMinimumBaseUnits": str(units(settings.minimum)),
            "minRestingOrderSizeBaseUnits": str(units(settings.minimum_resting)),
            "maxCreateOrders": settings.most_orders,
            "maxCancelOrders": settings.most_cancels,
        }
        return success(
            {
                "chainId": settings.chain_id,
                "domain": domain,
                "activeAsset": asset,
                "oddsLadderStepSize": settings.ladder,
                "bettingDelay": delay,
                "limits": limits,
                "transferToProxyExecutorAddress": settings.executor,
            }
        )

    # -- Sports ----------------------------------------------------------------------------------

    def _markets(self) -> list[Market]:
        return list(self._floor.house.markets.values())

    async def sports(self, _: web.Request) -> Any:
        """All sports."""
        sports = sorted({market.settings.sport for market in self._markets()})
        return success([{"sportId": sport, "label": f"Sport {sport}"} for sport in sports])

    def _leagues(self, request: web.Request) -> list[Row]:
        sport = request.query.get("sportId")
        found: dict[int, Row] = {}
        for market in self._markets():
            about = market.settings
            if sport is None or str(about.sport) == sport:
                row: Row = {
                    "leagueId": about.league,
                    "label": f"League {about.league}",
                    "sportId": about.sport,
                    "active": True,
                }
                found.setdefault(about.league, row)
        return list(found.values())

    async def leagues(self, request: web.Request) -> Any:
        """All leagues, of one sport where it is named."""
        return success(self._leagues(request))

    async def active_leagues(self, request: web.Request) -> Any:
        """Leagues with markets, and how many events they have."""
        return success(
            [row | {"eventsByType": {"game-lines": 1}} for row in self._leagues(request)]
        )

    async def teams_of_league(self, request: web.Request) -> Any:
        """The teams of a league."""
        league = request.match_info["id"]
        markets = [it for it in self._markets() if str(it.settings.league) == league]
        return success({"teams": _teams(markets)})

    async def teams(self, _: web.Request) -> Any:
        """All teams."""
        return success({"teams": _teams(self._markets())})

    async def fixtures(self, request: web.Request) -> Any:
        """The events of a league."""
        league = request.query.get("leagueId")
        if league is None:
            raise malformed("leagueId must be a number string")
        found = {
            market.settings.event: _fixture(market)
            for market in self._markets()
            if str(market.settings.league) == league
        }
        return success(list(found.values()))

    async def fixture_status(self, request: web.Request) -> Any:
        """Where events are."""
        wanted = request.query.get("sportXEventIds", "").split(",")
        return success(
            {
                market.settings.event: _fixture(market)["status"]
                for market in self._markets()
                if market.settings.event in wanted
            }
        )

    async def nothing(self, _: web.Request) -> Any:
        """Nobody keeps scores here."""
        return success([])

    # -- Markets ---------------------------------------------------------------------------------

    async def markets(self, request: web.Request) -> Any:
        """Active markets, page by page. The filter by event is ignored, as it is in real life."""
        query = request.query
        size, start = query.get("pageSize", "50"), query.get("paginationKey") or "0"
        if not size.isdecimal() or not 0 < int(size) <= _MOST_MARKETS or not start.isdecimal():
            raise malformed(f"pageSize must be an integer number from 1 to {_MOST_MARKETS}")
        wanted = [it for it in self._markets() if it.active and _is_wanted(it, query)]
        end = int(start) + int(size)
        found: Row = {"markets": [market_row(it) for it in wanted[int(start) : end]]}
        if end < len(wanted):
            found["nextKey"] = str(end)
        return success(found)

    async def find_markets(self, request: web.Request) -> Any:
        """Markets by their hashes, settled ones too."""
        hashes = request.query.get("marketHashes", "").split(",")
        if len(hashes) > _MOST_HASHES or not all(it.startswith("0x") for it in hashes):
            raise Refusal(400, "BAD_MARKET_HASHES")
        found = [self._floor.house.market(it) for it in hashes]
        return success([market_row(market) for market in found if market is not None])

    async def popular(self, _: web.Request) -> Any:
        """Some markets."""
        return success([market_row(it) for it in self._markets() if it.active][:10])

    # -- Books and tape --------------------------------------------------------------------------

    async def book(self, request: web.Request) -> Any:
        """The book of a market; of one that does not exist, an empty one."""
        market_hash = request.query.get("marketHash", "")
        if not market_hash:
            raise malformed("marketHash must be a 32-byte hex string")
        market = self._floor.house.market(market_hash)
        if market is None:
            empty: Row = {"marketHash": market_hash, "outcomeOne": [], "outcomeTwo": []}
            return success(empty | {"version": _EMPTY_VERSION})
        takers = request.query.get("showTakerPerspective", "false").lower() == "true"
        return success(book_row(market, takers=takers))

    async def tape(self, request: web.Request) -> Any:
        """What takers have taken, newest first."""
        wanted = request.query.get("marketHash")
        fills = [
            fill
            for fill in self._floor.exchange.clearing.fills
            if not fill.is_maker and wanted in {None, fill.order.market}
        ]
        trades, key = page(trades_of(fills)[::-1], request.query)
        markets = self._floor.house.markets
        rows = [public_trade_row(trade, markets[trade[0].order.market]) for trade in trades]
        return success({"trades": rows, "nextKey": key})


def _by_id(durations: dict[int, str]) -> dict[str, int]:
    return {str(key): parse_duration_ms(text) for key, text in durations.items()}


def _teams(markets: list[Market]) -> list[Row]:
    names = {name for it in markets for name in (it.settings.outcome_one, it.settings.outcome_two)}
    return [{"id": number, "name": name} for number, name in enumerate(sorted(names), start=1)]


def _fixture(market: Market) -> Row:
    about = market.settings
    return {
        "participantOneName": about.outcome_one,
        "participantTwoName": about.outcome_two,
        "startDate": iso(market.game_s * 1000),
        "status": _IN_PROGRESS if about.live else _NOT_STARTED,
        "leagueId": about.league,
        "leagueLabel": f"League {about.league}",
        "sportId": about.sport,
        "eventId": about.event,
    }


def _is_wanted(market: Market, query: Any) -> bool:
    about = market.settings
    league, sports = query.get("leagueId"), query.get("sportIds")
    live_only = query.get("liveOnly", "false").lower() == "true"
    types = query.get("type")
    return (
        league in {None, str(about.league)}
        and (sports is None or str(about.sport) in sports.split(","))
        and (types is None or str(about.type) in types.split(","))
        and (about.live or not live_only)
    )
