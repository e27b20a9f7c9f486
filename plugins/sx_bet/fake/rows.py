"""
Rows as readers get them: orders, fills, trades, positions, balances, books, markets.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

from .model import Account, Fill, FillState, Market, Order, Row
from .odds import WHOLE, blended, taker_room

_VERSION_DIGITS = 23
#: Why the engine drops an order, and why an order is inactive, as far as there are words for it.
_CANCEL_REASONS = (
    "NO_LIQUIDITY",
    "INTERNAL_ERROR",
    "ENGINE_SHUTDOWN",
    "EXPIRED",
    "INSUFFICIENT_BALANCE",
)
_INACTIVE_REASONS = (
    "FILLED",
    "USER_REQUESTED",
    "EXPIRED",
    "NO_LIQUIDITY",
    "INSUFFICIENT_BALANCE",
    "EVENT_LIFECYCLE",
    "MARKET_HALTED",
    "HEARTBEAT_TIMEOUT",
    "SYSTEM",
)
#: What is said of several fills together: the first of these that one of them has.
_BY_WEIGHT = (FillState.MATCHED, FillState.LOCKED, FillState.SETTLED, FillState.FAILED)


def iso(moment_ms: int) -> str:
    """Return a moment as text."""
    text = datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def order_row(order: Order, event: str) -> Row:
    """Return an order."""
    return {
        "id": order.id,
        "clientOrderId": order.client_id,
        "marketHash": order.market,
        "userAddress": order.account.address,
        "wallet": order.account.proxy,
        "isBettingOutcomeOne": order.on_one,
        "percentageOdds": str(order.odds),
        "totalBetSize": str(order.stake),
        "remainingSize": str(order.remaining),
        "expiry": order.expiry,
        "status": order.state.value,
        "inactiveReason": _inactive_reason(order.reason),
        "eventId": event,
        "createdAt": iso(order.created_ms),
        "updatedAt": iso(order.updated_ms),
    }


def _inactive_reason(reason: str | None) -> str | None:
    return reason if reason is None or reason in _INACTIVE_REASONS else "SYSTEM"


def outcome_row(order: Order) -> Row:
    """Return what became of an order on its arrival."""
    if order.fate.forgets or not order.decided.is_set():
        return {"state": "TIMEOUT"}
    row: Row = {
        "state": order.decision,
        "remainingAmount": str(order.remaining),
        "fillAmount": str(order.filled),
        "blendedOdds": str(blended((fill.stake, fill.pot) for fill in order.fills)),
        "matchIds": [fill.match for fill in order.fills],
    }
    if order.fills:
        row["tradeId"] = order.fills[0].trade
    if order.decision == "CANCELLED":
        why = order.decision_reason
        row["cancelReason"] = why if why in _CANCEL_REASONS else "INTERNAL_ERROR"
    return row


def fill_row(fill: Fill) -> Row:
    """Return a fill."""
    order = fill.order
    return {
        "id": fill.id,
        "matchId": fill.match,
        "orderId": order.id,
        "tradeId": fill.trade,
        "marketHash": order.market,
        "isParlay": False,
        "userAddress": order.account.address,
        "wallet": order.account.proxy,
        "fillAmount": str(fill.stake),
        "fillOdds": str(fill.odds),
        "returnAmount": str(fill.pot),
        "isBettingOutcomeOne": order.on_one,
        "isMaker": fill.is_maker,
        "status": fill.state.value,
        "txHash": fill.transaction,
        "ceRefundAmount": "0",
        "ceRefundFeeAmount": "0",
        "usedBetCredits": False,
        "createdAt": iso(fill.created_ms),
        "updatedAt": iso(fill.updated_ms),
        "settlement": _settlement([fill]),
    }


def _settlement(fills: list[Fill]) -> Row | None:
    settled = [fill for fill in fills if fill.state is FillState.SETTLED]
    if not settled:
        return None
    return {
        "outcome": settled[0].outcome,
        "settleReturnAmount": str(sum(fill.paid for fill in settled)),
        "settleFeeAmount": str(sum(fill.fee for fill in settled)),
        "settleCeRefundAmount": "0",
        "settleDate": iso(settled[-1].updated_ms),
    }


def trades_of(fills: Iterable[Fill]) -> list[list[Fill]]:
    """Return fills grouped by trade, in the order of the trades' first fills."""
    in_order = list(fills)
    first = {fill.trade: number for number, fill in reversed(list(enumerate(in_order)))}
    in_order.sort(key=lambda fill: first[fill.trade])
    return [list(group) for _, group in groupby(in_order, key=lambda fill: fill.trade)]


def common_state(fills: list[Fill]) -> FillState:
    """Return what is said of several fills together."""
    states = {fill.state for fill in fills}
    return next(state for state in _BY_WEIGHT if state in states)


def trade_row(fills: list[Fill]) -> Row:
    """Return the fills of one trade, as their owner sees them."""
    return {
        "tradeId": fills[0].trade,
        "marketHash": fills[0].order.market,
        "isBettingOutcomeOne": fills[0].order.on_one,
        **_sums(fills),
        "status": common_state(fills).value,
        "settlement": _settlement(fills),
    }


