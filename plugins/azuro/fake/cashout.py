"""
Cashouts: the one way to leave a bet early, where there is one.
"""

from decimal import ROUND_DOWN, Decimal
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from .bodies import check_ids, part
from .ledger import CashedOut, ChainBet, Receipt
from .orders import STANDING, BetOrder
from .replies import ProblemError, json_of, reply
from .typed import cashout_order, signer
from .units import from_raw, text, to_raw
from .world import World

_MARGIN, _MARGIN_MIN = Decimal("0.95"), Decimal("0.97")
_CENT = Decimal("0.01")
_VALID_MS, _MINED_MS = 30_000, 4_000


class CashoutOrder(msgspec.Struct, kw_only=True):
    """A cashout that was asked for; `state` is PROCESSING, ACCEPTED or REJECTED."""

    id: str
    bet: BetOrder
    raw: int
    state: str = "PROCESSING"
    tx_hash: str | None = None
    error: str | None = None


class _Offer(msgspec.Struct, frozen=True, kw_only=True):
    bet: BetOrder
    odds: Decimal
    expires: int


class CashoutRoutes:
    """
    What can be done about cashouts.

    Attributes:
        served: if not, all paths are 404.
        next_error: the next cashout is rejected with this error.
        lost: the next cashout is taken, and the connection breaks before the answer.
        orders: all cashouts, by id.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._offers: dict[str, _Offer] = {}
        self.served = world.settings.cashout
        self.next_error = ""
        self.lost = False
        self.orders: dict[str, CashoutOrder] = {}

    def routes(self, base: str) -> list[web.RouteDef]:
        """Return the routes."""
        root = f"{base}/cashout"
        return [
            web.post(f"{root}/get-available", self.available),
            web.post(f"{root}/get-calculation", self.calculation),
            web.post(f"{root}/create", self.create),
            web.get(f"{root}/{{id}}", self.order),
        ]

    async def available(self, request: web.Request) -> web.Response:
        """Answer which conditions can be cashed out, and at what prices."""
        self._check_served(request)
        ids = check_ids(await json_of(request), "conditionIds", environment=False)
        known = self._world.market.conditions
        availables = [
            {
                "conditionId": one,
                "available": known[one].state == "Active",
                "outcomes": [
                    {"outcomeId": outcome.id, "price": text(outcome.odds)}
                    for outcome in known[one].outcomes.values()
                ],
            }
            for one in ids
            if one in known
        ]
        body = {"margin": text(_MARGIN), "marginMin": text(_MARGIN_MIN), "availables": availables}
        return reply(body, HTTPStatus.CREATED)

    async def calculation(self, request: web.Request) -> web.Response:
        """Answer an offer for a bet; 404 where there is none."""
        self._check_served(request)
        body = part(await json_of(request))
        bet = self._bet(str(body.get("betId", "")), str(body.get("owner", "")))
        odds, world = self._odds(bet), self._world
        key = f"{bet.environment}_{bet.owner}_{bet.bet_id}"
        expires_ms = world.now_ms + _VALID_MS
        self._offers[key] = _Offer(bet=bet, odds=odds, expires=expires_ms // 1000)
        answer = {
            "calculationId": key,
            "owner": bet.owner,
            "environment": bet.environment,
            "betId": body["betId"],
            "cashoutAmount": text(bet.stake * odds),
            "cashoutOdds": text(odds),
            "expiredAt": expires_ms // 1000,
            "approveExpiredAt": expires_ms,
            "isLive": any(leg.game_state == "Live" for leg in bet.legs),
        }
        return reply(answer, HTTPStatus.CREATED)

    async def create(self, request: web.Request) -> web.Response:
        """Take a cashout."""
        self._check_served(request)
        body = part(await json_of(request))
        offer = self._offers.get(str(body.get("calculationId", "")))
        if offer is None:
            raise _problem(HTTPStatus.NOT_FOUND, "Calculation not found", "calculation_not_found")
        key = str(body["calculationId"])
        known = self.orders.get(key)
        if known is not None and known.state != "REJECTED":
            raise _problem(
                HTTPStatus.CONFLICT, "Cashout order already exists", "cashout_order_already_exists"
            )
        if self._signer(offer, part(body, "signature")) != offer.bet.owner:
            raise _problem(
                HTTPStatus.BAD_REQUEST,
                "Owner signature is not verified",
                "owner_signature_not_verified",
            )
        order = CashoutOrder(id=key, bet=offer.bet, raw=to_raw(offer.odds))
        self.orders[key] = order
        due_ms = self._world.now_ms + self._world.scaled(_MINED_MS)
        self._world.agenda.at(due_ms, lambda: self._mine(order, offer))
        if self.lost:
            self.lost = False
            message = "the answer is lost"
            raise ConnectionResetError(message)
        return reply({"id": key, "state": order.state}, HTTPStatus.CREATED)

    async def order(self, request: web.Request) -> web.Response:
        """Answer one cashout."""
        self._check_served(request)
        order = self.orders.get(request.match_info["id"])
        if order is None:
            raise _problem(HTTPStatus.NOT_FOUND, "Order not found", "order_not_found")
        body = {"id": order.id, "state": order.state, "txHash": order.tx_hash}
        return reply(body | {"error": order.error, "errorMessage": order.error})

    def _check_served(self, request: web.Request) -> None:
        if not self.served:
            message = f"Cannot {request.method} {request.path}"
            raise ProblemError(HTTPStatus.NOT_FOUND, message)

    def _bet(self, key: str, owner: str) -> BetOrder:
        core, _, token = key.partition("_")
        for order in self._world.orders.values():
            known = core == self._world.chain.core.lower() and str(order.bet_id) == token
            if known and order.owner == owner.lower():
                if order.state in STANDING and not self._chain_bet(order).paid:
                    return order
                break
        raise _problem(HTTPStatus.NOT_FOUND, "Bet not found", "bet_not_found")

    def _chain_bet(self, order: BetOrder) -> ChainBet:
        return self._world.ledger.bets[order.bet_id or 0]

    def _odds(self, bet: BetOrder) -> Decimal:
        odds = Decimal(1)
        for leg in bet.legs:
            condition, outcome = self._world.market.find(leg.condition, leg.outcome)
            if condition.obstacle(outcome):
                raise _problem(
                    HTTPStatus.NOT_FOUND,
                    "Bet is not available to cashout",
                    "bet_not_available_to_cashout",
                )
            odds *= leg.price / outcome.odds
        margin = _MARGIN_MIN if odds == 1 else _MARGIN
        return (odds * margin).quantize(_CENT, ROUND_DOWN)

    def _signer(self, offer: _Offer, signature: dict[str, Any]) -> str | None:
        chain = self._world.chain
        contract = str(signature.get("bettingContract"))
        if contract.lower() != chain.core.lower():
            return None
        item = {
            "betId": offer.bet.bet_id,
            "bettingContract": contract,
            "minOdds": to_raw(offer.odds),
        }
        message = cashout_order(
            chain.chain_id, chain.cashout, str(signature.get("attention")), item, offer.expires
        )
        return signer(message, str(signature.get("ownerSignature")))

    def _mine(self, order: CashoutOrder, offer: _Offer) -> None:
        world, bet = self._world, self._chain_bet(order.bet)
        order.error, self.next_error = self.next_error or self._obstacle(order, offer), ""
        if order.error:
            order.state = "REJECTED"
            return
        order.error = None
        order.tx_hash, order.state = world.ledger.new_hash(), "ACCEPTED"
        paid = world.ledger.cash_out(bet.token_id, order.raw)
        bet.owner = world.chain.cashout.lower()
        order.bet.redeemed_ms = world.now_ms
        order.bet.cashed_out = paid
        world.expose(order.bet, -1)
        world.ledger.receipts[order.tx_hash] = Receipt(
            tx_hash=order.tx_hash,
            block=world.block,
            succeeded=True,
            sender=order.bet.owner,
            to=world.chain.cashout,
            cashed_out=CashedOut(bet.token_id, order.bet.owner, order.raw, paid),
        )

    def _obstacle(self, order: CashoutOrder, offer: _Offer) -> str:
        world, bet = self._world, self._chain_bet(order.bet)
        if order.bet.result is not None or any(leg.result for leg in bet.legs):
            return "BetAlreadyResolved"
        if offer.expires * 1000 <= world.now_ms:
            return "BetOwnerSignatureExpired"
        if order.bet.owner not in world.ledger.approvals:
            return "BetNotOwned"
        return "" if from_raw(order.raw) > 0 else "InvalidOdds"


def _problem(status: HTTPStatus, message: str, code: str) -> ProblemError:
    return ProblemError(status, message, f"cashout.{code}")
