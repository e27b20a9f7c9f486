"""
What Azuro says about an order, and what that amounts to.

`Created`, `Placed` and `Sent` are acknowledgements. An order is filled when it is in the contract:
accepted, with the number of its bet. Accepted is not for ever: until the settlement the oracle may
reject a bet, and a void gives the stake back. What is not understood is watched, never concluded
from.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import OrderReport, OrderStatus

from .terms import Terms
from .wire import fields_of, number_of, rows_of, text_of

#: States that acknowledge, in the order in which an order goes through them.
UNDER_WAY = {"Created": 1, "Placed": 2, "Pending": 2, "Sent": 3}
_ACCEPTED = {"Accepted": 5, "PendingCancel": 6, "CancelFailed": 7}
_UNHEARD_OF = 4
_UNHEARD_OF_BET = 8
_FINALLY = 10
_SETTLED = 12
_REFUSED = 13
_VOIDED = 14
#: Stages fit into this many; the venue's milliseconds are counted above them.
STAGES = 16

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Standing(StrEnum):
    """What an order has come to."""

    UNDER_WAY = "under way"  #: nothing is decided
    ACCEPTED = "accepted"  #: in the contract; may still be taken back
    SETTLED = "settled"  #: won, lost or sold
    REFUSED = "refused"  #: never got into the contract, and never will
    VOIDED = "voided"  #: was in the contract; the stake is given back


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order as the API tells of it.

    Attributes:
        id: `<bettor>_<nonce>`.
        state: as the venue calls it.
        legs: condition and outcome of each leg.
        amount, odds: of the bet, in tokens; 0 where they are not known.
        bet: the number of the bet in the contract; empty before.
        transaction: its hash; empty before. It may be reverted.
        result: `Won`, `Lost`, `Canceled`, or empty.
        sold: it was cashed out; None when the venue does not say (yet).
        payout: what it was cashed out for; None where that is not said.
        free: it is a free bet; those cannot be sold.
        created_ms, updated_ms: the venue's times; 0 where they are not known.
        code, reason: its words.
    """

    id: str
    state: str
    legs: tuple[tuple[str, str], ...]
    amount: Decimal
    odds: Decimal
    bet: str
    transaction: str
    result: str
    sold: bool | None
    payout: Decimal | None
    free: bool
    created_ms: int
    updated_ms: int
    code: str
    reason: str

    @property
    def has_bet(self) -> bool:
        """Whether it is in the contract, with all that must be known of a fill."""
        return bool(self.bet) and self.amount > 0 and self.odds > 1

    @property
    def standing(self) -> Standing:
        """What it has come to."""
        if self.sold and self.has_bet:
            return Standing.SETTLED  # whatever is said of its result later: it was paid out
        if "Canceled" in {self.state, self.result}:
            reached = self.bet or self.transaction
            return Standing.VOIDED if reached else Standing.REFUSED
        if self.state == "Rejected":
            return Standing.VOIDED if self.bet else Standing.REFUSED
        if not self.has_bet or self.state in UNDER_WAY:
            return Standing.UNDER_WAY
        return Standing.SETTLED if self.state == "Settled" else Standing.ACCEPTED

    def is_of(self, terms: Terms) -> bool:
        """Whether it is about what was ordered, and not another order under the same number."""
        return self.legs in {(), ((str(terms.condition), str(terms.outcome)),)}


def read_row(body: object) -> Row | None:
    """Return an order that the API tells of; None when it is not one."""
    given = fields_of(body)
    name, state = text_of(given.get("id")), text_of(given.get("state"))
    if not name or not state:
        return None
    legs = rows_of(given.get("conditions"))
    meta = fields_of(given.get("meta"))
    sale = fields_of(meta.get("cashout"))
    prices = [number_of(leg.get("price")) for leg in legs]
    odds = number_of(given.get("odds")) or (prices[0] if len(prices) == 1 else None)
    return Row(
        id=name.lower(),
        state=state,
        legs=tuple(_leg(leg) for leg in legs),
        amount=number_of(given.get("amount")) or ZERO,
        odds=odds or ZERO,
        bet=text_of(given.get("betId")),
        transaction=text_of(given.get("txHash")),
        result="Canceled" if meta.get("status") == "Canceled" else text_of(given.get("result")),
        sold=_is_sold(given, meta),
        payout=number_of(sale.get("payout")),
        free=given.get("isFreebet") is True,
        created_ms=_time_ms(given, "createdAt"),
        updated_ms=_time_ms(given, "updatedAt", "createdAt"),
        code=text_of(given.get("error")),
        reason=text_of(given.get("errorMessage")),
    )


