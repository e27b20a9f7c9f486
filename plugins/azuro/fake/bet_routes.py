"""
The routes of limits, fees and orders.
"""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from .bodies import check_calculation, check_combo, check_single, part
from .desk import Desk
from .faults import GATEWAY_PAGE
from .feed import Feed
from .orders import BetOrder
from .replies import ProblemError, json_of, reply
from .units import combo_odds, number, text
from .world import World

_GAS_LIMIT = 715_097
_LONGEST_LIST = 100


class BetRoutes:
    """What can be done about bets."""

    def __init__(self, world: World, desk: Desk, feed: Feed) -> None:
        self._world, self._desk, self._feed = world, desk, feed

    def routes(self, base: str) -> list[web.RouteDef]:
        """Return the routes."""
        root = f"{base}/bet"
        return [
            web.post(f"{root}/calculation", self.calculation),
            web.get(f"{root}/gas-info", self.gas_info),
            web.post(f"{root}/orders/ordinar", self.single),
            web.post(f"{root}/orders/combo", self.combo),
            web.get(f"{root}/orders/bettor/{{bettor}}", self.listing),
            web.get(f"{root}/orders/{{id}}", self.order),
        ]

    async def calculation(self, request: web.Request) -> web.Response:
        """Answer the limits of a bet, for a wallet."""
        body = await json_of(request)
        check_calculation(body)
        try:
            legs = [
                self._world.market.find(str(bet["conditionId"]), bet["outcomeId"])
                for bet in body["bets"]
            ]
        except LookupError:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "Condition not found") from None
        prices = [outcome.odds for _, outcome in legs]
        odds = prices[0] if len(prices) == 1 else combo_odds(prices)[0]
        limit = self._world.max_bet(part(body).get("wallet"), legs)
        answer = {
            "environment": body["environment"],
            "minBet": number(self._world.settings.min_bet),
            "maxBet": number(limit),
            "maxPayout": text(limit * odds),
        }
        return reply({"response": answer}, HTTPStatus.CREATED)

    async def gas_info(self, request: web.Request) -> web.Response:
        """Answer what the relayer asks for an order."""
        if request.query.get("environment") != self._world.settings.environment:
            raise ProblemError(HTTPStatus.BAD_REQUEST, ["environment must be a valid enum value"])
        fee, chain = self._world.fee, self._world.chain
        beauty = text(self._world.money(fee))
        answer: dict[str, Any] = {
            "gasLimit": _GAS_LIMIT,
            "gasPrice": 0,
            "betTokenRate": 1,
            "gasPriceInBetToken": 0,
            "slippage": 0.05,
            "gasAmount": fee,
            "relayerFeeAmount": str(fee),
            "beautyRelayerFeeAmount": beauty if "." in beauty else f"{beauty}.0",
            "symbol": chain.symbol,
            "decimals": chain.decimals,
        }
        return reply(answer)

    async def single(self, request: web.Request) -> web.Response:
        """Take a single bet."""
        body = await json_of(request)
        check_single(body)
        return await self._answer(*self._desk.take(body, combo=False))

    async def combo(self, request: web.Request) -> web.Response:
        """Take a combo."""
        body = await json_of(request)
        check_combo(body)
        return await self._answer(*self._desk.take(body, combo=True))

    async def order(self, request: web.Request) -> web.Response:
        """Answer one order."""
        order = self._world.orders.get(request.match_info["id"])
        if order is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "Order not found")
        order.looks += 1
        if order.looks <= order.fate.unseen:
            raise ProblemError(HTTPStatus.NOT_FOUND, "Order not found")
        return reply(order.to_json())

    async def listing(self, request: web.Request) -> web.Response:
        """Answer the orders of a bettor, newest first."""
        asked = request.query
        bettor = request.match_info["bettor"].lower()
        if asked.get("environment") is None:
            raise ProblemError(HTTPStatus.BAD_REQUEST, ["environment must be a valid enum value"])
        states, results = asked.getall("states", []), asked.getall("result", [])
        redeemed = asked.get("isRedeemed")
        found = [
            order
            for order in reversed(self._world.orders.values())
            if bettor == order.bettor
            and asked["environment"] == order.environment
            and not _is_unlisted(order)
            and (not states or order.state in states)
            and (not results or order.result in results)
            and (redeemed is None or (order.redeemed_ms is not None) == (redeemed == "true"))
            and asked.get("affiliate", order.affiliate).lower() == order.affiliate.lower()
        ]
        offset, limit = _count(asked.get("offset", "0")), _count(asked.get("limit", "100"))
        shown = found[offset : offset + min(limit, _LONGEST_LIST)]
        return reply({"orders": [order.to_json() for order in shown]})

    async def _answer(self, status: int, body: dict[str, Any], order: BetOrder) -> web.Response:
        first, order.answered = not order.answered, True
        if not first or order.at_once:
            return reply(body, status)
        fate = order.fate
        if fate.breaks_streams:
            self._feed.drop()
        await self._world.pause(fate.slow_ms)
        if fate.lost:
            message = "the answer is lost"
            raise ConnectionResetError(message)
        if fate.answer == "error_after":
            raise ProblemError(HTTPStatus.BAD_GATEWAY, "Bad Gateway")
        if fate.answer == "garbage":
            return web.Response(text=GATEWAY_PAGE, content_type="text/html")
        return reply(body, status)


def _count(given: str) -> int:
    if not (given.isascii() and given.isdigit()):
        raise ProblemError(HTTPStatus.BAD_REQUEST, ["offset and limit must be integers"])
    return int(given)


def _is_unlisted(order: BetOrder) -> bool:
    return order.fate.unlisted and order.looks < order.fate.unseen
