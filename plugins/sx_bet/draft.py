"""
An order in the exchange's terms.

Everything in it follows from the order, the settings and the metadata. So whoever has the order has
its id too: also a process that never placed it.
"""

import hashlib
import re
from typing import Any

import msgspec

from xarb_runtime.domain.orders import Order, Selection

from .odds import limit_of, to_units
from .signing import Message, digest
from .terms import Terms

ONE, TWO = "one", "two"

_MARKET = re.compile(r"0x[0-9a-f]{64}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_READABLE = 40
_SALT = b"xarb sx_bet order "


class UnsendableError(ValueError):
    """
    An order that this exchange has no words for. Nothing was sent, now or ever.

    Attributes:
        code: what is wrong, in capitals.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order in the exchange's terms.

    Attributes:
        id: the exchange's id, which is the digest that is signed.
        client_order_id: the other name it can be found by.
        message: what is signed.
        decimals: places of the currency.
    """

    id: str
    client_order_id: str
    message: Message
    decimals: int = 6

    @property
    def expires_ms(self) -> int:
        """When the signature expires."""
        return self.message.expiry * 1000

    def row(self, signature: str, time_in_force: str) -> dict[str, Any]:
        """Return the order as it is sent."""
        message = self.message
        return {
            "marketHash": message.market,
            "maker": message.maker,
            "baseToken": message.token,
            "totalBetSize": str(message.stake),
            "percentageOdds": str(message.odds),
            "salt": f"0x{message.salt:064x}",
            "expiry": message.expiry,
            "isMakerBettingOutcomeOne": message.on_one,
            "timeInForce": time_in_force,
            "orderSignature": signature,
            "clientOrderId": self.client_order_id,
        }


def market_of(selection: Selection) -> str:
    """
    Return the market's hash.

    Raises:
        UnsendableError: the selection is not one of this exchange.
    """
    market = selection.market.lower()
    if not _MARKET.fullmatch(market) or selection.outcome not in {ONE, TWO}:
        expected = "a market of 0x and 64 hexadecimal digits, and outcome one or two"
        found = f"{selection.market}, {selection.outcome}"
        raise UnsendableError("BAD_SELECTION", f"expected {expected}, found {found}")
    return market


def draft(order: Order, terms: Terms, maker: str, margin_ms: int) -> Draft:
    """
    Return an order in the exchange's terms. The limit is never worse than the order's `min_odds`.

    Args:
        order: the order.
        terms: what the exchange says at present.
        maker: the account.
        margin_ms: how long the signature outlives the order's own `expires_ms`.

    Raises:
        UnsendableError: the order cannot be said in these terms.
    """
    market = market_of(order.selection)
    if order.min_odds <= 0 or order.stake <= 0:
        raise UnsendableError("BAD_ORDER", "expected a stake and odds above 0")
    odds = limit_of(order.min_odds, terms.step)
    if odds <= 0:
        raise UnsendableError("ODDS_TOO_LONG", f"the ladder has no price at {order.min_odds}")
    message = Message(
        market=market,
        token=terms.token,
        stake=to_units(order.stake, terms.decimals),
        odds=odds,
        salt=_salt(order.client_id),
        expiry=-(-(order.expires_ms + margin_ms) // 1000),
        maker=maker,
        on_one=order.selection.outcome == ONE,
    )
    return Draft(
        id="0x" + digest(terms.domain, message).hex(),
        client_order_id=client_order_id(order.client_id),
        message=message,
        decimals=terms.decimals,
    )


def client_order_id(client_id: str) -> str:
    """Return a client id in the letters that the exchange takes: readable, and still unique."""
    readable = _UNSAFE.sub("_", client_id)[:_READABLE]
    return f"{readable}-{hashlib.sha256(client_id.encode()).hexdigest()[:16]}"


def _salt(client_id: str) -> int:
    return int.from_bytes(hashlib.sha256(_SALT + client_id.encode()).digest(), "big")