def report_of(row: Row, client_id: str, now_ms: int, final_after_ms: int) -> OrderReport:
    """
    Return what an order's row amounts to.

    The sequence is the venue's time of the change, and within a millisecond the stage that the
    order is in. It is the same in every process.

    Args:
        row: as the venue tells of it.
        client_id: our name for it.
        now_ms: the time that has surely come, by our clock and by the venue's.
        final_after_ms: an acceptance that has stood so long counts as final.
    """
    standing = row.standing
    filled = standing in {Standing.ACCEPTED, Standing.SETTLED}
    stands = row.state == "Accepted" and now_ms - row.updated_ms >= final_after_ms
    final = stands or standing in {Standing.SETTLED, Standing.REFUSED, Standing.VOIDED}
    return OrderReport(
        client_id=client_id,
        sequence=row.updated_ms * STAGES + _stage(row, standing, final=final),
        time_ms=row.updated_ms,
        status=_STATUS[standing],
        filled=row.amount if filled else ZERO,
        odds=row.odds if filled else ZERO,
        final=final and standing is not Standing.UNDER_WAY,
        code=row.code or ("" if filled or standing is Standing.UNDER_WAY else row.state),
        reason=row.reason,
    )


def acknowledged(client_id: str, state: str, now_ms: int) -> OrderReport:
    """Return the report of an order that was taken a moment ago; anything heard later is newer."""
    stage = UNDER_WAY.get(state, _UNHEARD_OF)
    return OrderReport(client_id=client_id, sequence=stage, time_ms=now_ms, status=OrderStatus.OPEN)


def expired(client_id: str, bound_ms: int, heard: OrderReport | None) -> OrderReport:
    """
    Return the report of an order that somebody has heard of and that never became a bet.

    It is no more than a step newer than what was heard: should the venue ever tell of a bet, then
    that is newer.

    Args:
        client_id: our name for it.
        bound_ms: from then on it could not become one.
        heard: the newest report; None when that is not known. All of them are older than the bound.
    """
    return OrderReport(
        client_id=client_id,
        sequence=heard.sequence + 1 if heard else bound_ms * STAGES,
        time_ms=bound_ms,
        status=OrderStatus.CANCELLED,
        final=True,
        code="EXPIRED",
        reason="its signature has expired, and there is no bet of it",
    )


def stands_finally(report: OrderReport) -> OrderReport:
    """Return the report of a fill that was final before and that nothing speaks against."""
    sequence = report.sequence // STAGES * STAGES + _FINALLY
    return msgspec.structs.replace(report, final=True, sequence=max(report.sequence, sequence))


_STATUS = {
    Standing.UNDER_WAY: OrderStatus.OPEN,
    Standing.ACCEPTED: OrderStatus.FILLED,
    Standing.SETTLED: OrderStatus.FILLED,
    Standing.REFUSED: OrderStatus.REFUSED,
    Standing.VOIDED: OrderStatus.REVERSED,
}
_ENDS = {
    Standing.SETTLED: _SETTLED,
    Standing.REFUSED: _REFUSED,
    Standing.VOIDED: _VOIDED,
}


def _stage(row: Row, standing: Standing, *, final: bool) -> int:
    if standing in _ENDS:
        return _ENDS[standing]
    if standing is Standing.UNDER_WAY:
        return UNDER_WAY.get(row.state, _UNHEARD_OF)
    return _FINALLY if final else _ACCEPTED.get(row.state, _UNHEARD_OF_BET)


def _leg(leg: Mapping[str, Any]) -> tuple[str, str]:
    return text_of(leg.get("conditionId")), text_of(leg.get("outcomeId"))


def _is_sold(given: Mapping[str, Any], meta: Mapping[str, Any]) -> bool | None:
    """What the venue knows of a sale comes from its index of the chain, which may lag behind."""
    said = meta.get("isCashedOut")
    if said is True or fields_of(meta.get("cashout")):
        return True
    if given.get("redeemedAt") is not None and given.get("result") is None:
        return True  # paid out before there was a result
    return False if said is False else None


def _time_ms(given: Mapping[str, Any], *names: str) -> int:
    for name in names:
        try:
            moment = datetime.fromisoformat(text_of(given.get(name)))
        except ValueError:
            continue
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0, (zoned - _EPOCH) // timedelta(milliseconds=1))
    return 0