def _sums(fills: list[Fill]) -> Row:
    return {
        "totalStake": str(sum(fill.stake for fill in fills)),
        "totalReturn": str(sum(fill.pot for fill in fills)),
        "weightedAverageOdds": str(blended((fill.stake, fill.pot) for fill in fills)),
        "betTime": iso(fills[0].created_ms),
    }


def public_trade_row(fills: list[Fill], market: Market) -> Row:
    """Return the fills of one trade, as everybody sees them."""
    about, order = market.settings, fills[0].order
    return {
        "tradeId": fills[0].trade,
        "marketHash": about.hash,
        "eventId": about.event,
        "type": about.type,
        "sportId": about.sport,
        "leagueLabel": _league(about.league),
        "teamOneName": about.outcome_one,
        "teamTwoName": about.outcome_two,
        "outcomeLabel": about.outcome_one if order.on_one else about.outcome_two,
        "isBettingOutcomeOne": order.on_one,
        "isParlay": False,
        **_sums(fills),
        "gameTime": market.game_s,
    }


def position_row(fills: list[Fill], market: Market, *, with_profit: bool) -> Row:
    """Return what an account has at stake in a market."""
    on_one = [fill for fill in fills if fill.order.on_one]
    on_two = [fill for fill in fills if not fill.order.on_one]
    stake = sum(fill.stake for fill in fills)
    if_one = sum(fill.pot for fill in on_one) - stake
    if_two = sum(fill.pot for fill in on_two) - stake
    paid = sum(fill.paid for fill in fills)
    return {
        "marketHash": market.settings.hash,
        "market": market_row(market),
        "totalStake": str(stake),
        "maxWin": str(max(if_one, if_two)),
        "maxLoss": str(min(if_one, if_two)),
        "isOutcomeOneMaxWin": if_one >= if_two,
        "odds": {
            "outcomeOne": str(blended((fill.stake, fill.pot) for fill in on_one)),
            "outcomeTwo": str(blended((fill.stake, fill.pot) for fill in on_two)),
        },
        "pnl": str(paid - stake) if with_profit else None,
        "tradeCount": len(trades_of(fills)),
        "betTime": iso(fills[0].created_ms),
        "updatedAt": iso(max(fill.updated_ms for fill in fills)),
    }


def balance_row(account: Account, token: str, escrow: str) -> Row:
    """Return an account's money. What is matched is on its way from the wallet to the escrow."""
    return {
        "userAddress": account.address,
        "wallet": account.proxy,
        "tokenAddress": token,
        "escrowAddress": escrow,
        "availableAmount": str(account.available),
        "pendingAvailableAmount": str(-account.matched),
        "escrowedAmount": str(account.escrowed),
        "pendingEscrowAmount": str(account.matched),
    }


def levels(market: Market, *, on_one: bool) -> list[tuple[int, int]]:
    """Return (odds, size) of what rests on an outcome, best first."""
    sizes: dict[int, int] = {}
    for order in market.orders:
        if order.on_one == on_one:
            sizes[order.odds] = sizes.get(order.odds, 0) + order.remaining
    return sorted(sizes.items(), reverse=True)


def book_row(market: Market, *, takers: bool = False) -> Row:
    """Return a book: what rests on each outcome; for takers: what they may bet on each outcome."""
    sides: dict[bool, list[Row]] = {}
    for on_one in (True, False):
        if takers:
            opposite = levels(market, on_one=not on_one)
            found = [(WHOLE - odds, taker_room(size, odds)) for odds, size in opposite]
        else:
            found = levels(market, on_one=on_one)
        sides[on_one] = [{"percentageOdds": str(odds), "size": str(size)} for odds, size in found]
    return {
        "marketHash": market.settings.hash,
        "outcomeOne": sides[True],
        "outcomeTwo": sides[False],
        "version": str(market.version).zfill(_VERSION_DIGITS),
    }


def best_row(market: Market) -> Row:
    """Return the best level of both outcomes."""
    book = book_row(market)
    best = {side: (book[side] or [None])[0] for side in ("outcomeOne", "outcomeTwo")}
    return {"marketHash": market.settings.hash, **best}


def _league(league: int) -> str:
    return f"League {league}"


def market_row(market: Market) -> Row:
    """Return a market."""
    about = market.settings
    row: Row = {
        "status": "ACTIVE" if market.active else "INACTIVE",
        "marketHash": about.hash,
        "outcomeOneName": about.outcome_one,
        "outcomeTwoName": about.outcome_two,
        "outcomeVoidName": "NO_CONTEST",
        "teamOneName": about.outcome_one,
        "teamTwoName": about.outcome_two,
        "type": about.type,
        "gameTime": market.game_s,
        "sportXeventId": about.event,
        "liveEnabled": True,
        "sportLabel": f"Sport {about.sport}",
        "sportId": about.sport,
        "leagueId": about.league,
        "leagueLabel": _league(about.league),
        "mainLine": True,
        "isQuarterLineMarket": False,
    }
    if about.line is not None:
        row["line"] = about.line
    if market.outcome is not None:
        row |= {"reportedDate": market.settled_s, "outcome": market.outcome}
    return row
