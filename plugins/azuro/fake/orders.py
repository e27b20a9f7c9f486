"""
An order as the backend keeps it, and as it shows it.
"""

from decimal import Decimal
from typing import Any

import msgspec

from .fates import ORDINARY, OrderFate, Refusal
from .units import from_units, iso, number, text

#: States in which an order is still under way.
UNDER_WAY = ("Created", "Placed", "Sent")
#: States in which its bet is on the chain and counts.
STANDING = ("Accepted", "PendingCancel", "CancelFailed")


class OrderLeg(msgspec.Struct, kw_only=True):
    """One leg of an order; `price` is what it was given, or would be given now."""

    condition: str
    outcome: int
    game: str
    game_state: str
    price: Decimal
    result: str | None = None


class BetOrder(msgspec.Struct, kw_only=True):
    """
    An order.

    Attributes:
        id: `<bettor>_<nonce>`.
        state: see `UNDER_WAY` and `STANDING`; or `Rejected`, `Canceled`, `Settled`.
        amount, fee: base units.
        min_odds: raw.
        odds: of the whole order.
        expires: seconds.
        core, chain_id: as they were signed. signer: who signed, None where nobody can have.
        tx_hash, bet_id: set once it is sent, and once it is on the chain.
        result: `Won`, `Lost` or `Canceled`.
        cashed_out: what it was bought for, in base units.
        payout: base units; what was or will be paid.
        at_once: it was refused in the answer to the request: the backend never took it.
        states: every state it was in, with its time.
        looks: how often it was looked at. answered: a request for it was answered.
        stuck: the backend does nothing about it any more, whatever the time.
    """

    id: str
    environment: str
    bettor: str
    owner: str
    affiliate: str
    core: str
    combo: bool
    amount: int
    fee: int
    min_odds: int
    nonce: int
    expires: int
    chain_id: int
    signer: str | None
    bonus: str | None
    legs: list[OrderLeg]
    odds: Decimal
    created_ms: int
    decimals: int
    fate: OrderFate = ORDINARY
    state: str = "Created"
    tx_hash: str | None = None
    bet_id: int | None = None
    result: str | None = None
    payout: int | None = None
    error: str | None = None
    message: str | None = None
    at_once: bool = False
    settled_ms: int | None = None
    redeemed_ms: int | None = None
    cashed_out: int | None = None
    states: list[tuple[int, str]] = []
    looks: int = 0
    answered: bool = False
    stuck: bool = False

    @property
    def stake(self) -> Decimal:
        """The stake in the bet token."""
        return from_units(self.amount, self.decimals)

    def turn(self, state: str, now_ms: int) -> None:
        """Enter a state."""
        self.state = state
        self.states.append((now_ms, state))

    def reject(self, refusal: Refusal, now_ms: int) -> None:
        """End without a bet."""
        self.error, self.message = refusal.error, refusal.message or None
        self.turn("Rejected", now_ms)

    def receipt(self) -> dict[str, Any]:
        """Return it as the answer to the request."""
        body: dict[str, Any] = {"id": self.id, "state": self.state}
        if self.error:
            body["error"] = self.error
        if self.message:
            body["errorMessage"] = self.message
        return body

    def to_json(self) -> dict[str, Any]:
        """Return it as it is looked up; its looks are counted by whoever calls."""
        shown = self.state
        if self.fate.strange_state and self.looks <= self.fate.strange_looks:
            shown = self.fate.strange_state
        payout = None if self.payout is None else number(from_units(self.payout, self.decimals))
        body: dict[str, Any] = {
            "id": self.id,
            "state": shown,
            "environment": self.environment,
            "betType": "COMBO" if self.combo else "ORDINARY",
            "core": self.core,
            "bettor": self.bettor,
            "owner": self.owner,
            "affiliate": self.affiliate,
            "amount": number(self.stake),
            "payout": payout,
            "odds": number(self.odds),
            "bonusId": self.bonus,
            "isFreebet": self.bonus is not None,
            "betId": self.bet_id,
            "txHash": self.tx_hash,
            "margin": "0.07",
            "settledMargin": "0.07" if self.settled_ms is not None else None,
            "result": self.result,
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.states[-1][0] if self.states else self.created_ms),
            "settledAt": iso(self.settled_ms),
            "redeemedAt": iso(self.redeemed_ms),
            "conditions": [self._leg(leg) for leg in self.legs],
            "meta": self._meta(),
            "error": self.error,
            "errorMessage": self.message,
        }
        return body | dict.fromkeys(self.fate.nulls)

    def _meta(self) -> dict[str, Any] | None:
        """Return what the index of the chain adds; here it is quick, and knows of sales only."""
        if self.cashed_out is None:
            return None
        payout = text(from_units(self.cashed_out, self.decimals))
        return {"isCashedOut": True, "isRedeemed": True, "cashout": {"payout": payout}}

    def _leg(self, leg: OrderLeg) -> dict[str, Any]:
        return {
            "conditionId": leg.condition,
            "outcomeId": leg.outcome,
            "orderId": self.id,
            "gameId": leg.game,
            "gameState": leg.game_state,
            "conditionMargin": "0.07",
            "selectionMargin": "0.07",
            "settledSelectionMargin": None if leg.result is None else "0.07",
            "result": leg.result,
            "price": text(leg.price),
            "potentialAmount": text(self.stake),
            "potentialLoss": text(self.stake * (leg.price - 1)),
        }
