"""
The desk that takes orders: reads them, checks what is checked at once, and hands them on.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from xarb_runtime.domain.money import ZERO

from . import bodies, typed
from .checks import CHECKS, Name, first_refusal
from .fates import OrderFate, Refusal
from .orders import BetOrder, OrderLeg
from .relayer import Relayer
from .replies import ProblemError
from .units import combo_odds
from .world import World

_HTTP_CREATED = 201
_HTTP_CONFLICT = 409


class Desk:
    """Takes orders."""

    def __init__(self, world: World, relayer: Relayer) -> None:
        self._world, self._relayer = world, relayer

    def take(self, body: Mapping[str, Any], *, combo: bool) -> tuple[int, dict[str, Any], BetOrder]:
        """
        Take an order whose body is well formed.

        Return the HTTP status, the answer, and the order: a new one, or the one that it repeats.

        Raises:
            ProblemError, ConnectionResetError: it is destined not to arrive.
        """
        order = self._read(body, combo=combo)
        known = self._world.orders.get(order.id)
        if known is not None:
            return *self._repeated(known), known
        games = {leg.game for leg in order.legs}
        if combo and len(games) < len(order.legs):
            refusal = Refusal("BadData", "Different games in one order")
            order.reject(refusal, order.created_ms)
            return _HTTP_CONFLICT, order.receipt(), order
        order.fate = self._world.fate_of(order)
        _check_arrival(order.fate)
        refusal = order.fate.refusal or first_refusal(self._world, order, self._checks("sync"))
        if refusal is not None:
            return *self._refused(order, refusal), order
        self._world.orders[order.id] = order
        order.turn("Created", order.created_ms)
        self._relayer.hand_over(order, self._checks("async"))
        receipt = order.receipt()
        if order.fate.sticks:
            self._relayer.stick(order)
        if order.fate.vanishes:
            self._relayer.lose(order)
        return _HTTP_CREATED, receipt, order

    def _refused(self, order: BetOrder, refusal: Refusal) -> tuple[int, dict[str, Any]]:
        order.reject(refusal, order.created_ms)
        order.at_once = True
        if self._world.settings.keeps_refused:
            self._world.orders[order.id] = order
        return self._world.settings.refusal_status, order.receipt()

    def _repeated(self, known: BetOrder) -> tuple[int, dict[str, Any]]:
        match self._world.settings.repeats:
            case "existing":
                return _HTTP_CREATED, known.receipt()
            case "conflict":
                message = "Order with this nonce already exists"
                body = {"statusCode": _HTTP_CONFLICT, "message": message, "error": "Conflict"}
                return _HTTP_CONFLICT, body
            case "invalid_nonce":
                body = {"id": known.id, "state": "Rejected", "error": "TransactionFailed"}
                return self._world.settings.refusal_status, body | {"errorMessage": "InvalidNonce"}

    def _checks(self, when: str) -> tuple[Name, ...]:
        chosen = self._world.settings.checks
        return tuple(name for name in CHECKS if getattr(chosen, name) == when)

    def _read(self, body: Mapping[str, Any], *, combo: bool) -> BetOrder:
        data = bodies.part(body, "clientBetData")
        client = bodies.part(data, "clientData")
        stake = data if combo else bodies.part(data, "bet")
        given = data["bets"] if combo else [stake]
        legs = [self._leg(str(leg["conditionId"]), int(leg["outcomeId"])) for leg in given]
        prices = [leg.price for leg in legs]
        bettor, nonce = str(body["bettor"]), int(stake["nonce"])
        return BetOrder(
            id=f"{bettor}_{nonce}",
            environment=str(body["environment"]),
            bettor=bettor,
            owner=str(body["betOwner"]),
            affiliate=str(client["affiliate"]),
            core=str(client["core"]),
            combo=combo,
            amount=int(stake["amount"]),
            fee=int(client["relayerFeeAmount"]),
            min_odds=int(stake["minOdds"]),
            nonce=nonce,
            expires=int(client["expiresAt"]),
            chain_id=int(client["chainId"]),
            signer=_signer(client, stake, str(body["bettorSignature"]), combo=combo),
            bonus=body.get("bonusId"),
            legs=legs,
            odds=combo_odds(prices)[0] if combo else prices[0],
            created_ms=self._world.now_ms,
            decimals=self._world.chain.decimals,
        )

    def _leg(self, condition: str, outcome: int) -> OrderLeg:
        try:
            place, found = self._world.market.find(condition, outcome)
        except LookupError:
            return OrderLeg(
                condition=condition,
                outcome=outcome,
                game="",
                game_state="Live",
                price=ZERO,
            )
        game = place.game
        return OrderLeg(
            condition=condition,
            outcome=outcome,
            game=game.id,
            game_state="Prematch" if game.state == "Prematch" else "Live",
            price=found.odds,
        )


def _check_arrival(fate: OrderFate) -> None:
    if fate.answer == "error":
        raise ProblemError(HTTPStatus.BAD_GATEWAY, "Bad Gateway")
    if fate.answer == "reset":
        message = "the order never arrives"
        raise ConnectionResetError(message)


def _signer(
    client: Mapping[str, Any], stake: Mapping[str, Any], signature: str, *, combo: bool
) -> str | None:
    names = (
        ("minOdds", "amount", "nonce", "bets")
        if combo
        else ("conditionId", "outcomeId", "minOdds", "amount", "nonce")
    )
    data = {name: stake[name] for name in names}
    try:
        message = typed.combo_bet(client, data) if combo else typed.single_bet(client, data)
    except (ValueError, TypeError, OverflowError):
        return None  # a number that does not fit its type: nobody can have signed it
    return typed.signer(message, signature)
